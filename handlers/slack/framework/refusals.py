"""What went wrong, in words for the person who waits, and before their time is over."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from desk.errors import KeydeskError, LateError
from storage.database import is_away
from storage.deadline import find_deadline

_log = structlog.get_logger(__name__)

T = TypeVar("T")
_ODD_SECONDS = 0.05
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


async def in_time(work: Awaitable[T]) -> T:
    """What a handler gives. Whatever it waits for, it is given up at the deadline: then TimeoutError."""
    deadline = find_deadline()
    # What asks for the deadline itself, as it should, has given up before and said more.
    left = None if deadline is None else max(deadline.answer - time.monotonic(), 0) + _ODD_SECONDS
    async with asyncio.timeout(left):
        return await work
