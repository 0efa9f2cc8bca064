"""The weekly digest, as a job."""

from datetime import datetime
from functools import partial

from desk.digest.sent import send_digest
from desk.transaction import Actor, Desk, JobName


async def send_weekly_digest(desk: Desk, scheduled_for: datetime) -> bool:
    """Send the digest that was due at `scheduled_for`. False when it went out before, from whichever replica.

    Its period is the day it was due in the organization's time zone, so a late run still is that day's digest.
    """
    period = scheduled_for.astimezone(desk.policy.time_zone).date().isoformat()
    work = partial(send_digest, period=period, scheduled_for=scheduled_for)
    return await desk.write(Actor.job(JobName.DIGEST), work)
