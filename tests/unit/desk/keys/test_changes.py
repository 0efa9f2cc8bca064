"""Changing API keys: what is stored, told and recorded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from desk.errors import ConflictError, InvalidInputError, KeydeskError, NotAllowedError, NotFoundError
from desk.keys.changes import CHANGED_NOTE, extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.lookup import get_key, get_key_by_word
from desk.keys.questions import ask_for_extension, ask_holder, decline_extension, keep_key, was_kept_since
from desk.keys.refusals import RecentlyUsedError
from desk.keys.rules import KeyState, state_of
from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction
from storage.models import ApiKey, AuditEvent, KeyStatus, Revision, Role, SlackMessage, Ticket, TicketStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import (
    GUS,
    MAX,
    MIA,
    OLIVIA,
    OMAR,
    add_grant,
    add_key,
    add_member,
    add_owner,
    add_page,
    add_ticket,
    add_use,
)

DAY = timedelta(days=1)
OWNER, HOLDER, STRANGER = Actor.member(OLIVIA), Actor.member(MIA), Actor.member(MAX)
Work = Callable[..., ApiKey]


@pytest.fixture(autouse=True)
def people(desk: Desk) -> None:
    """Two owners, two members and a guest."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_owner(session, OMAR, NOW, name="Omar")
        add_member(session, MIA, NOW, name="Mia")
        add_member(session, MAX, NOW, name="Max")
        add_member(session, GUS, NOW, name="Gus", is_guest=True)


@pytest.fixture
def key_id(desk: Desk) -> str:
    """A key of Mia's."""
    with desk.database.write() as session:
        return add_key(session, NOW).id


def do(desk: Desk, actor: Actor, work: Work, *args: Any, **values: Any) -> ApiKey:
    """One change in its own transaction."""
    return desk.write_now(actor, lambda tx: work(tx, *args, **values))


def events(desk: Desk, key_id: str) -> list[str]:
    """What was recorded of a key, oldest first."""
    with desk.database.read() as session:
        query = select(AuditEvent.action).where(AuditEvent.subject_id == key_id).order_by(AuditEvent.seq)
        return list(session.scalars(query))


def notes(desk: Desk, kind: str = CHANGED_NOTE) -> dict[str, dict[str, Any]]:
    """Messages of a kind: conversation → facts."""
    with desk.database.read() as session:
        found = session.scalars(select(SlackMessage).where(SlackMessage.kind == kind)).all()
        return {message.conversation: message.facts for message in found}


def revision(desk: Desk) -> int:
    """How often the key ring was told to read keys again."""
    with desk.database.read() as session:
        return session.scalars(select(Revision.value).where(Revision.topic == "keys")).one()


@both_databases
def test_suspend_and_restore(desk: Desk, key_id: str) -> None:
    """An owner suspends and restores a key; its holder is told both times, and each is recorded."""
    key = do(desk, OWNER, suspend_key, key_id, reason=" leaked? ")
    assert (key.status, key.suspended_by, key.suspend_reason) == (KeyStatus.SUSPENDED, str(OWNER), "leaked?")
    assert state_of(key, NOW) is KeyState.SUSPENDED
    assert notes(desk) == {MIA: {"change": "suspend", "by": str(OWNER), "reason": "leaked?"}}
    key = do(desk, OWNER, restore_key, key_id)
    assert (key.status, key.suspended_at, key.suspend_reason) == (KeyStatus.ACTIVE, None, None)
    assert events(desk, key_id) == ["key.suspended", "key.restored"]
    assert revision(desk) == 2


def test_owners_hear_of_what_a_holder_does(desk: Desk, key_id: str) -> None:
    """A holder who suspends their own key is told nothing, owners are."""
    do(desk, HOLDER, suspend_key, key_id, reason="not needed this month")
    assert set(notes(desk)) == {OLIVIA, OMAR}


def test_revoke_is_for_good(desk: Desk, key_id: str) -> None:
    """A revoked key cannot be restored; the refusal says who revoked it."""
    key = do(desk, HOLDER, revoke_key, key_id, reason="replaced")
    assert (key.status, key.revoked_by, key.revoke_reason) == (KeyStatus.REVOKED, str(HOLDER), "replaced")
    with pytest.raises(ConflictError, match=r"is revoked, for good\. Mia revoked it on 2026-03-02 at 09:00 UTC"):
        do(desk, OWNER, restore_key, key_id)


def test_revoking_withdraws_a_rotation_that_waits(desk: Desk, key_id: str) -> None:
    """No successor of a revoked key can be collected any more."""
    with desk.database.write() as session:
        ticket_id = add_ticket(session, NOW, predecessor_id=key_id, grace_seconds=0).id
    do(desk, OWNER, revoke_key, key_id, reason="leaked")
    with desk.database.read() as session:
        assert session.get_one(Ticket, ticket_id).status == TicketStatus.WITHDRAWN


@pytest.mark.parametrize(("days", "warned"), [(0, True), (6.9, True), (7.1, False)])
def test_revoking_a_key_in_use_warns(desk: Desk, key_id: str, days: float, warned: bool) -> None:
    """With a warning asked for, a key used within the last seven days is not revoked."""
    with desk.database.write() as session:
        add_use(session, session.get_one(ApiKey, key_id), last_used_at=NOW - days * DAY)
    if warned:
        with pytest.raises(RecentlyUsedError) as warning:
            do(desk, OWNER, revoke_key, key_id, reason="", warn=True)
        assert warning.value.use.at == NOW - days * DAY
        assert do(desk, OWNER, revoke_key, key_id, reason="yes").status == KeyStatus.REVOKED
    else:
        assert do(desk, OWNER, revoke_key, key_id, reason="old", warn=True).status == KeyStatus.REVOKED


def test_a_suspended_key_that_is_still_called_counts_as_used(desk: Desk, key_id: str) -> None:
    """Refused calls of a suspended key warn before it is revoked; those of an active key do not."""
    with desk.database.write() as session:
        add_use(session, session.get_one(ApiKey, key_id), last_refused_at=NOW)
        suspended = add_key(session, NOW, status=KeyStatus.SUSPENDED)
        add_use(session, suspended, last_refused_at=NOW)
    with pytest.raises(RecentlyUsedError):
        do(desk, OWNER, revoke_key, suspended.id, reason="x", warn=True)
    do(desk, OWNER, revoke_key, key_id, reason="x", warn=True)


@both_databases
def test_extend(desk: Desk, key_id: str) -> None:
    """An owner extends a key, also an expired one; the key works again and its holder is told."""
    with desk.database.write() as session:
        session.get_one(ApiKey, key_id).expires_at = NOW - DAY
    key = do(desk, OWNER, extend_key, key_id, NOW + 30 * DAY)
    assert state_of(key, NOW) is KeyState.ACTIVE
    assert notes(desk)[MIA]["until"] == (NOW + 30 * DAY).isoformat()


@pytest.mark.parametrize(
    ("until", "problem"),
    [
        (NOW - DAY, "in the past"),
        (NOW + 90 * DAY, "until 2026-05-31 already"),
        (NOW + 400 * DAY, "at most 365 days"),
    ],
)
def test_extensions_that_make_no_sense(desk: Desk, key_id: str, until: Any, problem: str) -> None:
    """An extension goes beyond the present expiry and not beyond the policy's maximum; the field is named."""
    with pytest.raises(InvalidInputError, match=problem) as refusal:
        do(desk, OWNER, extend_key, key_id, until)
    assert refusal.value.field == "until"


def test_a_holder_asks_for_more_time(desk: Desk, key_id: str) -> None:
    """Holders do not extend; they ask, owners get a card, and the key stays as it is."""
    with pytest.raises(NotAllowedError, match="Only owners"):
        do(desk, HOLDER, extend_key, key_id, NOW + 120 * DAY)
    key = do(desk, HOLDER, ask_for_extension, key_id, NOW + 120 * DAY, reason="migration is late")
    assert key.expires_at == NOW + 90 * DAY
    assert set(notes(desk, "key.extension")) == {OLIVIA, OMAR}
    assert events(desk, key_id) == ["key.extension_asked"]


def test_rename(desk: Desk, key_id: str) -> None:
    """A holder renames their key; blanks are tidied, and the same name again changes nothing."""
    key = do(desk, HOLDER, rename_key, key_id, "  terraform \n staging ")
    assert (key.name, key.version) == ("terraform staging", 2)
    assert do(desk, HOLDER, rename_key, key_id, "terraform staging").version == 2
    assert events(desk, key_id) == ["key.renamed"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_names_that_cannot_be(desk: Desk, key_id: str, name: str) -> None:
    """A name is neither empty nor longer than a hundred characters."""
    with pytest.raises(InvalidInputError) as refusal:
        do(desk, HOLDER, rename_key, key_id, name)
    assert refusal.value.field == "name"


def test_transfer(desk: Desk, key_id: str) -> None:
    """An owner makes somebody else answer for a key; both are told."""
    key = do(desk, OWNER, transfer_key, key_id, MAX)
    assert key.holder_id == MAX
    assert set(notes(desk)) == {MIA, MAX}
    with pytest.raises(NotAllowedError, match="don't answer"):
        do(desk, HOLDER, suspend_key, key_id, reason="mine")


@pytest.mark.parametrize("to", [GUS, "U0NOBODY01"])
def test_keys_go_to_full_members_only(desk: Desk, key_id: str, to: str) -> None:
    """A guest or an unknown person cannot answer for a key."""
    with pytest.raises(InvalidInputError, match="may not hold keys") as refusal:
        do(desk, OWNER, transfer_key, key_id, to)
    assert refusal.value.field == "holder"


def test_a_key_goes_to_who_may_hold_it_on_its_pages(desk: Desk, key_id: str) -> None:
    """Where keys are for integrators, the role on one page is enough for a key to that page, and for no other."""
    strict = replace(desk, policy=replace(desk.policy, default_role=None))
    with desk.database.write() as session:
        page = add_page(session, NOW)
        add_grant(session, MAX, Role.INTEGRATOR, NOW, page_id=page.id)
        narrow = add_key(session, NOW, pages=[page.id]).id
    with pytest.raises(InvalidInputError, match="may not hold keys for all of its pages"):
        do(strict, OWNER, transfer_key, key_id, MAX)
    assert do(strict, OWNER, transfer_key, narrow, MAX).holder_id == MAX


def test_what_a_key_has_replaced_goes_with_it(desk: Desk, key_id: str) -> None:
    """One key has one holder: in its grace period the old one goes with the new one, and not without it."""
    with desk.database.write() as session:
        session.get_one(ApiKey, key_id).retires_at = NOW + DAY
        new_id = add_key(session, NOW, predecessor_id=key_id).id
    with pytest.raises(ConflictError, match="rotated already"):
        do(desk, OWNER, transfer_key, key_id, MAX)
    do(desk, OWNER, transfer_key, new_id, MAX)
    with desk.database.read() as session:
        assert {session.get_one(ApiKey, one).holder_id for one in (key_id, new_id)} == {MAX}
    assert events(desk, key_id) == events(desk, new_id) == ["key.transferred"]


def test_keep(desk: Desk, key_id: str) -> None:
    """A key is kept until a day for a reason; both are stored with who said so."""
    key = do(desk, OWNER, keep_key, key_id, NOW + 60 * DAY, "disaster recovery")
    assert (key.kept_until, key.kept_by, key.keep_reason) == (NOW + 60 * DAY, str(OWNER), "disaster recovery")
    for until, reason, field in ((NOW, "x", "until"), (NOW + 400 * DAY, "x", "until"), (NOW + DAY, " ", "reason")):
        with pytest.raises(InvalidInputError) as refusal:
            do(desk, OWNER, keep_key, key_id, until, reason)
        assert refusal.value.field == field


def test_kept_since(desk: Desk, clock: HeldClock, key_id: str) -> None:
    """That a key was kept long ago, or another one lately, is no answer to whoever asks about it now."""
    with desk.database.write() as session:
        other = add_key(session, NOW).id
    do(desk, HOLDER, keep_key, key_id, NOW + 60 * DAY, "disaster recovery")
    asked_at = clock.advance(DAY)
    do(desk, HOLDER, keep_key, other, NOW + 60 * DAY, "disaster recovery")
    do(desk, HOLDER, rename_key, key_id, "terraform")
    asked = partial(was_kept_since, key_id=key_id)
    kept = [desk.read_now(OWNER, partial(asked, since=since)) for since in (NOW, asked_at)]
    assert kept == [True, False]


def test_ask_the_holder(desk: Desk, key_id: str) -> None:
    """The holder gets a card; somebody who has left is not asked."""
    do(desk, OWNER, ask_holder, key_id)
    assert set(notes(desk, "key.ask")) == {MIA}
    with desk.database.write() as session:
        orphan = add_key(session, NOW, holder_id=GUS).id
    with pytest.raises(ConflictError, match="Nobody answers"):
        do(desk, OWNER, ask_holder, orphan)


def test_a_wish_is_declined_once(desk: Desk, key_id: str) -> None:
    """The holder hears who declined it and why, and it is answered: another owner comes too late, and the next wish
    is a message of its own."""
    with pytest.raises(ConflictError, match="Nobody waits for more time"):
        do(desk, OWNER, decline_extension, key_id, reason="no")
    do(desk, HOLDER, ask_for_extension, key_id, NOW + 100 * DAY, reason="the migration is late")
    with pytest.raises(InvalidInputError):
        do(desk, OWNER, decline_extension, key_id, reason=" ")
    do(desk, OWNER, decline_extension, key_id, reason="it was for the migration alone")
    told = notes(desk)[MIA]
    assert (told["change"], told["reason"], told["waited"]) == (
        "decline_extension",
        "it was for the migration alone",
        [MIA],
    )
    for owner in (OWNER, Actor.member(OMAR)):
        with pytest.raises(ConflictError, match="Nobody waits for more time"):
            do(desk, owner, decline_extension, key_id, reason="no")
    do(desk, HOLDER, ask_for_extension, key_id, NOW + 95 * DAY, reason="please")
    with desk.database.read() as session:
        cards = session.scalars(select(SlackMessage).where(SlackMessage.kind == "key.extension")).all()
    assert len(cards) == 4, "each owner has the first wish, declined, and the second"
    assert sum("declined" in card.facts for card in cards) == 2


def test_an_older_version_changes_nothing(desk: Desk, key_id: str) -> None:
    """Whoever acts on what was shown before a change is told what changed, and nothing happens."""
    do(desk, OWNER, rename_key, key_id, "other")
    with pytest.raises(ConflictError, match=r"changed after this was shown to you\. Olivia renamed it"):
        do(desk, OWNER, suspend_key, key_id, reason="x", version=1)
    assert do(desk, OWNER, suspend_key, key_id, reason="x", version=2).status == KeyStatus.SUSPENDED


@pytest.mark.parametrize(
    "work",
    [
        partial(suspend_key, reason="x"),
        restore_key,
        partial(revoke_key, reason="x"),
        partial(extend_key, until=NOW + 100 * DAY),
        partial(rename_key, name="x"),
        partial(transfer_key, to_user_id=MAX),
        partial(keep_key, until=NOW + DAY, reason="x"),
        partial(decline_extension, reason="x"),
        ask_holder,
    ],
)
def test_strangers_change_nothing(desk: Desk, key_id: str, work: Work) -> None:
    """A member who does not answer for a key is refused, nothing is told and nothing recorded."""
    with pytest.raises(NotAllowedError):
        do(desk, STRANGER, work, key_id)
    assert not events(desk, key_id)
    assert not notes(desk)


def test_an_unknown_key(desk: Desk) -> None:
    """A key that does not exist is said not to exist."""
    with pytest.raises(NotFoundError):
        do(desk, OWNER, suspend_key, "nosuchkey000", reason="x")


def test_a_failure_leaves_nothing(desk: Desk, key_id: str) -> None:
    """When anything in the transaction fails, neither the change nor its messages nor its record stay."""

    def suspend_and_fail(tx: Transaction) -> None:
        suspend_key(tx, key_id, reason="x")
        raise KeydeskError("no")

    with pytest.raises(KeydeskError):
        desk.write_now(OWNER, suspend_and_fail)
    assert desk.read_now(OWNER, lambda tx: get_key(tx, key_id)).status == KeyStatus.ACTIVE
    assert not events(desk, key_id)
    assert not notes(desk)


def test_states(desk: Desk, clock: HeldClock) -> None:
    """A key's state follows its status and its times, the gravest first."""
    with desk.database.write() as session:
        key = add_key(session, NOW, retires_at=NOW + DAY)
        suspended = add_key(session, NOW, status=KeyStatus.SUSPENDED)
    assert state_of(key, NOW) is KeyState.ACTIVE
    assert state_of(key, NOW + DAY) is KeyState.REVOKED
    assert state_of(suspended, NOW) is KeyState.SUSPENDED
    assert state_of(suspended, NOW + 90 * DAY) is KeyState.EXPIRED


@pytest.mark.parametrize(
    "change",
    [
        lambda tx, key_id, text: suspend_key(tx, key_id, reason=text),
        lambda tx, key_id, text: revoke_key(tx, key_id, reason=text),
        lambda tx, key_id, text: revoke_key(tx, key_id, reason=text, warn=True),
        lambda tx, key_id, text: keep_key(tx, key_id, NOW + DAY, text),
        lambda tx, key_id, text: rename_key(tx, key_id, text),
    ],
    ids=["suspend", "revoke", "revoke with a warning", "keep", "rename"],
)
def test_a_secret_is_kept_in_no_reason_and_no_name(
    desk: Desk, change: Callable[[Transaction, str, str], Any]
) -> None:
    """Who types a key's secret as a reason or name is told so; it is not repeated, and nothing of it is kept."""
    secret = Secret.generate()
    with desk.database.write() as session:
        key = add_key(session, NOW, sha256=secret.sha256)
        add_use(session, key, last_used_at=NOW)
    with pytest.raises(InvalidInputError, match="holds the secret") as refusal:
        desk.write_now(OWNER, lambda tx: change(tx, key.id, f"leaked: {secret.reveal()}"))
    assert secret.reveal() not in str(refusal.value)
    with desk.database.read() as session:
        assert session.get_one(ApiKey, key.id).version == key.version


def test_marks_that_nobody_sees_are_left_out(desk: Desk) -> None:
    """Control characters do no harm in reasons and searches, marks that turn the order of letters nowhere."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
    desk.write_now(OWNER, lambda tx: rename_key(tx, key.id, "terraform prod\u202e"))
    desk.write_now(OWNER, lambda tx: suspend_key(tx, key.id, reason="\x07leaked\u202e"))
    found = desk.read_now(OWNER, lambda tx: get_key_by_word(tx, "\x07terraform prod\u202e"))
    assert (found.name, found.suspend_reason) == ("terraform prod", "leaked")
    with pytest.raises(InvalidInputError):
        desk.write_now(OWNER, lambda tx: restore_key(tx, key.id) and rename_key(tx, key.id, "\u200b"))
