"""What is said or shown after an answer, and may take longer than Slack waits for that."""

import asyncio
import time
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

import structlog

from storage.deadline import find_deadline, without_deadline

_log = structlog.get_logger(__name__)


class Afterwards:
    """Runs what nobody needs to wait for. None of it carries state: a kill loses words that stand elsewhere too."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._kept: set[asyncio.Task[Any]] = set()

    async def show(self, work: Coroutine[Any, Any, object]) -> None:
        """Do it, and wait for it as long as the answer may wait; it goes on by itself after that."""
        task = self.begin(work)
        deadline = find_deadline()
        await asyncio.wait([task], timeout=None if deadline is None else max(deadline.answer - time.monotonic(), 0))

    def begin(self, work: Coroutine[Any, Any, object], *, is_kept: bool = False) -> "asyncio.Task[Any]":
        """Do it, while others go on. A failure is logged. `is_kept`: it is gone on with later where it is cut off, so
        a stop does not wait for it."""
        with without_deadline():
            task = asyncio.create_task(work, context=copy_context())
        self._tasks.add(task)
        if is_kept:
            self._kept.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        self._kept.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("not_shown", exc_info=error)

    async def drain(self, seconds: float) -> None:
        """Let what has begun come to its end, and cut it off after so long."""
        kept = list(self._kept)
        for task in kept:
            task.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
