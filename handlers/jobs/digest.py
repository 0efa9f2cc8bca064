"""The weekly digest, as a job."""

from datetime import datetime
from functools import partial

from desk.digest.sent import period_of, send_digest
from desk.transaction import Actor, Desk, JobName


async def send_weekly_digest(desk: Desk, scheduled_for: datetime) -> bool:
    """Send the digest that was due at `scheduled_for`. False when it went out before, from whichever replica."""
    work = partial(send_digest, period=period_of(scheduled_for, desk.policy), scheduled_for=scheduled_for)
    return await desk.write(Actor.job(JobName.DIGEST), work)
