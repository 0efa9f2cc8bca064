"""Background tasks, ended for certain."""

import asyncio
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 0.5


async def end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended. An error that it ended with is logged, not raised.

    One cancellation is not always enough: `asyncio.wait_for` of Python 3.11, which psycopg uses too, loses it when
    what it waits for arrives at the same instant.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE_SECONDS)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background_task_failed", task=task.get_name(), exc_info=error)
