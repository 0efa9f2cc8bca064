"""What `/readyz` says of a Statuspage elsewhere."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from desk.transaction import Actor, Desk, JobName
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import copy_pages, note_copy_problem
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, note_refused
from desk.upstreams.troubles import list_upstream_troubles
from tests.clock import HeldClock

OPERATOR, COPIES = Actor.operator("ann"), Actor.job(JobName.COPIES)


def troubles(desk: Desk, *others: tuple[str, timedelta]) -> Sequence[str]:
    """What is said now; `others` end after so long."""
    named = [(name, desk.clock.now() + left) for name, left in others]
    return desk.read_now(COPIES, partial(list_upstream_troubles, others=named))


def test_without_a_statuspage_elsewhere_there_is_nothing_to_say(desk: Desk) -> None:
    """Whatever settings name."""
    assert troubles(desk, ("setting 1", timedelta(days=1))) == []


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
