"""Owners hear of a suspended key that is used."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from desk.keys.suspended_use import SUSPENDED_USE_CARD, tell_of_suspended_use
from desk.keys.uses import SuspendedUse
from desk.messages.outbox import is_set_aside
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from storage.models import ApiKey, AuditEvent, Delivery, KeyStatus, SlackMessage
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import OLIVIA, OMAR, add_key, add_owner

ACTOR = Actor.job(JobName.KEY_CHECK)
CHANNEL = "C0OWNERS01"


@pytest.fixture
def policy() -> Policy:
    """Owners are told in their channel."""
    return Policy(owners_channel=CHANNEL)


@pytest.fixture
def key_id(desk: Desk) -> str:
    """A key that Olivia suspended an hour ago."""
    now = desk.clock.now()
    with desk.database.write() as session:
        add_owner(session, OLIVIA, now)
        add_owner(session, OMAR, now)
        at = now - timedelta(hours=1)
        return add_key(session, now, status=KeyStatus.SUSPENDED, suspended_at=at, suspended_by=f"member:{OLIVIA}").id


def use_it(desk: Desk, key_id: str) -> bool:
    """Use the key now."""
    heard = SuspendedUse(key_id, 1, desk.clock.now(), "192.0.2.66", "curl/8.9.1")
    return desk.write_now(ACTOR, partial(tell_of_suspended_use, use=heard))


def messages(desk: Desk) -> list[SlackMessage]:
    """The messages about uses of suspended keys, oldest first."""
    with desk.database.read() as session:
        query = select(SlackMessage).where(SlackMessage.kind == SUSPENDED_USE_CARD)
        return list(session.scalars(query.order_by(SlackMessage.created_at)).all())


@both_databases
def test_owners_are_told_when_from_where_and_by_what(desk: Desk, key_id: str) -> None:
    """The first use makes one card in the owners' channel, and an audit event."""
    assert use_it(desk, key_id)
    (message,) = messages(desk)
    assert (message.subject_id, message.conversation) == (key_id, CHANNEL)
    facts = {"at": desk.clock.now().isoformat(), "address": "192.0.2.66", "user_agent": "curl/8.9.1"}
    assert message.facts == facts
    with desk.database.read() as session:
        event = session.scalars(select(AuditEvent)).one()
        assert (event.action, event.subject_id, event.actor) == ("key.knocked", key_id, "job:key_check")
        assert event.data == facts
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1


def test_without_a_channel_every_owner_is_told(desk: Desk, key_id: str) -> None:
    """Owners who have no channel get direct messages."""
    private = Desk(desk.database, desk.clock, Policy())
    assert use_it(private, key_id)
    assert {message.conversation for message in messages(desk)} == {OLIVIA, OMAR}


@both_databases
def test_not_again_within_the_hour(desk: Desk, key_id: str, clock: HeldClock) -> None:
    """A suspended key that is used all the time is told of once an hour, each time as a message of its own."""
    assert use_it(desk, key_id)
    clock.advance(minutes=59)
    assert not use_it(desk, key_id)
    clock.advance(minutes=1)
    assert use_it(desk, key_id)
    older, newer = messages(desk)
    assert is_set_aside(older)
    assert not is_set_aside(newer)
    with desk.database.read() as session:
        lanes = session.scalars(select(Delivery.subject).order_by(Delivery.id)).all()
    assert lanes == [older.id, older.id, newer.id]


@both_databases
def test_another_suspension_is_another_matter(desk: Desk, key_id: str, clock: HeldClock) -> None:
    """A key that was restored and suspended again is told of at once, however recent the last telling is."""
    assert use_it(desk, key_id)
    clock.advance(minutes=5)
    with desk.database.write() as session:
        session.get_one(ApiKey, key_id).suspended_at = clock.now()
    clock.advance(minutes=1)
    assert use_it(desk, key_id)
    assert not use_it(desk, key_id)


@pytest.mark.parametrize("status", [KeyStatus.ACTIVE, KeyStatus.REVOKED])
def test_nothing_is_told_of_a_key_that_is_not_suspended_any_more(desk: Desk, key_id: str, status: KeyStatus) -> None:
    """When the key was restored or revoked between the use and the telling, there is nothing to tell."""
    with desk.database.write() as session:
        session.get_one(ApiKey, key_id).status = status
    assert not use_it(desk, key_id)
    assert messages(desk) == []


def test_a_key_that_does_not_exist_is_nobodys(desk: Desk) -> None:
    """A use of an unknown key id tells nobody anything."""
    assert not use_it(desk, "unknown00000")
