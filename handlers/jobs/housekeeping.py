"""Forgets what nobody will ask for again: handled events, delivered rows, finished runs, what is long over, and of
people what settings say. Never an audit event."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from desk.directory.forgetting import forget_left
from desk.transaction import Actor, Desk, JobName
from storage.jobs import forget_runs
from storage.lanes import forget_empty
from storage.outbox import forget_settled
from storage.posts import forget_posts
from storage.retention import (
    PIECE,
    find_old_days,
    find_old_digests,
    find_old_drafts,
    find_old_messages,
    forget_days,
    forget_digests,
    forget_drafts,
    forget_messages,
)
from storage.seen_events import forget_events
from storage.upstream_changes import forget_changes
from storage.upstream_posts import forget_upstream_posts
from storage.uses import forget_addresses

KEEP_EVENTS = timedelta(days=7)
"""Slack repeats an event within an hour or so."""
KEEP_DELIVERIES = timedelta(days=30)
KEEP_RUNS = timedelta(days=7)
KEEP_POSTS = timedelta(hours=1)

T = TypeVar("T")


async def tidy(desk: Desk, _scheduled_at: datetime) -> int:
    """Delete old rows in small batches; gives how many."""
    now = desk.clock.now()
    batches: tuple[Callable[[Session], int], ...] = (
        partial(forget_events, before=now - KEEP_EVENTS),
        partial(forget_settled, before=now - KEEP_DELIVERIES),
        partial(forget_changes, before=now - KEEP_DELIVERIES),
        partial(forget_empty, before=now - KEEP_DELIVERIES),
        partial(forget_runs, before=now - KEEP_RUNS, now=now),
        partial(forget_posts, before=now - KEEP_POSTS),
        partial(forget_upstream_posts, before=now - KEEP_POSTS),
    )
    keep = desk.policy.keep_addresses
    if keep is not None:
        batches = (*batches, partial(forget_addresses, before=now - keep))
    total = 0
    for batch in batches:
        while done := await desk.database.run_write(batch):
            total += done
    while left := await desk.write(Actor.job(JobName.RECONCILE), forget_left):
        total += left
    if desk.policy.keep_over is not None:
        total += await _forget_what_is_over(desk, now - desk.policy.keep_over)
    return total


async def _forget_what_is_over(desk: Desk, before: datetime) -> int:
    day = before.date()
    total = await _in_pieces(desk, partial(find_old_days, before=day), forget_days)
    total += await _in_pieces(
        desk, partial(find_old_messages, before=before), partial(forget_messages, before=before)
    )
    # What a message shows is kept as long as the message.
    total += await _in_pieces(desk, partial(find_old_drafts, before=before), partial(forget_drafts, before=before))
    return total + await _in_pieces(
        desk, partial(find_old_digests, before=before), partial(forget_digests, before=before)
    )


async def _in_pieces(
    desk: Desk, find: Callable[[Session], Sequence[T]], forget: Callable[[Session, Sequence[T]], int]
) -> int:
    """Forget all that is found, a few rows in each transaction: looking through a large table holds up no writer."""
    total = 0
    while found := await desk.database.run_read(find):
        done = 0
        for start in range(0, len(found), PIECE):
            done += await desk.database.run_write(partial(_call, forget, found[start : start + PIECE]))
        total += done
        if not done:
            break
    return total


def _call(forget: Callable[[Session, Sequence[T]], int], found: Sequence[T], session: Session) -> int:
    return forget(session, found)
