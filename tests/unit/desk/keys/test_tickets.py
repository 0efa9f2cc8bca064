"""Tickets: collected once, by one person, in time; and keys that nobody saw."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.keys.collecting import MORE_TIME, UNSEEN_AFTER, mark_revealed, mint_for_ticket, return_unseen, sweep_tickets
from desk.keys.tickets import (
    check_collection,
    list_collectable,
    make_ticket,
    withdraw_tickets_for,
    withdraw_tickets_of,
)
from desk.requests.terms import Extent
from desk.transaction import Desk
from storage.models import ApiKey, AuditEvent, KeyRequest, KeyStatus, Member, Revision, Ticket, TicketStatus
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, add_key, add_use
from tests.unit.desk.stage import SWEEP, Stage, set_stage


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _revision(stage: Stage) -> int:
    return stage.fresh(Revision, "keys").value


def test_collecting_makes_the_key_that_was_granted(stage: Stage, clock: HeldClock) -> None:
    """The key is what owners granted; its life begins when it is collected; only its SHA-256 is kept."""
    request = stage.ask(lifetime_days=365)
    stage.approve(request, narrower=Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=30))
    (ticket,) = stage.all(Ticket)
    clock.advance(days=2)
    before = _revision(stage)
    key, secret = stage.mint(ticket)

    kept = stage.fresh(ApiKey, key.id)
    assert (kept.name, kept.purpose, kept.holder_id) == ("terraform prod", "We automate the page.", MIA)
    assert (kept.scopes, kept.pages) == (["read"], [stage.page.id])
    assert kept.expires_at == clock.now() + timedelta(days=30)
    assert (kept.sha256, kept.start) == (secret.sha256, secret.reveal()[:7])
    assert kept.revealed_at is None
    assert stage.fresh(Ticket, ticket.id).status == TicketStatus.COLLECTED
    assert _revision(stage) == before + 1
    assert stage.actions(key.id) == ["key.minted"]


def test_no_secret_is_written_down(stage: Stage) -> None:
    """Neither the audit trail nor any message holds the secret."""
    key, secret = stage.mint(stage.ticket())
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    recorded = [str(event.data) for event in stage.all(AuditEvent)]
    assert recorded
    assert not any(secret.reveal() in data for data in recorded)


def test_only_the_collector_collects(stage: Stage) -> None:
    """Neither another member nor an owner gets somebody's key; the ticket still waits."""
    ticket = stage.ticket()
    for other in (MAX, OLIVIA):
        with pytest.raises(NotAllowedError, match="Only Mia can collect"):
            stage.mint(ticket, other)
    assert stage.fresh(Ticket, ticket.id).status == TicketStatus.WAITING


def test_a_key_is_collected_once(stage: Stage, clock: HeldClock) -> None:
    """The second attempt is told when it was collected, and makes no key."""
    ticket = stage.ticket()
    key, _ = stage.mint(ticket)
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    clock.advance(seconds=5)
    with pytest.raises(ConflictError, match=r"You collected this key 5 seconds ago.*rotate"):
        stage.mint(ticket)
    assert len(stage.all(ApiKey)) == 1


def test_a_key_that_is_not_confirmed_yet_says_when_to_try_again(stage: Stage) -> None:
    """While it is not known whether the key was seen, a second attempt is told to wait rather than to rotate."""
    ticket = stage.ticket()
    stage.mint(ticket)
    with pytest.raises(ConflictError, match="press again in a few minutes"):
        stage.mint(ticket)


@pytest.mark.parametrize("change", [{"is_guest": True}, {"is_deleted": True}, {"is_foreign": True}])
def test_who_is_no_full_member_any_more_collects_nothing(stage: Stage, change: dict[str, bool]) -> None:
    """Somebody who became a guest, or was deactivated, is refused at the click."""
    ticket = stage.ticket()
    with stage.desk.database.write() as session:
        for name, value in change.items():
            setattr(session.get_one(Member, MIA), name, value)
    with pytest.raises(NotAllowedError, match="may not hold this key any more"):
        stage.mint(ticket)


def test_a_ticket_lapses(stage: Stage, clock: HeldClock) -> None:
    """At the end of its time a ticket can't be collected, before the sweep as after; it lapses once."""
    ticket = stage.ticket()
    clock.advance(days=3)
    with pytest.raises(ConflictError, match="not collected in time"):
        stage.mint(ticket)
    assert stage.do(SWEEP, sweep_tickets) == 1
    assert stage.do(SWEEP, sweep_tickets) == 0
    assert stage.fresh(Ticket, ticket.id).status == TicketStatus.LAPSED
    assert stage.actions(ticket.id) == ["ticket.made", "ticket.lapsed"]
    with pytest.raises(ConflictError, match="not collected in time"):
        stage.mint(ticket)


def test_what_a_leaver_has_not_collected_is_withdrawn(stage: Stage) -> None:
    """Only the leaver's waiting tickets are taken back, and the reason is what a later click is told."""
    mine, others = stage.ticket(), stage.ticket(MAX)
    assert stage.do(SWEEP, partial(withdraw_tickets_of, user_id=MIA, reason="Mia left the workspace.")) == 1
    assert stage.fresh(Ticket, mine.id).status == TicketStatus.WITHDRAWN
    assert stage.fresh(Ticket, others.id).status == TicketStatus.WAITING
    with pytest.raises(ConflictError, match="Mia left the workspace"):
        stage.mint(mine)


def test_unknown_tickets_are_not_found(stage: Stage) -> None:
    """A button of a ticket that does not exist gets a sentence that says so."""
    with pytest.raises(NotFoundError):
        stage.see(MIA, partial(check_collection, ticket_id="nosuchticket"))


def test_if_who_was_to_answer_for_it_left_the_collector_does(stage: Stage) -> None:
    """A holder who left between approval and collection is replaced by who collects."""
    ticket = stage.ticket(MIA, holder_id=MAX)
    with stage.desk.database.write() as session:
        session.get_one(Member, MAX).is_deleted = True
    assert stage.mint(ticket)[0].holder_id == MIA


def test_who_answers_for_somebody_elses_key_is_told_once(stage: Stage) -> None:
    """The holder hears of the key when its secret has reached the collector, not before."""
    key, _ = stage.mint(stage.ticket(MIA, holder_id=MAX))
    assert stage.shown("request.holder_named") == []
    for _ in range(2):
        assert stage.do(MIA, partial(mark_revealed, key_id=key.id))
    assert [note.conversation for note in stage.shown("request.holder_named")] == [MAX]
    assert stage.actions(key.id) == ["key.minted", "key.revealed"]


def test_only_its_collector_confirms_a_key(stage: Stage) -> None:
    """Nobody else can say that they have seen a key."""
    key, _ = stage.mint(stage.ticket())
    with pytest.raises(NotAllowedError, match="Only Mia can collect this key"):
        stage.do(MAX, partial(mark_revealed, key_id=key.id))
    with pytest.raises(NotAllowedError, match="Only Mia can collect this key"):
        stage.do(MAX, partial(return_unseen, key_id=key.id))
    fresh = stage.fresh(ApiKey, key.id)
    assert (fresh.revealed_at, fresh.voided_at, fresh.status) == (None, None, KeyStatus.ACTIVE)
    assert not stage.do(MIA, partial(mark_revealed, key_id="nosuchkey000"))
    assert not stage.do(MIA, partial(return_unseen, key_id="nosuchkey000"))


class TestUnseen:
    """A key whose secret did not reach anybody."""

    def test_it_is_void_and_its_ticket_waits_again(self, stage: Stage) -> None:
        """The key never works again, the ticket makes another one, and the collector is told."""
        ticket = stage.ticket()
        key, _ = stage.mint(ticket)
        before = _revision(stage)
        assert stage.do(MIA, partial(return_unseen, key_id=key.id))

        void = stage.fresh(ApiKey, key.id)
        assert (void.status, void.voided_at) == (KeyStatus.REVOKED, stage.desk.clock.now())
        assert void.revoke_reason == "Its secret was not seen to arrive."
        assert _revision(stage) == before + 1
        waiting = stage.fresh(Ticket, ticket.id)
        assert (waiting.status, waiting.key_id, waiting.collected_at) == (TicketStatus.WAITING, None, None)
        assert [note.conversation for note in stage.shown("ticket.void")] == [MIA]
        assert stage.actions(ticket.id) == ["ticket.made", "ticket.collected", "ticket.returned"]

        second, _ = stage.mint(ticket)
        assert second.id != key.id
        assert stage.do(MIA, partial(mark_revealed, key_id=second.id))

    @both_databases
    def test_void_is_for_ever(self, stage: Stage) -> None:
        """A void key can't be confirmed afterwards, nor returned a second time."""
        key, _ = stage.mint(stage.ticket())
        stage.do(MIA, partial(return_unseen, key_id=key.id))
        assert not stage.do(MIA, partial(mark_revealed, key_id=key.id))
        assert not stage.do(MIA, partial(return_unseen, key_id=key.id))
        assert stage.fresh(ApiKey, key.id).status == KeyStatus.REVOKED

    def test_what_was_seen_is_never_returned(self, stage: Stage, clock: HeldClock) -> None:
        """A confirmed key stays, whoever says later that it was not seen."""
        key, _ = stage.mint(stage.ticket())
        stage.do(MIA, partial(mark_revealed, key_id=key.id))
        assert not stage.do(SWEEP, partial(return_unseen, key_id=key.id))
        clock.advance(UNSEEN_AFTER)
        assert stage.do(SWEEP, sweep_tickets) == 0
        assert stage.fresh(ApiKey, key.id).status == KeyStatus.ACTIVE

    def test_a_returned_ticket_has_time_left(self, stage: Stage, clock: HeldClock) -> None:
        """A failure in the last minute leaves a quarter of an hour to collect again."""
        ticket = stage.ticket()
        clock.advance(days=3, seconds=-1)
        key, _ = stage.mint(ticket)
        stage.do(MIA, partial(return_unseen, key_id=key.id))
        assert stage.fresh(Ticket, ticket.id).expires_at == clock.now() + MORE_TIME

    def test_the_sweep_returns_what_nobody_confirmed(self, stage: Stage, clock: HeldClock) -> None:
        """After a kill between making and showing, the sweep makes the key void, and not a moment too early."""
        key, _ = stage.mint(stage.ticket())
        clock.advance(UNSEEN_AFTER - timedelta(seconds=1))
        assert stage.do(SWEEP, sweep_tickets) == 0
        clock.advance(seconds=1)
        assert stage.do(SWEEP, sweep_tickets) == 1
        assert stage.do(SWEEP, sweep_tickets) == 0
        assert stage.fresh(ApiKey, key.id).voided_at == clock.now()
        assert [note.conversation for note in stage.shown("ticket.void")] == [MIA]

    @pytest.mark.parametrize("use", [{"reads": 1}, {"writes": 1}, {"refused": 1}])
    def test_a_key_that_was_used_was_seen(self, stage: Stage, clock: HeldClock, use: dict[str, int]) -> None:
        """Whoever calls with a key has seen it, even if the call was refused: the sweep confirms it."""
        key, _ = stage.mint(stage.ticket())
        with stage.desk.database.write() as session:
            add_use(session, session.get_one(ApiKey, key.id), **use)
        clock.advance(UNSEEN_AFTER)
        assert stage.do(SWEEP, sweep_tickets) == 1
        kept = stage.fresh(ApiKey, key.id)
        assert (kept.status, kept.revealed_at) == (KeyStatus.ACTIVE, clock.now())

    def test_imported_keys_are_left_alone(self, stage: Stage, clock: HeldClock) -> None:
        """A key that no ticket made needs no confirmation."""
        with stage.desk.database.write() as session:
            key = add_key(session, clock.now(), revealed_at=None)
        clock.advance(days=1)
        assert stage.do(SWEEP, sweep_tickets) == 0
        assert stage.fresh(ApiKey, key.id).status == KeyStatus.ACTIVE


class TestRotation:
    """Tickets for the successor of a key."""

    @pytest.fixture
    def old(self, stage: Stage, clock: HeldClock) -> ApiKey:
        """Max's key, with ten days left."""
        with stage.desk.database.write() as session:
            return add_key(
                session,
                clock.now(),
                name="ci",
                holder_id=MAX,
                pages=[stage.page.id],
                expires_at=clock.now() + timedelta(days=10),
            )

    def _ticket(self, stage: Stage, old: ApiKey, **values: Any) -> Ticket:
        return stage.do(OLIVIA, partial(make_ticket, collector_id=MAX, predecessor_id=old.id, **values))

    def test_a_successor_is_the_same_with_a_new_secret(self, stage: Stage, old: ApiKey, clock: HeldClock) -> None:
        """Name, scopes, pages, holder and expiry are the predecessor's."""
        clock.advance(days=1)
        key, secret = stage.mint(self._ticket(stage, old), MAX)
        same = ("name", "purpose", "scopes", "pages", "holder_id", "expires_at")
        assert [getattr(key, name) for name in same] == [getattr(old, name) for name in same]
        assert (key.predecessor_id, key.sha256) == (old.id, secret.sha256)
        assert key.sha256 != old.sha256

    def test_an_expiry_beyond_policy_is_capped(self, stage: Stage, old: ApiKey, clock: HeldClock) -> None:
        """A successor never lives longer than policy's maximum, even if its predecessor does."""
        short = Stage(
            replace(stage.desk, policy=replace(stage.desk.policy, maximum_lifetime=timedelta(days=5))), stage.page
        )
        assert short.mint(self._ticket(short, old), MAX)[0].expires_at == clock.now() + timedelta(days=5)

    def test_the_grace_period_begins_when_the_new_key_was_seen(
        self, stage: Stage, old: ApiKey, clock: HeldClock
    ) -> None:
        """The old key is untouched until its successor has reached somebody; then it has its grace period left."""
        key, _ = stage.mint(self._ticket(stage, old), MAX)
        assert stage.fresh(ApiKey, old.id).retires_at is None
        stage.do(MAX, partial(mark_revealed, key_id=key.id))
        assert stage.fresh(ApiKey, old.id).retires_at == clock.now() + timedelta(hours=24)
        assert stage.actions(old.id) == ["key.rotated"]

    @pytest.mark.parametrize(
        ("grace", "works_for"),
        [
            (timedelta(), timedelta()),
            (timedelta(hours=2), timedelta(hours=2)),
            (timedelta(days=60), timedelta(days=10)),
            (timedelta(days=-1), timedelta()),
        ],
    )
    def test_grace_ends_with_the_old_keys_own_expiry(
        self, stage: Stage, old: ApiKey, clock: HeldClock, grace: timedelta, works_for: timedelta
    ) -> None:
        """The old key works for its grace period, at most to its own expiry."""
        key, _ = stage.mint(self._ticket(stage, old, grace=grace), MAX)
        stage.do(MAX, partial(mark_revealed, key_id=key.id))
        assert stage.fresh(ApiKey, old.id).retires_at == clock.now() + works_for

    def test_grace_is_at_most_policys(self, stage: Stage, clock: HeldClock) -> None:
        """However long a grace period is wished for, policy's maximum holds."""
        with stage.desk.database.write() as session:
            old = add_key(session, clock.now(), holder_id=MAX)
        key, _ = stage.mint(self._ticket(stage, old, grace=timedelta(days=80)), MAX)
        stage.do(MAX, partial(mark_revealed, key_id=key.id))
        assert stage.fresh(ApiKey, old.id).retires_at == clock.now() + timedelta(days=30)

    def test_an_unseen_successor_leaves_the_old_key_as_it_was(self, stage: Stage, old: ApiKey) -> None:
        """When the new secret reached nobody, the old key works on without end of grace."""
        key, _ = stage.mint(self._ticket(stage, old), MAX)
        stage.do(MAX, partial(return_unseen, key_id=key.id))
        kept = stage.fresh(ApiKey, old.id)
        assert (kept.status, kept.retires_at) == (KeyStatus.ACTIVE, None)

    def test_one_rotation_at_a_time(self, stage: Stage, old: ApiKey, clock: HeldClock) -> None:
        """While a successor waits, and once it was seen, the key is not rotated again."""
        ticket = self._ticket(stage, old)
        clock.advance(minutes=2)
        with pytest.raises(ConflictError, match=r"rotated 2 minutes ago. Its new secret waits for Max"):
            self._ticket(stage, old)
        key, _ = stage.mint(ticket, MAX)
        stage.do(MAX, partial(mark_revealed, key_id=key.id))
        with pytest.raises(ConflictError, match="rotated already"):
            self._ticket(stage, old)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"status": KeyStatus.REVOKED}, "was revoked"),
            ({"status": KeyStatus.SUSPENDED}, "is suspended"),
        ],
    )
    def test_what_does_not_work_is_not_continued(
        self, stage: Stage, old: ApiKey, change: dict[str, Any], words: str
    ) -> None:
        """A key that was revoked or suspended meanwhile has no successor, and is not rotated anew."""
        ticket = self._ticket(stage, old)
        with stage.desk.database.write() as session:
            for name, value in change.items():
                setattr(session.get_one(ApiKey, old.id), name, value)
        with pytest.raises(ConflictError, match=words):
            stage.mint(ticket, MAX)
        with pytest.raises(ConflictError, match=words):
            self._ticket(stage, old)

    def test_a_rotation_waits_no_longer_than_the_old_key_lives(self, stage: Stage, clock: HeldClock) -> None:
        """A key about to expire is rotated in time or not at all."""
        with stage.desk.database.write() as session:
            old = add_key(session, clock.now(), holder_id=MAX, expires_at=clock.now() + timedelta(hours=5))
        ticket = self._ticket(stage, old)
        assert ticket.expires_at == old.expires_at
        clock.advance(hours=5)
        with pytest.raises(ConflictError):
            stage.mint(ticket, MAX)

    def test_its_collector_gets_a_card_of_its_own(self, stage: Stage, old: ApiKey) -> None:
        """A rotation has no request, so its ticket is shown to who collects it."""
        ticket = self._ticket(stage, old)
        assert [(card.subject_id, card.conversation) for card in stage.shown("ticket.mine")] == [(ticket.id, MAX)]

    def test_revoking_the_old_key_takes_the_rotation_back(self, stage: Stage, old: ApiKey) -> None:
        """A waiting rotation of a key can be withdrawn by the key."""
        ticket = self._ticket(stage, old)
        assert stage.do(OLIVIA, partial(withdraw_tickets_for, key_id=old.id, reason="The key was revoked.")) == 1
        assert stage.fresh(Ticket, ticket.id).status == TicketStatus.WITHDRAWN

    def test_who_may_hold_no_keys_collects_no_successor(self, stage: Stage, old: ApiKey) -> None:
        """A rotation handed to somebody without the role `integrator` can't be collected by them."""
        strict = Stage(replace(stage.desk, policy=replace(stage.desk.policy, default_role=None)), stage.page)
        ticket = self._ticket(strict, old)
        with pytest.raises(NotAllowedError):
            strict.mint(ticket, MAX)


def test_requests_and_tickets_agree(stage: Stage) -> None:
    """A collected key knows its request, and the request its granted extent."""
    ticket = stage.ticket(INES)
    key, _ = stage.mint(ticket, INES)
    request = stage.fresh(KeyRequest, str(ticket.request_id))
    assert (key.request_id, key.scopes) == (request.id, request.granted_scopes)
    assert stage.do(INES, partial(mint_for_ticket, ticket_id=stage.ticket(INES).id))[0].id != key.id
    assert stage.see(OMAR, lambda tx: tx.session.get(ApiKey, key.id)) is not None


def test_what_waits_to_be_collected_is_listed_for_its_collector(stage: Stage, clock: HeldClock) -> None:
    """By urgency, with the key's name; not what was collected, lapsed or is somebody else's."""
    stage.mint(stage.ticket(name="collected"))
    stage.ticket(name="lapsed")
    clock.advance(days=4)
    first = stage.ticket(name="first")
    clock.advance(days=1)
    second = stage.ticket(name="second")
    stage.ticket(MAX, name="another's")
    listed = stage.see(MIA, list_collectable)
    assert [(ticket.id, name) for ticket, name in listed] == [(first.id, "first"), (second.id, "second")]
    with stage.desk.database.write() as session:
        session.get_one(Member, MIA).is_guest = True
    assert stage.see(MIA, list_collectable) == []
