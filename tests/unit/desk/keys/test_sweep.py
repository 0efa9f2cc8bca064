"""What time does to keys."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk.keys.changes import extend_key
from desk.keys.sweep import EXPIRY_NOTE, RETIRED_NOTE, sweep_keys
from desk.transaction import Actor, Desk, JobName
from storage.models import ApiKey, AuditEvent, KeyStatus, SlackMessage
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.factories import GUS, MIA, OLIVIA, add_key, add_member, add_owner, add_use

DAY = timedelta(days=1)
SWEEP = Actor.job(JobName.SWEEP)


@pytest.fixture(autouse=True)
def people(desk: Desk) -> None:
    """An owner, a member and a guest."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MIA, NOW, name="Mia")
        add_member(session, GUS, NOW, name="Gus", is_guest=True)


def said(desk: Desk, kind: str = EXPIRY_NOTE) -> list[tuple[str, Any]]:
    """Who was told, and of how many days, in order."""
    with desk.database.read() as session:
        found = session.scalars(select(SlackMessage).where(SlackMessage.kind == kind)).all()
        return sorted((message.conversation, message.facts.get("days")) for message in found)


def add(desk: Desk, **values: Any) -> str:
    """A key of Mia's, made now."""
    with desk.database.write() as session:
        return add_key(session, values.pop("created_at", NOW), **values).id


def sweep(desk: Desk) -> int:
    """One sweep."""
    return desk.write_now(SWEEP, sweep_keys)


def recorded(desk: Desk) -> list[str]:
    """Every action on record."""
    with desk.database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


def test_expiry_is_said_three_times(desk: Desk, clock: HeldClock) -> None:
    """The holder hears 14 days before, 3 days before, and when the key has expired: once each."""
    add(desk)
    for days, expected in ((75, []), (76, [14]), (80, [14]), (87, [14, 3]), (90, [14, 3, 0]), (200, [14, 3, 0])):
        clock.set(NOW + days * DAY)
        sweep(desk)
        assert sweep(desk) == 0
        assert sorted((day for _, day in said(desk)), reverse=True) == expected, days
    assert {who for who, _ in said(desk)} == {MIA}
    assert recorded(desk) == ["key.expired"]


def test_short_lives_need_no_long_warning(desk: Desk, clock: HeldClock) -> None:
    """A key for ten days is warned about once, a key for five days not at all."""
    add(desk, expires_at=NOW + 10 * DAY)
    add(desk, expires_at=NOW + 5 * DAY)
    sweep(desk)
    assert said(desk) == []
    clock.set(NOW + 8 * DAY)
    sweep(desk)
    assert said(desk) == [(MIA, 0), (MIA, 3)]


def test_an_extended_key_is_warned_about_anew(desk: Desk, clock: HeldClock) -> None:
    """After an extension the warnings belong to the new expiry."""
    key_id = add(desk)
    clock.set(NOW + 91 * DAY)
    sweep(desk)
    desk.write_now(Actor.member(OLIVIA), lambda tx: extend_key(tx, key_id, clock.now() + 60 * DAY))
    sweep(desk)
    assert said(desk) == [(MIA, 0)]
    clock.advance(days=47)
    sweep(desk)
    assert said(desk) == [(MIA, 0), (MIA, 14)]


def test_a_warning_leaves_buttons_valid(desk: Desk, clock: HeldClock) -> None:
    """Saying that a key expires soon does not change its version."""
    key_id = add(desk)
    clock.set(NOW + 80 * DAY)
    assert sweep(desk) == 1
    with desk.database.read() as session:
        assert session.get_one(ApiKey, key_id).version == 1


def test_owners_hear_when_nobody_answers(desk: Desk, clock: HeldClock) -> None:
    """Owners are told of keys without a holder, or with one who is no full member any more."""
    add(desk, holder_id=None)
    add(desk, holder_id=GUS)
    clock.set(NOW + 90 * DAY)
    sweep(desk)
    assert said(desk) == [(OLIVIA, 0), (OLIVIA, 0)]


def test_owners_hear_when_a_key_in_use_expires(desk: Desk, clock: HeldClock) -> None:
    """Something stops working when a key in use expires, so owners hear of it too."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
        add_use(session, key, last_used_at=NOW + 89 * DAY)
    clock.set(NOW + 90 * DAY)
    sweep(desk)
    assert said(desk) == [(MIA, 0), (OLIVIA, 0)]


def test_rotated_keys_retire(desk: Desk, clock: HeldClock) -> None:
    """At the end of its grace period a rotated key is revoked, its holder told and the fact recorded, once."""
    key_id = add(desk, retires_at=NOW + DAY, expires_at=NOW + 10 * DAY)
    assert sweep(desk) == 0
    clock.set(NOW + DAY)
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    with desk.database.read() as session:
        key = session.get_one(ApiKey, key_id)
        assert (key.status, key.revoked_by, key.revoked_at) == (KeyStatus.REVOKED, "job:sweep", NOW + DAY)
    assert said(desk, RETIRED_NOTE) == [(MIA, None)]
    assert said(desk) == []
    assert recorded(desk) == ["key.retired"]


def test_revoked_keys_are_left_alone(desk: Desk, clock: HeldClock) -> None:
    """Nothing is said of the expiry of a revoked key, nor of that of one that was rotated."""
    add(desk, status=KeyStatus.REVOKED)
    add(desk, retires_at=NOW + 300 * DAY, expires_at=NOW + 300 * DAY)
    clock.set(NOW + 299 * DAY)
    assert sweep(desk) == 0


def test_many_keys_go_in_batches(desk: Desk, clock: HeldClock) -> None:
    """Sweeps are bounded and together reach every key."""
    with desk.database.write() as session:
        for _ in range(230):
            add_key(session, NOW, holder_id=None)
    clock.set(NOW + 90 * DAY)
    counts = [sweep(desk) for _ in range(4)]
    assert counts == [100, 100, 30, 0]
