"""Notices what other processes commit, so that mirrors follow at once: within a tenth of a second on SQLite."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from storage.attempts import NOTIFY_CHANNEL
from storage.background import end_task, end_thread
from storage.database import Database
from storage.engine import network_manners
from storage.mirror import Mirror, check_mirrors

_log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 1.0
_GLANCE_SECONDS = 0.1
"""How often SQLite is asked whether anybody committed: a look at shared memory, without a query."""


class Glance:
    """Tells on SQLite, where nobody sends notifications, whether any other connection has committed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None
        self._seen: object = None

    def look(self) -> bool:
        """Whether somebody committed since the last look, or there was none. Raises what the database raises."""
        if self._connection is None:
            self._connection, self._seen = self._engine.raw_connection(), None
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            [[version]] = cursor.fetchall()
        finally:
            cursor.close()
        before, self._seen = self._seen, version
        return bool(version != before)

    def close(self) -> None:
        """Give the connection back; the next look takes another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Question(asyncio.Event):
    """Set when it was asked, with an answer or without."""

    is_answered = False


class Watcher:
    """Keeps mirrors up to date from `start()` to `stop()`.

    It asks the database for its revisions at every interval, which needs one small query and works everywhere. On
    PostgreSQL it also listens, and on SQLite it glances ten times a second, so as to ask when there is something to
    learn. Only the answers to its questions count as proof that a mirror is up to date: a listener that hears nothing
    cannot know whether the line is dead. For longer than `patience` nobody waits who wants to catch up: a database
    that is slow must not make everything slow.
    """

    def __init__(
        self,
        database: Database,
        mirrors: Sequence[Mirror[Any]],
        *,
        interval: timedelta = timedelta(seconds=1),
        patience: timedelta = timedelta(seconds=1),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._mirrors = mirrors
        self._interval = interval.total_seconds()
        self._patience = patience.total_seconds()
        self._monotonic = monotonic
        self._nudged = asyncio.Event()
        self._glance = Glance(database.engine)
        self._failing = False
        self._tasks: list[asyncio.Task[None]] = []
        # A thread of its own: a busy pool must not make the mirrors look older than they are.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keydesk-watch")
        self._next: _Question | None = None
        self._answering: asyncio.Task[None] | None = None

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
        else:
            self._tasks.append(asyncio.create_task(self._look(), name="glance"))

    async def stop(self) -> None:
        """Watch no more."""
        for task in (*self._tasks, *([self._answering] if self._answering else [])):
            await end_task(task)
        # A question that is still being asked holds a connection, which whoever stops us closes next.
        self._thread.submit(self._glance.close)
        await end_thread(self._thread)

    async def catch_up(self) -> bool:
        """Wait until the mirrors have what was committed anywhere before this call; False when patience is over.

        However many wait, one question is under way and one is next, which everybody shares who came meanwhile.
        """
        if self._next is None:
            self._next = _Question()
            if self._answering is None or self._answering.done():
                self._answering = asyncio.create_task(self._answer(), name="catching up")
        # An event of their own future each: whoever gives up takes nobody else along.
        question = self._next
        await question.wait()
        return question.is_answered

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while (waiting := self._next) is not None:
            # Whoever comes from here on may learn of something that this question is too early for.
            self._next = None
            try:
                # The questions at every interval fail as well where this one does, and say so.
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(self._patience):
                        await loop.run_in_executor(self._thread, self._check)
                    waiting.is_answered = True
            finally:
                waiting.set()

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
                    _log.warning("mirrors_not_checked", error=error)
                self._failing = True
            else:
                if self._failing:
                    _log.info("mirrors_checked_again")
                self._failing = False

    def _check(self) -> None:
        check_mirrors(self._database, self._mirrors, monotonic=self._monotonic)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                if await loop.run_in_executor(self._thread, self._glance.look):
                    self._nudged.set()
            except (SQLAlchemyError, sqlite3.Error, OSError):
                # The questions fail as well then, and say so.
                self._glance.close()
            await asyncio.sleep(_GLANCE_SECONDS)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (psycopg.Error, OSError) as error:
                _log.warning("listener_lost", error=error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self) -> None:
        async with await self._connect() as connection:
            await connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
            # What was said while nobody listened is found by asking.
            self._nudged.set()
            async for _notification in connection.notifies():
                self._nudged.set()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        where = self._database.direct
        arguments, options = self._database.engine.dialect.create_connect_args(where)
        options.update(network_manners(where))
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
