"""The scheduled jobs, each with its schedule."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from desk.transaction import Desk
from handlers.http.gateway.assembly import UpstreamParts
from handlers.jobs.channels import check_channels
from handlers.jobs.copies import follow_upstream
from handlers.jobs.digest import send_weekly_digest
from handlers.jobs.housekeeping import tidy
from handlers.jobs.reconcile import reconcile_by_schedule, run_due_syncs
from handlers.jobs.schedule import Every, Weekly
from handlers.jobs.scheduler import Job
from handlers.jobs.sweep import sweep


def list_jobs(desk: Desk, client: AsyncWebClient, upstreams: UpstreamParts) -> Sequence[Job]:
    """Every job that the scheduler runs."""
    policy = desk.policy
    copy = partial(follow_upstream, upstreams.client, upstreams.book, desk, upstreams.hear_refused)
    weekly = Weekly(policy.digest_day, policy.digest_time, policy.time_zone)
    return (
        Job("sweep", Every(timedelta(minutes=1)), partial(sweep, desk), is_final=True),
        Job("digest", weekly, partial(send_weekly_digest, desk), is_final=True),
        Job("reconcile", Every(timedelta(hours=1)), partial(reconcile_by_schedule, client, desk)),
        Job("syncs", Every(timedelta(minutes=1)), partial(run_due_syncs, client, desk)),
        Job("channels", Every(timedelta(hours=1)), partial(check_channels, client, desk)),
        Job("copies", Every(timedelta(minutes=5)), copy),
        Job("tidy", Every(timedelta(days=1)), partial(tidy, desk), is_final=True),
    )
