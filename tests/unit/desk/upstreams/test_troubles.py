"""What `/readyz` says of a Statuspage elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from desk.transaction import Actor, Desk, JobName
from desk.upstreams.cards import KEY_EXPIRES
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import copy_pages, note_copy_problem
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, note_refused
from desk.upstreams.troubles import decide_warning, list_upstream_troubles, warn_of_expiry
from storage.models import SlackMessage
from tests.clock import HeldClock
from tests.databases import both_databases

OPERATOR, COPIES = Actor.operator("ann"), Actor.job(JobName.COPIES)


def troubles(desk: Desk, *others: tuple[str, timedelta]) -> Sequence[str]:
    """What is said now; `others` end after so long."""
    return having(desk, *others).read_now(COPIES, list_upstream_troubles)


def having(desk: Desk, *others: tuple[str, timedelta]) -> Desk:
    """A desk whose settings name these keys."""
    named = tuple((name, desk.clock.now() + left) for name, left in others)
    return replace(desk, policy=replace(desk.policy, named_upstream_keys=named))


def test_without_a_statuspage_elsewhere_there_is_nothing_to_say(desk: Desk) -> None:
    """Whatever settings name."""
    assert troubles(desk, ("setting 1", timedelta(days=1))) == []


@both_databases
def test_what_has_to_be_seen_to_is_said_until_it_is(desk: Desk, clock: HeldClock) -> None:
    """No key, a copy that is old or failed, a key that expires, has expired, or is taken no more."""
    desk.write_now(OPERATOR, partial(connect_upstream, base_url="https://statuspage.acme.example"))
    assert troubles(desk) == [
        "there is no key of Statuspage to call with",
        "its pages were not copied within the last hour",
    ]
    new = NewUpstreamKey(name="2026", sealed="sealed", expires_at=clock.now() + timedelta(days=31))
    key = desk.write_now(OPERATOR, partial(add_upstream_key, new=new))
    desk.write_now(COPIES, partial(copy_pages, there=[]))
    assert troubles(desk) == []
    assert troubles(desk, ("setting 1", timedelta(days=7, hours=1))) == [
        "the key “setting 1” of Statuspage expires in 7 days"
    ]
    desk.write_now(COPIES, partial(note_copy_problem, problem="It does not answer."))
    clock.advance(timedelta(days=1))
    assert troubles(desk) == [
        "the key “2026” of Statuspage expires in 30 days",
        "its pages could not be copied: It does not answer.",
    ]
    clock.advance(timedelta(days=30))
    desk.write_now(COPIES, partial(copy_pages, there=[]))
    assert troubles(desk) == ["the key “2026” of Statuspage has expired"]
    desk.write_now(COPIES, partial(note_refused, upstream_key_id=key.id))
    assert troubles(desk) == [
        "Statuspage does not take the key “2026” any more",
        "there is no key of Statuspage to call with",
    ]


def test_what_no_encryption_key_opens_is_said(desk: Desk) -> None:
    """Nothing is called with it."""
    desk.write_now(OPERATOR, partial(connect_upstream, base_url="https://statuspage.acme.example"))
    desk.write_now(OPERATOR, partial(add_upstream_key, new=NewUpstreamKey(name="2026", sealed="sealed")))
    desk.write_now(COPIES, partial(copy_pages, there=[]))
    assert desk.read_now(COPIES, partial(list_upstream_troubles, opens=lambda sealed: sealed != "sealed")) == [
        "the key “2026” of Statuspage is sealed with what no encryption key opens",
        "there is no key of Statuspage to call with",
    ]


@pytest.mark.parametrize(
    ("left", "days"),
    [(31, None), (30, 30), (15, 30), (14, 14), (7.5, 14), (7, 7), (2, 7), (1, 1), (0.1, 1), (0, None)],
)
def test_warnings_have_their_days(left: float, days: int | None) -> None:
    """The nearest one that was reached; of what is over there is none."""
    assert decide_warning(timedelta(days=left)) == days


@both_databases
def test_owners_are_told_of_each_once(desk: Desk, clock: HeldClock) -> None:
    """However often it is looked, of kept keys and of those that settings name; a new end is a new matter."""
    end = clock.now() + timedelta(days=32)
    desk.write_now(OPERATOR, partial(connect_upstream, base_url="https://statuspage.acme.example"))
    desk.write_now(OPERATOR, partial(add_upstream_key, new=NewUpstreamKey(name="2026", sealed="s", expires_at=end)))
    desk = replace(
        desk, policy=replace(desk.policy, owners_channel="C0OWNERS01", named_upstream_keys=(("set", end),))
    )
    told = []
    for left in range(32, -1, -1):
        news = [desk.write_now(COPIES, warn_of_expiry) for _ in range(2)]
        assert news[1] == 0
        told += [(left, news[0])] if news[0] else []
        clock.advance(timedelta(days=1))
    assert told == [(30, 2), (14, 2), (7, 2), (1, 2)]
    with desk.database.read() as session:
        notes = [row for row in session.query(SlackMessage) if row.kind == KEY_EXPIRES]
    assert [(row.facts["name"], row.facts["days"]) for row in notes] == [
        (name, days) for days in (30, 14, 7, 1) for name in ("2026", "set")
    ]
    assert having(desk, ("set", timedelta(days=3))).write_now(COPIES, warn_of_expiry) == 1
