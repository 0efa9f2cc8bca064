"""Reading Slack's whole directory again, so that nothing stays wrong that an event failed to tell."""

from dataclasses import asdict, replace
from datetime import datetime
from functools import partial

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from desk.directory.groups import SeenGroup, group_versions, list_granted_groups
from desk.directory.sync_steps import finish_requests, list_due_syncs, request_sync
from desk.directory.syncs import Snapshot, SyncReport, apply_snapshot, in_batches, take_groups, take_people
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.slack.directory.reading import read_groups, read_people, team_of
from handlers.slack.framework.retries import UNREACHABLE, problem_of

_log = structlog.get_logger(__name__)

RECONCILE = Actor.job(JobName.RECONCILE)


async def reconcile(client: AsyncWebClient, desk: Desk, *, told: str | None = None) -> SyncReport:
    """Read everybody and every group from Slack, apply it or stop in part and ask the owners, and say what was found.

    No transaction spans a call to Slack. Whoever asked for a sync meanwhile is told, except for the request `told`.
    """
    due = await desk.read(RECONCILE, list_due_syncs)
    team_id = await team_of(client, desk)
    granted = await desk.read(RECONCILE, list_granted_groups)
    versions = await desk.read(RECONCILE, group_versions)
    snapshot = await _read_people(client, desk, team_id)
    groups = await read_groups(client, team_id, granted=granted, versions=versions)
    # Groups without roles first, a few at a time: nothing depends on them.
    with_roles: list[SeenGroup] = []
    for batch in in_batches(groups):
        with_roles += await desk.write(RECONCILE, partial(take_groups, seen=batch))
    complete = replace(snapshot, groups=with_roles, groups_taken=len(groups) - len(with_roles))

    def work(tx: Transaction) -> SyncReport:
        report = apply_snapshot(tx, complete)
        finish_requests(tx, due, asdict(report), told=told)
        return report

    report = await desk.write(RECONCILE, work)
    _log.info("directory_read", **{name: value for name, value in asdict(report).items() if value})
    return report


async def _read_people(client: AsyncWebClient, desk: Desk, team_id: str) -> Snapshot:
    flipped, people = [], 0
    try:
        async for page in read_people(client, team_id):
            flipped += await desk.write(RECONCILE, partial(take_people, seen=page))
            people += len(page)
    except UNREACHABLE as error:
        _log.warning("people_not_read", error=problem_of(error), read=people)
        return Snapshot(flipped=flipped, groups=(), people=people, people_problem=problem_of(error))
    return Snapshot(flipped=flipped, groups=(), people=people)


async def reconcile_at_start(client: AsyncWebClient, desk: Desk) -> SyncReport | None:
    """The first reading after a start, which also appoints the first owners.

    When Slack cannot be read, the desk goes on with what it knows and the reading is asked for again.
    """
    try:
        report = await reconcile(client, desk)
    except UNREACHABLE as error:
        _log.warning("directory_not_read", error=problem_of(error))
        report = None
    if report is None or report.people_problem:
        await desk.write(RECONCILE, request_sync)
    return report


async def reconcile_by_schedule(client: AsyncWebClient, desk: Desk, _scheduled_at: datetime) -> SyncReport:
    """The job of each hour."""
    return await reconcile(client, desk)


async def run_due_syncs(client: AsyncWebClient, desk: Desk, _scheduled_at: datetime) -> bool:
    """The job of each minute: reconcile when somebody asked for it or an owner confirmed a stopped sync."""
    if not await desk.read(RECONCILE, list_due_syncs):
        return False
    await reconcile(client, desk)
    return True
