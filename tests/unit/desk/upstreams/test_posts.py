"""What the same POST means when it comes again."""

from dataclasses import replace
from datetime import timedelta

from desk.upstreams.posts import DONE_WITHIN, GONE_AFTER, SAME_WITHIN, Next, Step, decide_next
from storage.upstream_posts import SentPost
from tests.clock import MONDAY_MORNING

BEGUN = SentPost("key", "fingerprint", "content", "mark", 1, MONDAY_MORNING)
INSTANT = timedelta(microseconds=1)


def test_what_was_made_is_looked_at() -> None:
    """Within the time in which it counts as the same, by whichever clock."""
    made = replace(BEGUN, ended_at=MONDAY_MORNING, subject_id="incident")
    for apart in (timedelta(0), SAME_WITHIN - INSTANT, INSTANT - SAME_WITHIN):
        assert decide_next(made, MONDAY_MORNING + apart) == Step(Next.LOOK_AT_IT)
    for apart in (SAME_WITHIN, -SAME_WITHIN):
        assert decide_next(made, MONDAY_MORNING + apart) == Step(Next.SEND_ANEW)


def test_what_is_in_doubt_is_looked_for_before_it_is_sent_again() -> None:
    """Sooner where its connection broke than where whoever sent it may still be at it."""
    ended = MONDAY_MORNING + timedelta(seconds=30)
    now = MONDAY_MORNING + timedelta(seconds=31)
    assert decide_next(replace(BEGUN, ended_at=ended), now) == Step(Next.LOOK_FOR_IT, ended + DONE_WITHIN)
    assert decide_next(BEGUN, now) == Step(Next.LOOK_FOR_IT, MONDAY_MORNING + GONE_AFTER)
    later = timedelta(seconds=55)
    assert decide_next(BEGUN, now, gone_after=later) == Step(Next.LOOK_FOR_IT, MONDAY_MORNING + later)
