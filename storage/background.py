"""Background tasks, ended for certain."""

import asyncio
from collections.abc import Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 0.5
_THREAD_SECONDS = 2.0


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


async def finish(work: Coroutine[Any, Any, object], name: str, *, until: float) -> None:
    """Let work come to its end and, when the loop's clock shows `until`, cut it off. Raises what it raises."""
    task = asyncio.create_task(work, name=name)
    await finish_all([task], until=until)
    if task.done() and not task.cancelled():
        task.result()


async def finish_all(tasks: Collection[asyncio.Task[Any]], *, until: float) -> None:
    """As `finish`, for tasks that are under way; what they raise stays with them, unless they were cut off."""
    if not tasks:
        return
    patience = max(until - asyncio.get_running_loop().time(), 0)
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        _log.warning("cut_off", task=task.get_name())
        task.cancel()
    if late:
        # What does not even take that is left to the end of the process.
        await asyncio.wait(late, timeout=_PATIENCE_SECONDS)


async def wait_out(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Wait until all have ended; whoever is cancelled meanwhile cancels them."""
    if not tasks:
        return
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in list(tasks):
            task.cancel()
        await asyncio.wait(list(tasks))
        raise


async def end_thread(thread: ThreadPoolExecutor) -> None:
    """Let the one thread of a pool end what it has in hand, without waiting for ever, and begin nothing more."""
    done = asyncio.get_running_loop().run_in_executor(thread, _nothing)
    await asyncio.wait([done], timeout=_THREAD_SECONDS)
    thread.shutdown(wait=False, cancel_futures=True)


def _nothing() -> None:
    pass
