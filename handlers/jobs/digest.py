"""The weekly digest, as a job."""

from datetime import datetime
from functools import partial

from desk.digest.sent import compose_to_send, period_of, send_digest
from desk.transaction import Actor, Desk, JobName


async def send_weekly_digest(desk: Desk, scheduled_for: datetime) -> bool:
    """Send the digest that was due at `scheduled_for`. False when it went out before, from whichever replica."""
    job, period = Actor.job(JobName.DIGEST), period_of(scheduled_for, desk.policy)
    # Of very many keys it takes seconds, in which nobody shall wait to write.
    found = await desk.read(job, compose_to_send)
    return await desk.write(job, partial(send_digest, period=period, scheduled_for=scheduled_for, found=found))
