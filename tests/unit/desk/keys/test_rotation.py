"""Rotation against everything that may happen to the key meanwhile."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from desk.errors import ConflictError, InvalidInputError, KeydeskError, NotAllowedError
from desk.keys.changes import extend_key, revoke_key, suspend_key, transfer_key
from desk.keys.collecting import mark_revealed, mint_for_ticket, return_unseen, sweep_tickets
from desk.keys.rotation import asks_first, begin_rotation
from desk.keys.rules import KeyState, state_of
from desk.keys.sweep import sweep_keys
from desk.keys.takeovers import decide_takeover
from desk.policy import Takeover
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    ApiKey,
    AuditEvent,
    Delivery,
    DeliveryStatus,
    Grant,
    KeyStatus,
    Member,
    Role,
    SlackMessage,
    Ticket,
    TicketStatus,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import (
    GUS,
    MAX,
    MIA,
    OLIVIA,
    add_grant,
    add_key,
    add_member,
    add_owner,
    add_page,
    add_request,
    add_ticket,
)

OWNER, HOLDER, SWEEP = Actor.member(OLIVIA), Actor.member(MIA), Actor.job(JobName.SWEEP)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def people(desk: Desk) -> None:
    """An owner, two members and a guest."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MIA, NOW, name="Mia")
        add_member(session, MAX, NOW, name="Max")
        add_member(session, GUS, NOW, name="Gus", is_guest=True)


@pytest.fixture
def key_id(desk: Desk) -> str:
    """A key of Mia's."""
    with desk.database.write() as session:
        return add_key(session, NOW).id


def collect(desk: Desk, ticket_id: str, actor: Actor = HOLDER) -> str:
    """Collect a ticket's key and confirm that it was seen."""
    key_id = desk.write_now(actor, lambda tx: mint_for_ticket(tx, ticket_id)[0].id)
    desk.write_now(actor, lambda tx: mark_revealed(tx, key_id))
    return key_id


CARRIED = {
    *("organization_id", "name", "purpose", "scopes", "pages", "holder_id", "request_id", "expires_at"),
    *("kept_until", "kept_by", "keep_reason", "components", "networks"),
}
"""What was decided for a key and so holds for its successor."""
OWN = {
    *("id", "version", "revision", "status", "sha256", "start", "ticket_id", "predecessor_id", "created_at"),
    *("created_by", "is_imported", "extended_at", "expiry_said_days", "revealed_at", "voided_at", "retires_at"),
    *("suspended_at", "suspended_by", "suspend_reason", "revoked_at", "revoked_by", "revoke_reason"),
}
"""What is each key's own: what it is recognised by, its way to its collector, what was said of it, and its end."""


def test_a_successor_has_all_that_was_decided(desk: Desk, clock: HeldClock) -> None:
    """Every column of a key is either carried over by a rotation or named as the key's own; none is forgotten."""
    assert {column.key for column in ApiKey.__table__.columns} == CARRIED | OWN
    with desk.database.write() as session:
        page = add_page(session, NOW)
        request = add_request(session, NOW)
        old = add_key(
            session,
            NOW,
            name="deploy",
            purpose="Deploys",
            scopes=["read", "incidents:write"],
            pages=[page.id],
            components=["c00000000001"],
            networks=["10.0.0.0/8"],
            request_id=request.id,
            expires_at=NOW + timedelta(days=50),
            kept_until=NOW + timedelta(days=40),
            kept_by=f"member:{OLIVIA}",
            keep_reason="Used once a year.",
        )
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, old.id))
    clock.advance(hours=1)
    new_id = collect(desk, ticket.id)
    with desk.database.read() as session:
        new, old = session.get_one(ApiKey, new_id), session.get_one(ApiKey, old.id)
        assert {name: getattr(new, name) for name in CARRIED} == {name: getattr(old, name) for name in CARRIED}
        assert None not in {name: getattr(old, name) for name in CARRIED}.values()


def working(desk: Desk) -> list[ApiKey]:
    """Keys that work now."""
    with desk.database.read() as session:
        keys = session.scalars(select(ApiKey)).all()
    return [key for key in keys if state_of(key, desk.clock.now()) is KeyState.ACTIVE]


def test_both_work_until_the_grace_period_ends(desk: Desk, key_id: str, clock: HeldClock) -> None:
    """Nothing happens to the old key before its successor was collected; afterwards it has the grace period."""
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id, 2 * HOUR))
    clock.advance(hours=5)
    assert [key.id for key in working(desk)] == [key_id]
    new_id = collect(desk, ticket.id)
    assert {key.id for key in working(desk)} == {key_id, new_id}
    clock.advance(hours=2)
    assert [key.id for key in working(desk)] == [new_id]
    assert desk.write_now(Actor.job(JobName.SWEEP), sweep_keys) == 1


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_graces_that_cannot_be(desk: Desk, key_id: str, grace: timedelta) -> None:
    """A grace period is neither negative nor longer than policy allows."""
    with pytest.raises(InvalidInputError) as refusal:
        desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id, grace))
    assert refusal.value.field == "grace"


def test_a_rotation_waits_for_as_long_as_its_key_lives(desk: Desk, clock: HeldClock) -> None:
    """A key that is extended while its successor waits takes along how long that can be collected."""
    with desk.database.write() as session:
        key_id = add_key(session, NOW, expires_at=NOW + 24 * HOUR).id
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    assert ticket.expires_at == NOW + 24 * HOUR
    desk.write_now(OWNER, lambda tx: extend_key(tx, key_id, NOW + timedelta(days=30)))
    clock.advance(days=2)
    desk.write_now(SWEEP, sweep_tickets)
    new_id = collect(desk, ticket.id)
    with desk.database.read() as session:
        assert session.get_one(ApiKey, new_id).expires_at == NOW + timedelta(days=30)
        changed = session.scalars(select(AuditEvent).where(AuditEvent.action == "ticket.changed")).one()
    assert changed.data["expires_at"] == (NOW + desk.policy.ticket_lapses_after).isoformat()


def test_a_shorter_grace_holds_for_what_waits(desk: Desk, key_id: str) -> None:
    """Where owners let old keys work on for less since, a rotation that waits says so, and does so."""
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id, timedelta(days=20)))
    ruled = replace(desk, policy=replace(desk.policy, maximum_rotation_grace=timedelta(days=2)))
    assert (ruled.write_now(SWEEP, sweep_tickets), ruled.write_now(SWEEP, sweep_tickets)) == (1, 0)
    with desk.database.read() as session:
        assert session.get_one(Ticket, ticket.id).grace_seconds == timedelta(days=2).total_seconds()
        changed = session.scalars(select(AuditEvent).where(AuditEvent.action == "ticket.changed")).one()
    assert changed.data == {"before": 20 * 86400, "grace_seconds": 2 * 86400}
    collect(ruled, ticket.id)
    with desk.database.read() as session:
        assert session.get_one(ApiKey, key_id).retires_at == NOW + timedelta(days=2)


def test_nobody_to_hand_it_to(desk: Desk) -> None:
    """A job or an operator cannot rotate a key that nobody answers for."""
    with desk.database.write() as session:
        orphan = add_key(session, NOW, holder_id=GUS).id
    with pytest.raises(ConflictError, match="Transfer it to somebody first"):
        desk.write_now(Actor.operator("ann"), lambda tx: begin_rotation(tx, orphan))


def test_a_transfer_takes_the_rotation_back(desk: Desk, key_id: str) -> None:
    """The former holder cannot collect the successor of a key that was transferred."""
    ticket = desk.write_now(OWNER, lambda tx: begin_rotation(tx, key_id))
    desk.write_now(OWNER, lambda tx: transfer_key(tx, key_id, MAX))
    with pytest.raises(KeydeskError):
        collect(desk, ticket.id)
    new = desk.write_now(OWNER, lambda tx: begin_rotation(tx, key_id))
    assert new.collector_id == MAX


def test_a_suspended_key_has_no_successor(desk: Desk, key_id: str) -> None:
    """A rotation that waits cannot be collected while the key is suspended: it would undo the suspension."""
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    desk.write_now(OWNER, lambda tx: suspend_key(tx, key_id, reason="leak"))
    with pytest.raises(ConflictError, match="suspended"):
        collect(desk, ticket.id)


def test_an_expired_rotation_can_be_begun_again(desk: Desk, key_id: str, clock: HeldClock) -> None:
    """A rotation that was never collected lapses; the key works on and can be rotated anew."""
    first = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    clock.advance(days=4)
    second = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    assert second.id != first.id
    collect(desk, second.id)


def race(*works: Callable[[], object]) -> list[object]:
    """Run each in a thread of its own, all let go at once; gives results or what was raised."""
    gate = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(index: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[index] = work()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@both_databases
@pytest.mark.parametrize("attempt", range(5))
def test_collecting_against_revoking(desk: Desk, attempt: int) -> None:
    """Whoever is first wins: either the successor exists, or the ticket is withdrawn and can never be collected."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
        ticket_id = add_ticket(session, NOW, predecessor_id=key.id, grace_seconds=3600).id

    def collect_it(tx: Transaction) -> str:
        return mint_for_ticket(tx, ticket_id)[0].id

    minted, revoked = race(
        lambda: desk.write_now(HOLDER, collect_it),
        lambda: desk.write_now(OWNER, lambda tx: revoke_key(tx, key.id, reason="leak").id),
    )
    assert revoked == key.id
    with desk.database.read() as session:
        assert session.get_one(ApiKey, key.id).status == KeyStatus.REVOKED
        ticket = session.get_one(Ticket, ticket_id)
        successors = session.scalars(select(ApiKey).where(ApiKey.predecessor_id == key.id)).all()
    if isinstance(minted, str):
        assert [one.id for one in successors] == [minted]
        assert ticket.status == TicketStatus.COLLECTED
    else:
        assert isinstance(minted, ConflictError)
        assert successors == []
        assert ticket.status == TicketStatus.WITHDRAWN


@both_databases
@pytest.mark.parametrize("attempt", range(5))
def test_rotating_against_revoking(desk: Desk, attempt: int) -> None:
    """However the two fall, a revoked key is left with no ticket that waits."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
    rotated, revoked = race(
        lambda: desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key.id).id),
        lambda: desk.write_now(OWNER, lambda tx: revoke_key(tx, key.id, reason="leak").id),
    )
    assert revoked == key.id
    assert isinstance(rotated, str | ConflictError)
    with desk.database.read() as session:
        waiting = select(Ticket).where(Ticket.predecessor_id == key.id, Ticket.status == TicketStatus.WAITING)
        assert session.scalars(waiting).all() == []


@both_databases
@pytest.mark.parametrize("attempt", range(3))
def test_two_owners_change_one_key(desk: Desk, attempt: int) -> None:
    """Of two who act on the same version exactly one wins, and the other is told what happened."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
    results = race(
        lambda: desk.write_now(OWNER, lambda tx: suspend_key(tx, key.id, reason="a", version=1)),
        lambda: desk.write_now(HOLDER, lambda tx: revoke_key(tx, key.id, reason="b", version=1)),
    )
    assert sorted(isinstance(result, ConflictError) for result in results) == [False, True]


@both_databases
def test_two_rotations_at_once_make_one_ticket(desk: Desk, key_id: str) -> None:
    """Two owners who rotate a key in the same instant make one ticket."""
    race(*[lambda: desk.write_now(OWNER, lambda tx: begin_rotation(tx, key_id))] * 4)
    with desk.database.read() as session:
        assert len(session.scalars(select(Ticket).where(Ticket.predecessor_id == key_id)).all()) == 1


def test_rotation_hands_nobody_a_key_for_pages_of_which_they_may_hold_none(desk: Desk, key_id: str) -> None:
    """A holder who is integrator of one page answers for a key to all pages; its new secret is not for them."""
    strict = replace(desk, policy=replace(desk.policy, default_role=None, key_takeover=Takeover.ANNOUNCE))
    with desk.database.write() as session:
        page = add_page(session, NOW)
        add_grant(session, MIA, Role.INTEGRATOR, NOW, page_id=page.id)
        narrow_id = add_key(session, NOW, name="narrow", pages=[page.id]).id
    with pytest.raises(ConflictError, match="Nobody who may hold it"):
        strict.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    assert strict.write_now(OWNER, lambda tx: begin_rotation(tx, key_id)).collector_id == OLIVIA
    assert strict.write_now(HOLDER, lambda tx: begin_rotation(tx, narrow_id)).collector_id == MIA


def test_roles_narrowed_after_a_rotation_began_count_at_its_collection(desk: Desk, key_id: str) -> None:
    """Who could hold keys to all pages when the rotation began, and now only to one, does not get the secret."""
    strict = replace(desk, policy=replace(desk.policy, default_role=None))
    with desk.database.write() as session:
        page = add_page(session, NOW)
        everywhere_id = add_grant(session, MIA, Role.INTEGRATOR, NOW).id
        add_grant(session, MIA, Role.INTEGRATOR, NOW, page_id=page.id)
    ticket = strict.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    with desk.database.write() as session:
        session.get_one(Grant, everywhere_id).ended_at = NOW
    with pytest.raises(NotAllowedError, match="may not hold this key"):
        strict.write_now(HOLDER, lambda tx: mint_for_ticket(tx, ticket.id))


@pytest.mark.parametrize(
    ("transferred_by", "actor_id", "needed", "is_takeover"),
    [
        (None, OLIVIA, 1, True),
        (OLIVIA, OLIVIA, 1, True),
        (MIA, OLIVIA, 1, False),
        (None, MIA, 1, False),
        (MIA, OLIVIA, 2, True),
        (MIA, MIA, 2, True),
        (MIA, MAX, 2, False),
        (OLIVIA, MAX, 2, True),
        (MIA, MAX, 3, True),
    ],
)
def test_how_many_stand_behind_a_takeover(
    transferred_by: str | None, actor_id: str, needed: int, is_takeover: bool
) -> None:
    """Whoever transferred the key to its collector and whoever rotates it count once each, the collector never."""
    assert decide_takeover(OLIVIA, transferred_by=transferred_by, actor_id=actor_id, needed=needed) is is_takeover


def _show(desk: Desk, key_id: str) -> tuple[str, str]:
    """A rotation of Mia's whose key is being shown: the ids of its ticket and of the new key."""
    ticket = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id))
    return ticket.id, desk.write_now(HOLDER, lambda tx: mint_for_ticket(tx, ticket.id)[0].id)


def _lose(desk: Desk, key_id: str) -> bool:
    return desk.write_now(Actor.job(JobName.SWEEP), lambda tx: return_unseen(tx, key_id))


@both_databases
@pytest.mark.parametrize("gone", ["deactivated", "a guest"])
def test_no_ticket_returns_to_somebody_who_is_gone(desk: Desk, key_id: str, gone: str) -> None:
    """Whoever left or became a guest while the window was open has nothing to collect afterwards."""
    ticket_id, new_id = _show(desk, key_id)
    with desk.database.write() as session:
        mia = session.get_one(Member, MIA)
        mia.is_deleted, mia.is_guest = gone == "deactivated", gone == "a guest"
    assert _lose(desk, new_id)
    assert _ticket(desk, ticket_id).status == TicketStatus.WITHDRAWN
    with desk.database.read() as session:
        told = session.scalars(select(SlackMessage.conversation).where(SlackMessage.kind == "ticket.void")).all()
    assert told == ([] if gone == "deactivated" else [MIA])


def _ticket(desk: Desk, ticket_id: str) -> Ticket:
    with desk.database.read() as session:
        return session.get_one(Ticket, ticket_id)


def test_no_ticket_returns_for_a_key_that_is_anothers_by_now(desk: Desk, key_id: str) -> None:
    """A key transferred while its successor was shown is not collected by its former holder, once that is void."""
    ticket_id, new_id = _show(desk, key_id)
    desk.write_now(OWNER, lambda tx: transfer_key(tx, key_id, MAX))
    assert _lose(desk, new_id)
    ticket = _ticket(desk, ticket_id)
    assert (ticket.status, ticket.end_reason) == (
        TicketStatus.WITHDRAWN,
        "Somebody else answers for the key now.",
    )
    assert desk.write_now(Actor.member(MAX), lambda tx: begin_rotation(tx, key_id)).collector_id == MAX


def test_a_successor_that_was_seen_has_the_holder_of_its_key(desk: Desk, key_id: str) -> None:
    """A key transferred while its successor was shown takes it along: nobody answers for half of it."""
    _, new_id = _show(desk, key_id)
    desk.write_now(OWNER, lambda tx: transfer_key(tx, key_id, MAX))
    assert desk.write_now(HOLDER, lambda tx: mark_revealed(tx, new_id))
    with desk.database.read() as session:
        assert {session.get_one(ApiKey, one).holder_id for one in (key_id, new_id)} == {MAX}
        named = session.scalars(select(SlackMessage).where(SlackMessage.kind == "request.holder_named")).one()
    assert named.conversation == MAX


@pytest.mark.parametrize("arrives", [True, False])
def test_a_successor_transferred_while_it_is_shown_takes_its_key_along(
    desk: Desk, key_id: str, arrives: bool
) -> None:
    """Whether its window arrives or not, whoever it was transferred to answers for what is left, and nobody else
    collects it."""
    ticket_id, new_id = _show(desk, key_id)
    desk.write_now(OWNER, lambda tx: transfer_key(tx, new_id, MAX))
    assert desk.write_now(HOLDER, lambda tx: mark_revealed(tx, new_id)) if arrives else _lose(desk, new_id)
    with desk.database.read() as session:
        assert {session.get_one(ApiKey, one).holder_id for one in (key_id, new_id)} == {MAX}
    assert _ticket(desk, ticket_id).status == (TicketStatus.COLLECTED if arrives else TicketStatus.WITHDRAWN)


def test_a_key_that_is_being_shown_is_not_rotated_beside_it(desk: Desk, key_id: str) -> None:
    """While a window shows a successor there is no second one; when it was lost, its ticket waits again, alone."""
    ticket_id, new_id = _show(desk, key_id)
    with pytest.raises(ConflictError, match="was rotated") as refusal:
        desk.write_now(OWNER, lambda tx: begin_rotation(tx, key_id))
    assert "is being shown to Mia" in refusal.value.hint
    assert _lose(desk, new_id)
    assert _ticket(desk, ticket_id).status == TicketStatus.WAITING


def test_of_two_tickets_one_returns(desk: Desk, key_id: str) -> None:
    """Where another ticket for a successor waits by then, the one whose window was lost does not come back."""
    ticket_id, new_id = _show(desk, key_id)
    with desk.database.write() as session:
        add_ticket(session, NOW, predecessor_id=key_id)
    assert _lose(desk, new_id)
    assert _ticket(desk, ticket_id).end_reason == "The key that it was to follow has a successor already."


@pytest.mark.parametrize(
    ("takeover", "holder_id", "asks"),
    [
        (Takeover.REQUEST, None, True),
        (Takeover.REQUEST, MIA, False),
        (Takeover.ANNOUNCE, None, False),
        (Takeover.ANNOUNCE, MIA, False),
    ],
)
def test_whether_a_rotation_asks_first(desk: Desk, takeover: Takeover, holder_id: str | None, asks: bool) -> None:
    """It does where policy wants a request and whoever would collect was never approved for the key."""
    ruled = replace(desk, policy=replace(desk.policy, key_takeover=takeover))
    with desk.database.write() as session:
        key = add_key(session, NOW, holder_id=holder_id)
    assert ruled.read_now(OWNER, lambda tx: asks_first(tx, key)) is asks


@both_databases
def test_a_key_that_is_revoked_while_its_window_is_open_is_collectable_no_more(desk: Desk, key_id: str) -> None:
    """Nobody will say whether its secret arrived, so its ticket's card is brought up to date at once."""
    ticket_id = desk.write_now(HOLDER, lambda tx: begin_rotation(tx, key_id, grace=HOUR).id)
    successor_id = desk.write_now(HOLDER, lambda tx: mint_for_ticket(tx, ticket_id)[0].id)
    with desk.database.write() as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.SENT))
    desk.write_now(OWNER, lambda tx: revoke_key(tx, successor_id, reason="Leaked."))
    drawn = select(SlackMessage.subject_id).join(Delivery, Delivery.subject == SlackMessage.id)
    with desk.database.read() as session:
        assert ticket_id in session.scalars(drawn.where(Delivery.status == DeliveryStatus.PENDING)).all()
