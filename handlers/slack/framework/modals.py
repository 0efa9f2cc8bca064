"""Opening and showing modals: the one thing that calls Slack before the acknowledgement, and so has little time.

An answer to a click goes into the modal that was clicked in, onto it, or into a new one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from desk.commands import slash
from desk.errors import KeydeskError
from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block
from handlers.slack.framework.error_codes import trouble_of
from handlers.slack.framework.payloads import BlockAction, SlackContext
from handlers.slack.framework.retries import UNREACHABLE
from storage.deadline import find_deadline, find_seconds_left

_log = structlog.get_logger(__name__)
_Call = Callable[[], Awaitable[object]]
_SECONDS = 2.0
_LISTS = frozenset({CallbackId.KEYS_LIST, CallbackId.INCIDENTS_LIST, CallbackId.DIGEST})
_SHOW_DRAFTS = frozenset({CallbackId.DRAFT, CallbackId.DRAFT_DOUBLES})


async def open_modal(slack: SlackContext, trigger_id: str, view: Block) -> None:
    """Open a modal for the person who clicked or typed. Raises KeydeskError that asks them to try again."""
    refusal = KeydeskError("Slack did not open the window in time.", _what_is_kept(view))
    await _in_time(partial(slack.client.views_open, trigger_id=trigger_id, view=view), view, refusal)


def _what_is_kept(view: Block) -> str:
    if view["callback_id"] in _SHOW_DRAFTS:
        return f"What you wrote is kept: {slash('incident drafts')} opens it."
    deadline = find_deadline()
    if deadline is not None and deadline.changed:
        return "What you asked for before is done all the same."
    return "Nothing was changed: please try again."


def is_in_modal(action: BlockAction) -> bool:
    """Whether the button was pressed in a modal, not in a message or on the Home tab."""
    return action.view is not None and action.view.get("type") == "modal"


async def show_modal(slack: SlackContext, action: BlockAction, view: Block) -> None:
    """Show a modal: over a list, in the place of any other modal, or as a new one. Raises KeydeskError."""
    if not is_in_modal(action):
        await open_modal(slack, action.trigger_id, view)
        return
    assert action.view is not None
    if action.view.get("callback_id") in _LISTS and view["callback_id"] not in _LISTS:
        call = partial(slack.client.views_push, trigger_id=action.trigger_id, view=view)
    else:
        call = partial(slack.client.views_update, view_id=action.view["id"], view=view)
    await _in_time(call, view, KeydeskError("Slack did not show the window in time.", "Please try again."))


async def _in_time(call: _Call, view: Block, refusal: KeydeskError) -> None:
    try:
        async with asyncio.timeout(find_seconds_left(most=_SECONDS)):
            await _past_a_cut(call)
    except UNREACHABLE as error:
        problem = problem_of(error)
        _log.warning("modal_not_shown", callback_id=view["callback_id"], problem=problem)
        raise _in_words(problem, refusal) from error


async def _past_a_cut(call: _Call) -> None:
    """The call, once more where its connection was cut: nobody knows then whether it reached Slack."""
    try:
        await call()
    except TimeoutError:
        raise
    except (ClientError, OSError):
        try:
            await call()
        except SlackApiError as error:
            # A trigger is good for one window, which stands on the screen since the first call.
            if problem_of(error) != "exchanged_trigger_id":
                raise


def _in_words(problem: str, late: KeydeskError) -> KeydeskError:
    """What to tell the person: `late`, unless Slack said that trying again is of no use."""
    trouble = trouble_of(problem)
    if trouble is Trouble.ACCOUNT:
        return KeydeskError(
            f"Slack lets Keydesk do nothing at present ({problem}).",
            f"Tell whoever runs Keydesk: the app has to be installed in this workspace again. {late.hint}",
        )
    if trouble is Trouble.CALL:
        return KeydeskError(
            f"Slack does not let Keydesk open windows ({problem}).",
            f"Tell whoever runs Keydesk: the app lacks a permission. {late.hint}",
        )
    if trouble is Trouble.MESSAGE:
        return KeydeskError(
            f"Slack refused the window itself ({problem}).",
            f"This is a mistake in Keydesk: please tell whoever runs it. {late.hint}",
        )
    return late


def problem_of(error: Exception) -> str:
    """What went wrong between us and Slack, in a word: Slack's own error code or the kind of exception."""
    # A broken answer of Slack's is text, not JSON.
    data = error.response.data if isinstance(error, SlackApiError) else None
    code = data.get("error") if isinstance(data, dict) else None
    return str(code or type(error).__name__)
