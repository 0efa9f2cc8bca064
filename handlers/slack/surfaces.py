"""Where an answer to a click goes: into the modal that was clicked in, onto it, or into a new one."""

import asyncio

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from desk.errors import KeydeskError
from handlers.slack.action_ids import CallbackId
from handlers.slack.blocks import Block
from handlers.slack.incoming import Click, Front
from handlers.slack.modals import open_modal, problem_of

_log = structlog.get_logger(__name__)
_SECONDS = 2.0
_LISTS = frozenset({str(CallbackId.KEYS_LIST), str(CallbackId.INCIDENTS_LIST), str(CallbackId.DIGEST)})


def is_in_modal(click: Click) -> bool:
    """Whether the button was pressed in a modal, not in a message or on the Home tab."""
    return click.view is not None and click.view.get("type") == "modal"


async def show_modal(front: Front, click: Click, view: Block) -> None:
    """Show a modal: over a list, in the place of any other modal, or as a new one. Raises KeydeskError."""
    if not is_in_modal(click):
        await open_modal(front, click.trigger_id, view)
        return
    assert click.view is not None
    over_list = click.view.get("callback_id") in _LISTS and view["callback_id"] not in _LISTS
    try:
        async with asyncio.timeout(_SECONDS):
            if over_list:
                await front.client.views_push(trigger_id=click.trigger_id, view=view)
            else:
                await front.client.views_update(view_id=click.view["id"], view=view)
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        _log.warning("modal_not_shown", callback_id=view["callback_id"], problem=problem_of(error))
        raise KeydeskError("Slack did not show the window in time.", "Please try again.") from error
