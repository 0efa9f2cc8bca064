"""What the same POST to a Statuspage elsewhere means when it comes again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.upstream_posts import SentPost

SAME_WITHIN = timedelta(minutes=5)
"""Clients try again within seconds. Who sends the same later means another one."""
DONE_WITHIN = timedelta(seconds=10)
"""So long after a connection broke, what came over it may still be carried out."""
GONE_AFTER = timedelta(seconds=45)
"""After which, and the wait for a turn, nobody still sends what was begun: who did has died."""


class Next(StrEnum):
    """What to do about it."""

    SEND_ANEW = "send anew"
    """It is another one."""
    LOOK_AT_IT = "look at it"
    """What was made of it is known: is it as it was made?"""
    LOOK_FOR_IT = "look for it"
    """Nobody knows whether something was made. Until `again_at` it may still be; then it is sent again."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next."""

    next: Next
    again_at: datetime | None = None


def decide_next(post: SentPost, now: datetime, *, gone_after: timedelta = GONE_AFTER) -> Step:
    """About a POST that was sent before."""
    if abs(now - post.begun_at) >= SAME_WITHIN:
        return Step(Next.SEND_ANEW)
    if post.subject_id is not None:
        return Step(Next.LOOK_AT_IT)
    ended = post.ended_at
    return Step(Next.LOOK_FOR_IT, ended + DONE_WITHIN if ended is not None else post.begun_at + gone_after)
