"""What went wrong, in words for the person who waits, and before their time is over."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

import structlog

from desk.errors import KeydeskError, LateError
from desk.transaction import Desk
from handlers.slack.framework.blocks import Message, section
from storage.database import is_away
from storage.deadline import answer_within, find_deadline, without_deadline

_log = structlog.get_logger(__name__)

T = TypeVar("T")
_ODD_SECONDS = 0.05
_LOOK_SECONDS = 0.3
_TRY_AGAIN = "Please try again in a moment. If it stays so, tell an operator."


def _unknown(error: Exception) -> KeydeskError:
    reference = secrets.token_hex(4)
    _log.error("unexpected_error", reference=reference, exc_info=error)
    return KeydeskError(
        f"Something went wrong on our side; {_what_changed()}.",
        f"Please try again, and tell an operator the reference {reference} if it stays so.",
    )


def _what_changed() -> str:
    deadline = find_deadline()
    if deadline is None or not deadline.changed:
        return "nothing was changed by this click"
    return "what was done before is kept, so look where things stand first"


def as_refusal(error: Exception) -> KeydeskError:
    """What to tell of an error. One that is none of ours is logged under a reference."""
    if isinstance(error, LateError | TimeoutError):
        deadline = find_deadline()
        _log.warning("answered_late", changed=deadline is not None and deadline.changed)
        return KeydeskError(f"This took too long; {_what_changed()}.", LateError().hint)
    if is_away(error):
        _log.warning("database_away", error=error)
        return KeydeskError(f"Keydesk's database does not answer at the moment; {_what_changed()}.", _TRY_AGAIN)
    return error if isinstance(error, KeydeskError) else _unknown(error)


async def find_done(desk: Desk, error: Exception) -> Message | None:
    """What to say instead of a refusal where what was asked for is done: Slack delivers things twice, and another
    delivery of the same may have been quicker. None where this one is not known to be such."""
    deadline = find_deadline()
    if not isinstance(error, KeydeskError | TimeoutError) or deadline is None or deadline.changed:
        return None
    if (request := deadline.request) is None or not await _was_done(desk, request):
        return None
    _log.warning("answered_twice")
    text = "This is done already: Slack delivered it to me twice"
    return Message(text, [section(f":white_check_mark: {text}, and the other delivery was quicker.")])


async def _was_done(desk: Desk, request: str) -> bool:
    # Whoever is late already has a moment for this, and whoever cannot look says no more than was so here.
    with without_deadline(), suppress(Exception), answer_within(_LOOK_SECONDS):
        return await desk.was_done(request)
    return False


async def in_time(work: Awaitable[T]) -> T:
    """What a handler gives. Whatever it waits for, it is given up at the deadline: then TimeoutError."""
    deadline = find_deadline()
    # What asks for the deadline itself, as it should, has given up before and said more.
    left = None if deadline is None else max(deadline.answer - time.monotonic(), 0) + _ODD_SECONDS
    async with asyncio.timeout(left):
        return await work
