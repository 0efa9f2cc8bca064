"""Notices what other processes commit, so that mirrors follow within a second, and at once on PostgreSQL."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import structlog

from storage.background import end_task
from storage.database import NOTIFY_CHANNEL, Database, network_manners
from storage.mirror import Mirror, check_mirrors

_log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 1.0


class Watcher:
    """Keeps mirrors up to date from `start()` to `stop()`.

    It asks the database for its revisions at every interval, which needs one small query and works everywhere; on
    PostgreSQL it also listens, so that a change arrives at once. Only the answers to its questions count as proof
    that a mirror is up to date: a listener that hears nothing cannot know whether the line is dead.
    """

    def __init__(
        self,
        database: Database,
        mirrors: Sequence[Mirror[Any]],
        *,
        interval: timedelta = timedelta(seconds=1),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._mirrors = mirrors
        self._interval = interval.total_seconds()
        self._monotonic = monotonic
        self._nudged = asyncio.Event()
        self._failing = False
        self._tasks: list[asyncio.Task[None]] = []
        # A thread of its own: a busy pool must not make the mirrors look older than they are.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keydesk-watch")

    async def load(self) -> None:
        """Read every mirror for the first time. Raises what the database raises."""
        loop = asyncio.get_running_loop()
        for mirror in self._mirrors:
            await loop.run_in_executor(self._thread, mirror.reload)

    def start(self) -> None:
        """Begin to watch, until `stop()`. Failures are logged and tried again."""
        self._tasks.append(asyncio.create_task(self._ask(), name="revisions"))
        if self._database.engine.dialect.name == "postgresql":
            self._tasks.append(asyncio.create_task(self._listen(), name="listener"))

    async def stop(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            await end_task(task)
        # A question that is still being asked holds a connection, which whoever stops us closes next.
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)
        self._thread.shutdown(wait=False)

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._nudged.wait()
            self._nudged.clear()
            try:
                await loop.run_in_executor(self._thread, self._check)
            except Exception as error:
                if not self._failing:
                    _log.warning("mirrors_not_checked", error=str(error))
                self._failing = True
            else:
                if self._failing:
                    _log.info("mirrors_checked_again")
                self._failing = False

    def _check(self) -> None:
        check_mirrors(self._database, self._mirrors, monotonic=self._monotonic)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (psycopg.Error, OSError) as error:
                _log.warning("listener_lost", error=str(error))
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self) -> None:
        async with await self._connect() as connection:
            await connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
            # What was said while nobody listened is found by asking.
            self._nudged.set()
            async for _notification in connection.notifies():
                self._nudged.set()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        engine = self._database.engine
        arguments, options = engine.dialect.create_connect_args(engine.url)
        options.update(network_manners(engine.url))
        connecting = asyncio.create_task(psycopg.AsyncConnection.connect(*arguments, autocommit=True, **options))
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # psycopg does not close what is cancelled half-way, so it is let through and closed then.
            while not connecting.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([connecting])
            if connecting.exception() is None:
                await connecting.result().close()
            raise
