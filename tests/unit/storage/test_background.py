"""Ending background tasks."""

import asyncio

from structlog.testing import capture_logs

from storage.background import end_task


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
