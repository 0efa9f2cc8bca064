"""Forgets what nobody will ask for again: handled events, delivered rows, finished runs, and of people what settings
say. Never an audit event."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from desk.directory.forgetting import forget_left
from desk.transaction import Actor, Desk, JobName
from storage.jobs import forget_runs
from storage.lanes import forget_empty
from storage.outbox import forget_settled
from storage.posts import forget_posts
from storage.seen_events import forget_events
from storage.upstream_changes import forget_changes
from storage.upstream_posts import forget_upstream_posts
from storage.uses import forget_addresses

KEEP_EVENTS = timedelta(days=7)
"""Slack repeats an event within an hour or so."""
KEEP_DELIVERIES = timedelta(days=30)
KEEP_RUNS = timedelta(days=7)
KEEP_POSTS = timedelta(hours=1)


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
    return total
