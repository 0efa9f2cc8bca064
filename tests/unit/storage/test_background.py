"""Ending background tasks."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from storage import background
from storage.background import end_task, end_thread, finish, wait_out


async def test_a_task_that_loses_its_first_cancellation_is_ended_all_the_same() -> None:
    """A task that swallows a cancellation, as Python's own wait_for can, is cancelled again until it ends."""
    swallowed: list[int] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(1)
                if len(swallowed) == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end_task(task)
    assert task.cancelled()
    assert len(swallowed) == 2


async def test_a_task_that_had_failed_is_reported_not_raised() -> None:
    """Whoever stops everything stops the rest too, and the log says what had failed."""

    async def failing() -> None:
        raise OSError("the line is dead")

    task = asyncio.create_task(failing(), name="listener")
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await end_task(task)
    assert [(entry["event"], entry["task"]) for entry in logs] == [("background_task_failed", "listener")]


async def test_what_takes_too_long_is_cut_off_with_all_that_it_waits_for() -> None:
    """Whoever waits for others cancels them when it is cancelled, and an error of what came to its end is raised."""
    never = [asyncio.create_task(asyncio.Event().wait()) for _ in range(2)]
    now = asyncio.get_running_loop().time()
    with capture_logs() as logs:
        await finish(wait_out(never), "waiting", until=now + 0.02)
    assert [entry["task"] for entry in logs] == ["waiting"]
    assert all(task.cancelled() for task in never)
    await wait_out([])

    async def fail() -> None:
        raise LookupError("failed")

    with pytest.raises(LookupError):
        await finish(fail(), "failing", until=now + 20)


async def test_a_thread_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has in hand is left to the end of the process, and nothing more is begun."""
    monkeypatch.setattr(background, "_THREAD_SECONDS", 0.02)
    thread, release, begun = ThreadPoolExecutor(1), threading.Event(), list[int]()
    thread.submit(release.wait)
    thread.submit(begun.append, 1)
    await end_thread(thread)
    release.set()
    thread.shutdown(wait=True)
    assert begun == []
