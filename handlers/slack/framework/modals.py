"""Opening modals: the one thing that calls Slack before the acknowledgement, and so has little time."""

import asyncio

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from desk.errors import KeydeskError
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block
from handlers.slack.framework.payloads import BlockAction, SlackContext

_log = structlog.get_logger(__name__)
_SECONDS = 2.0
_UNCHANGED = "Nothing was changed: please try again."
_LISTS = frozenset({str(CallbackId.KEYS_LIST), str(CallbackId.INCIDENTS_LIST), str(CallbackId.DIGEST)})
_SHOW_DRAFTS = frozenset({str(CallbackId.DRAFT), str(CallbackId.DRAFT_DOUBLES)})


async def open_modal(slack: SlackContext, trigger_id: str, view: Block) -> None:
    """Open a modal for the person who clicked or typed. Raises KeydeskError that asks them to try again."""
    try:
        async with asyncio.timeout(_SECONDS):
            await slack.client.views_open(trigger_id=trigger_id, view=view)
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        _log.warning("modal_not_opened", callback_id=view["callback_id"], problem=problem_of(error))
        kept = view["callback_id"] in _SHOW_DRAFTS
        told = "What you wrote is kept: /incident drafts opens it." if kept else _UNCHANGED
        raise KeydeskError("Slack did not open the window in time.", told) from error


def problem_of(error: Exception) -> str:
    """What went wrong between us and Slack, in a word: Slack's own error code or the kind of exception."""
    # A broken answer of Slack's is text, not JSON.
    data = error.response.data if isinstance(error, SlackApiError) else None
    code = data.get("error") if isinstance(data, dict) else None
    return str(code or type(error).__name__)


def is_in_modal(action: BlockAction) -> bool:
    """Whether the button was pressed in a modal, not in a message or on the Home tab."""
    return action.view is not None and action.view.get("type") == "modal"


async def show_modal(slack: SlackContext, action: BlockAction, view: Block) -> None:
    """Show a modal: over a list, in the place of any other modal, or as a new one. Raises KeydeskError."""
    if not is_in_modal(action):
        await open_modal(slack, action.trigger_id, view)
        return
    assert action.view is not None
    over_list = action.view.get("callback_id") in _LISTS and view["callback_id"] not in _LISTS
    try:
        async with asyncio.timeout(_SECONDS):
            if over_list:
                await slack.client.views_push(trigger_id=action.trigger_id, view=view)
            else:
                await slack.client.views_update(view_id=action.view["id"], view=view)
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        _log.warning("modal_not_shown", callback_id=view["callback_id"], problem=problem_of(error))
        raise KeydeskError("Slack did not show the window in time.", "Please try again.") from error
