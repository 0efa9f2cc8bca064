"""Waiting for what other threads and processes do: on a condition, never for a fixed time."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], T], seconds: float = 20) -> T:
    """Ask until the answer is true and give that answer. Raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} seconds in vain")
        time.sleep(_POLL_SECONDS)
    return answer


async def eventually(condition: Callable[[], T], seconds: float = 20) -> T:
    """As `wait_until`, while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} seconds in vain")
        await asyncio.sleep(_POLL_SECONDS)
    return answer
