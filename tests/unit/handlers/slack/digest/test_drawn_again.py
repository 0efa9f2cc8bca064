"""A digest that is drawn again says what is so at that moment, and what became of what it had found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.digest.sent import CARD, send_digest
from desk.digest.unused_policy import sweep_announcements
from desk.keys.changes import extend_key, transfer_key
from desk.keys.questions import keep_key
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from handlers.slack.digest.actions import render_card
from sandbox.player import words_of
from storage.models import ApiKey, Member, SlackMessage
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.factories import MAX, MIA, OLIVIA, add_key, add_member, add_owner, add_use

DAY = timedelta(days=1)
OWNER, DELIVERY, SWEEP = Actor.member(OLIVIA), Actor.job(JobName.DELIVERY), Actor.job(JobName.SWEEP)


@pytest.fixture
def policy() -> Policy:
    """Unused keys are suspended after half a year."""
    return Policy(suspend_unused_after=180 * DAY)


@pytest.fixture(autouse=True)
def people(desk: Desk) -> None:
    """An owner, a member, and one who has left."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MIA, NOW, name="Mia")
        add_member(session, MAX, NOW, name="Max", is_deleted=True)


def _listed(desk: Desk, **values: object) -> str:
    """A key that a digest of just now lists."""
    defaults = {"name": "terraform prod", "holder_id": MIA, "expires_at": NOW + 200 * DAY}
    with desk.database.write() as session:
        key = add_key(session, NOW - 90 * DAY, **(defaults | values))
    desk.write_now(Actor.job(JobName.DIGEST), partial(send_digest, period="one", scheduled_for=NOW))
    return key.id


def _drawn(desk: Desk) -> str:
    with desk.database.read() as session:
        card = session.query(SlackMessage).filter_by(kind=CARD, subject_id="one").one()
    return words_of(desk.read_now(DELIVERY, lambda tx: render_card(tx, card)).blocks)


def _use(desk: Desk, key_id: str) -> None:
    with desk.database.write() as session:
        add_use(
            session, session.get_one(ApiKey, key_id), last_used_at=desk.clock.now(), last_write_at=desk.clock.now()
        )


def test_who_answers_now_has_not_left(desk: Desk, clock: HeldClock) -> None:
    """Of a key that was transferred, the digest says who answers for it, and that they are no leaver."""
    key_id = _listed(desk, holder_id=MAX)
    assert f"<@{MAX}> has left, so nobody answers for" in _drawn(desk)
    clock.advance(days=1)
    desk.write_now(OWNER, lambda tx: transfer_key(tx, key_id, MIA))
    words = _drawn(desk)
    assert f"<@{MIA}> answers for" in words
    assert "has left" not in words
    assert "never used in its 91 days. Since it was listed, <@U0MIA00001> answers for it." in words
    assert "Transfer to…" not in words
    assert "that nobody answers for" not in words


def test_a_holder_who_comes_back_has_not_left(desk: Desk) -> None:
    """Nobody changed the key: its holder is active again, or a guest."""
    _listed(desk, holder_id=MAX)
    with desk.database.write() as session:
        member = session.get_one(Member, MAX)
        member.is_deleted, member.is_guest = False, True
    assert "is a guest, so nobody answers for" in _drawn(desk)
    with desk.database.write() as session:
        session.get_one(Member, MAX).is_guest = False
    assert f"<@{MAX}> answers for" in _drawn(desk)


def test_what_was_used_since_is_not_unused(desk: Desk, clock: HeldClock) -> None:
    """A key that was used after the digest has nothing to be done about, and no days below zero."""
    key_id = _listed(desk)
    clock.advance(days=2)
    _use(desk, key_id)
    words = _drawn(desk)
    assert ":white_check_mark: Nothing to do any more: it was used" in words
    assert "-2 days" not in words
    assert "never used" not in words
    assert "*1* of these dealt with since" in words
    assert "everything below is as of" in words


def test_what_was_extended_does_not_expire_soon(desk: Desk, clock: HeldClock) -> None:
    """A key that got more time stands under no heading of those that expire."""
    key_id = _listed(desk, expires_at=NOW + 10 * DAY)
    assert "*1* key expiring within 14 days" in _drawn(desk)
    clock.advance(days=1)
    desk.write_now(OWNER, lambda tx: extend_key(tx, key_id, NOW + 101 * DAY))
    words = _drawn(desk)
    assert "expiring within" not in words
    assert "expires in" not in words
    assert "Since it was listed, it was given until" in words


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ({}, {"never_used_after": 120 * DAY}),
        ({"used_at": NOW - 40 * DAY}, {"unused_after": 60 * DAY}),
        ({"expires_at": NOW + 10 * DAY, "used_at": NOW - DAY}, {"expiring_within": 5 * DAY}),
    ],
    ids=["never used", "unused", "expiring"],
)
def test_what_another_policy_lists_later_was_not_dealt_with_by_anybody(
    desk: Desk, clock: HeldClock, key: dict[str, Any], rule: dict[str, Any]
) -> None:
    """Where owners chose longer times since, a digest does not say of a key that it was used or given more time."""
    used_at = key.pop("used_at", None)
    with desk.database.write() as session:
        row = add_key(session, NOW - 90 * DAY, holder_id=MIA, **({"expires_at": NOW + 200 * DAY} | key))
        if used_at is not None:
            add_use(session, row, last_used_at=used_at, last_write_at=used_at)
    desk.write_now(Actor.job(JobName.DIGEST), partial(send_digest, period="one", scheduled_for=NOW))
    clock.advance(days=1)
    words = _drawn(replace(desk, policy=replace(desk.policy, **rule)))
    assert "Nothing to do any more: such keys are listed later, as policy says by now." in words
    assert "it counts as used" not in words
    assert "it was used" not in words
    assert "it was given" not in words


def test_days_are_counted_when_it_is_drawn(desk: Desk, clock: HeldClock) -> None:
    """What still holds says the days of the moment, and an expired key is said to be expired."""
    _listed(desk, expires_at=NOW + 10 * DAY)
    clock.advance(days=4)
    assert "it was never used in its 94 days and it expires in 6 days" in _drawn(desk)
    clock.advance(days=7)
    words = _drawn(desk)
    assert ":hourglass: Expired" in words
    assert "It was listed because it had never been used and it was to expire soon." in words
    assert "Suspend" not in words


def test_what_was_kept_is_dealt_with(desk: Desk) -> None:
    """A key that somebody keeps says so where it is listed, and is not counted among those to be looked at."""
    key_id = _listed(desk)
    desk.write_now(OWNER, lambda tx: keep_key(tx, key_id, NOW + 30 * DAY, "yearly"))
    words = _drawn(desk)
    assert "It was listed because it was never used in its 90 days." in words
    assert ":pushpin: Kept until" in words
    assert "*1* key never used" not in words


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_use, "it was used"),
        (
            lambda desk, key_id: desk.write_now(OWNER, lambda tx: keep_key(tx, key_id, NOW + 3 * DAY, "x")),
            "it is kept",
        ),
    ],
    ids=["used", "kept"],
)
def test_what_was_announced_and_answered_is_called_off(
    desk: Desk, clock: HeldClock, answer: Callable[[Desk, str], object], reason: str
) -> None:
    """The digest that announced an act says that it is called off, and why, before any sweep and after it."""
    with desk.database.write() as session:
        key_id = add_key(session, NOW - 190 * DAY, holder_id=MIA, expires_at=NOW + 90 * DAY).id
    desk.write_now(Actor.job(JobName.DIGEST), partial(send_digest, period="one", scheduled_for=NOW))
    assert "Will be suspended on" in _drawn(desk)
    clock.advance(days=1)
    answer(desk, key_id)
    for _ in range(2):
        words = _drawn(desk)
        assert f"That is called off: {reason}." in words
        assert "Will be suspended" not in words
        desk.write_now(SWEEP, sweep_announcements)
