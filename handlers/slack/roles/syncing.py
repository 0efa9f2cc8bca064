"""Syncs that people start: done at once where Slack is quick, otherwise by the job, which tells them."""

import asyncio
from functools import partial

import structlog

from desk.directory.sync_steps import confirm_sync, request_sync
from desk.permissions import require_owner
from desk.transaction import Actor, Transaction
from handlers.jobs.reconcile import reconcile
from handlers.slack.blocks import Message, section
from handlers.slack.incoming import Front
from handlers.slack.reading import UNREACHABLE, problem_of
from handlers.slack.roles.sync_card import sync_message

_log = structlog.get_logger(__name__)
_PATIENCE_SECONDS = 2.0


async def sync_now(front: Front, actor: Actor) -> Message:
    """Read Slack's directory for an owner. Raises NotAllowedError."""
    sync_id = await front.desk.write(actor, _ask)
    return await _carry_out(front, actor, sync_id) or _later("write to you when it is done")


def _ask(tx: Transaction) -> str:
    require_owner(tx)
    return request_sync(tx).id


async def confirm_and_sync(front: Front, actor: Actor, sync_id: str, version: int | None) -> Message:
    """An owner's yes to a stopped sync, carried out at once if nothing has changed. Raises as `confirm_sync`."""
    await front.desk.write(actor, partial(confirm_sync, sync_id=sync_id, version=version))
    return await _carry_out(front, actor, sync_id) or _later("bring the owners' card up to date when it is done")


async def _carry_out(front: Front, actor: Actor, sync_id: str) -> Message | None:
    """What the sync came to; None when Slack takes too long, and the job goes on with it."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            report = await reconcile(front.client, front.desk, told=sync_id)
    except UNREACHABLE as error:
        _log.info("sync_left_to_job", sync_id=sync_id, error=problem_of(error))
        return None
    return await front.desk.read(actor, partial(sync_message, report=report))


def _later(then: str) -> Message:
    text = f":hourglass: Reading Slack takes longer than I may let you wait. I go on with it and {then}."
    return Message("The sync goes on.", [section(text)])
