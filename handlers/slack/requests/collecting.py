"""*Collect*: a key is made and shown once, and only where a window is known to be open for it.

The order is the promise. A window is opened first; then the key is made, in one transaction; then the window shows
it; then it is noted that it was shown. Whatever goes wrong after the key was made, and whenever it is not known
whether the window shows it, the key is void and can be collected anew. The secret goes into that one call to Slack
and nowhere else: no log, no message, no private metadata.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from time import monotonic

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from desk.durations import in_words
from desk.errors import KeydeskError, UnknownOutcomeError
from desk.keys.collecting import UNSEEN_AFTER, mark_revealed, mint_for_ticket, return_unseen
from desk.keys.tickets import check_collection, say_window_was_not_opened
from desk.transaction import Actor, Transaction
from handlers.slack.framework.blocks import Block, Message
from handlers.slack.framework.messages import error_message
from handlers.slack.framework.modals import problem_of
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.requests.key_window import (
    render_failure_window,
    render_key_window,
    render_preparing_window,
    render_void_window,
    void_message,
)
from storage.deadline import find_seconds_left

_log = structlog.get_logger(__name__)

_OPEN_SECONDS = 1.3
_WHOLE_SECONDS = 2.1
"""Slack waits three seconds for the acknowledgement, which follows when all is done."""
_VOID_SECONDS = 0.2
"""What is left then for making a key void that was not shown."""
_LEAST_SECONDS = 0.3

# Slack's client describes every call at the level DEBUG, and one of these calls carries a secret.
_silent = logging.getLogger("keydesk.collect")
_silent.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class _Collected:
    """A key that was just made, and the window that shows it."""

    key_id: str
    window: Block


class _Window:
    """One person's window, within the time that Slack leaves for a click."""

    def __init__(self, slack: SlackContext) -> None:
        client = slack.client
        # A client of its own: the usual one tries again by itself after a lost connection, which could show a key
        # after it was made void, and it waits far longer than a click has.
        self._client = AsyncWebClient(
            token=client.token,
            base_url=client.base_url,
            session=client.session,
            ssl=client.ssl,
            retry_handlers=[],
            logger=_silent,
        )
        # Given as None, it would look for one itself.
        self._client.proxy = client.proxy
        left = find_seconds_left(most=_WHOLE_SECONDS + _VOID_SECONDS) or 0
        self._until = monotonic() + left - _VOID_SECONDS
        self._view_id = ""

    async def open(self, trigger_id: str) -> bool:
        """Open the window that asks for patience; False when it is not known to be open."""
        try:
            async with asyncio.timeout(find_seconds_left(most=_OPEN_SECONDS)):
                answer = await self._client.views_open(trigger_id=trigger_id, view=render_preparing_window())
        except Exception as error:
            _log.warning("key_window_not_opened", problem=problem_of(error))
            return False
        self._view_id = answer["view"]["id"]
        return True

    async def show(self, view: Block, *, least: float = 0) -> bool:
        """Show `view` in the window; False when Slack did not say in time that it does.

        However late it is, it is tried for `least` seconds.
        """
        try:
            async with asyncio.timeout(max(self._until - monotonic(), least)):
                await self._client.views_update(view_id=self._view_id, view=view)
        except Exception as error:
            # Not the error itself: Slack's answer could repeat what was sent.
            _log.warning("key_window_not_updated", problem=problem_of(error))
            return False
        return True


async def press_collect(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Collect my key*."""
    ticket_id = action.subject
    # A double click would open a second window over the one that shows the key. The database alone decides who
    # collects; this only keeps the window in sight. What the ticket is now is read after it: read before, it could be
    # from before another click that has just come to its end.
    if ticket_id in slack.collecting:
        return error_message(KeydeskError("Your key is being prepared in the window that opened."))
    slack.collecting.add(ticket_id)
    try:
        await slack.desk.read(action.actor, partial(check_collection, ticket_id=ticket_id))
        return await _collect(slack, action, ticket_id)
    finally:
        slack.collecting.discard(ticket_id)


async def _collect(slack: SlackContext, action: BlockAction, ticket_id: str) -> Message | None:
    window = _Window(slack)
    if not await window.open(action.trigger_id):
        return await _say_not_opened(slack, action, ticket_id)
    try:
        collected = await slack.desk.write(action.actor, partial(_mint, ticket_id=ticket_id))
    except KeydeskError as refusal:
        await window.show(render_failure_window(error_message(refusal)))
        return None
    except UnknownOutcomeError:
        # Should the commit have gone through after all, the sweep finds a key that nobody saw and makes it void.
        await window.show(render_failure_window(void_message()), least=_LEAST_SECONDS)
        return None
    except Exception:
        await window.show(render_failure_window(void_message()))
        raise
    # What follows is done also when the person's time is over: without it the key would be void only after minutes.
    if await window.show(collected.window, least=_LEAST_SECONDS):
        await slack.afterwards.show(_note_revealed(slack, action, collected.key_id, window))
    else:
        await slack.afterwards.show(_return(slack, action, collected.key_id, window))
    return None


async def _return(slack: SlackContext, action: BlockAction, key_id: str, window: _Window) -> None:
    await slack.desk.write(action.actor, partial(return_unseen, key_id=key_id))
    await window.show(render_void_window(), least=_LEAST_SECONDS)


def _mint(tx: Transaction, ticket_id: str) -> _Collected:
    key, secret = mint_for_ticket(tx, ticket_id)
    return _Collected(key.id, render_key_window(tx, key, secret))


async def _note_revealed(slack: SlackContext, action: BlockAction, key_id: str, window: _Window) -> None:
    try:
        good = await slack.desk.write(action.actor, partial(mark_revealed, key_id=key_id))
    except Exception as error:
        # Closing the window, or using the key, says the same; without either the key is void in a moment.
        _log.error("reveal_not_noted", key_id=key_id, problem=type(error).__name__, void_after=in_words(UNSEEN_AFTER))
        return
    if not good:
        await window.show(render_void_window())


async def _say_not_opened(slack: SlackContext, action: BlockAction, ticket_id: str) -> Message | None:
    if action.response_url:
        return error_message(
            KeydeskError("Slack could not open the window for your key, so none was made.", "Please press again.")
        )
    await slack.desk.write(action.actor, partial(say_window_was_not_opened, ticket_id=ticket_id))
    return None


async def submit_stored(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """*I have stored it*: the person has seen the key."""
    if await slack.desk.write(submission.actor, partial(mark_revealed, key_id=submission.private_metadata)):
        return None
    return Answer(view=render_void_window())


async def close_window(slack: SlackContext, user_id: str, key_id: str) -> None:
    """The window was closed; if it showed a key, the person has seen it."""
    if key_id:
        await slack.desk.write(Actor.member(user_id), partial(mark_revealed, key_id=key_id))
