"""Looking, without posting anything, whether the channels that Keydesk was given take its messages."""

from datetime import datetime
from functools import partial

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from desk.messages.channels import list_named_channels, note_channels
from desk.transaction import Actor, Desk, JobName
from handlers.delivery.slack.failures import OF_THE_PLACE
from handlers.slack.framework.error_codes import code_of
from handlers.slack.framework.retries import UNREACHABLE, problem_of, read_patiently

_log = structlog.get_logger(__name__)
_ACTOR = Actor.job(JobName.RECONCILE)


async def check_channels(client: AsyncWebClient, desk: Desk, _scheduled_at: datetime | None = None) -> None:
    """Say in the log, to owners and in `/readyz` which channels take no messages, and why. The job of each hour."""
    named = await desk.read(_ACTOR, list_named_channels)
    found: dict[str, str | None] = {}
    for channel, names in named.items():
        try:
            error = await find_hindrance(client, channel)
        except UNREACHABLE as failure:
            _log.warning("channel_not_checked", channel=channel, named_by=names, error=problem_of(failure))
            continue
        found[channel] = error
        if error is not None:
            _log.error("channel_takes_no_messages", channel=channel, named_by=names, error=error)
    await desk.write(_ACTOR, partial(note_channels, found=found))


async def find_hindrance(client: AsyncWebClient, channel: str) -> str | None:
    """Slack's word for why nothing can be posted into a channel, as far as reading tells; None: nothing is known.

    Raises as in `UNREACHABLE` when Slack cannot be asked.
    """
    try:
        answer = await read_patiently(lambda: client.conversations_info(channel=channel))
        return _hindrance_in(answer["channel"])
    except SlackApiError as refusal:
        if (error := _place_error(refusal)) is not None:
            return error
        if code_of(refusal) != "missing_scope":
            raise
    # Installed with the permissions of an earlier manifest: its history says at least whether Keydesk is in there.
    try:
        await read_patiently(lambda: client.conversations_history(channel=channel, limit=1))
    except SlackApiError as refusal:
        if (error := _place_error(refusal)) is not None:
            return error
        raise
    return None


def _hindrance_in(channel: dict[str, object]) -> str | None:
    if channel.get("is_archived") or channel.get("is_frozen"):
        return "is_archived"
    if channel.get("is_member") is False:
        return "not_in_channel"
    return "restricted_action_read_only_channel" if channel.get("is_read_only") else None


def _place_error(refusal: SlackApiError) -> str | None:
    error = code_of(refusal)
    return error if error in OF_THE_PLACE else None
