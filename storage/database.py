"""Transactions.

The engine is synchronous and asynchronous callers go through a small pool of threads: on SQLite that
takes about half the time of the asynchronous driver, on PostgreSQL about the same, and the rules of the desk stay
plain functions (`bench/database.py` repeats the measurement).
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from copy import copy
from functools import partial
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from storage.attempts import Attempt, UncertainError, commit, find_outcome
from storage.deadline import TooLateError, find_deadline, find_seconds_left, require_time
from storage.engine import make_engine
from storage.locks import ONLY_READS
from storage.organizations import EVERYWHERE, OrganizationSession
from storage.room import Room, is_for_want_of_room
from storage.signals import Topic, signalled

T = TypeVar("T")
CommitListener = Callable[[frozenset[Topic]], None]

AWAY = (InterfaceError, OperationalError, PoolTimeoutError)
"""What is raised where the database cannot be reached, gives up or has no connection left: not now, perhaps later."""

_AWAY_STATES = ("08", "53", "57P")
"""What PostgreSQL's error codes begin with where the server is going, full or not to be reached."""


def is_away(error: object) -> bool:
    """Whether an error says that the database is not there now, whatever its words are."""
    if isinstance(error, OperationalError | InterfaceError):
        error = error.orig
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return error.sqlstate is None or error.sqlstate.startswith(_AWAY_STATES)
    if isinstance(error, sqlite3.OperationalError):
        # What Python itself cannot read of an answer has no code.
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF != sqlite3.SQLITE_ERROR
    return isinstance(error, PoolTimeoutError)


def is_damaged(error: object) -> bool:
    """Whether an error says that what is there is no database, or none that can be read."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


_CLOSE_SECONDS = 0.05
"""So near to the deadline, what the database refuses is refused because of it: its clock is not ours."""


class Database:
    """Transactions on one engine. Give `listen` a callable to learn, after each commit, which topics changed.

    `of(organization)` is the same database as one organization sees it, and `everywhere` as it is. What is neither
    gives no row that belongs to an organization.
    """

    def __init__(self, engine: Engine, *, threads: int = 4, direct: URL | None = None) -> None:
        self.engine = engine
        self.direct = direct or engine.url
        """Where a connection stays one's own: a pooler hands them on after each transaction."""
        self.room = Room(engine)
        # Apart from each other, so that what nobody waits for takes no thread from what somebody does.
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="keydesk-db")
        self._background = ThreadPoolExecutor(threads, thread_name_prefix="keydesk-background")
        self._listeners: list[CommitListener] = []
        self._known: dict[str, Database] = {}
        self._reach(None)
        # SQLite has one writer at a time, and those who wait for it sleep and look again, up to 100 ms at a stretch.
        # Within a process they queue here instead and go on at once: with four threads, several times the commits.
        self._turn = threading.RLock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def from_url(cls, url: str | URL, *, threads: int = 4, direct: str | None = None) -> "Database":
        """A database at an SQLAlchemy address. With `direct` it is a pooler's, and PostgreSQL itself is there."""
        engine = make_engine(url, threads=threads, pooled=direct is not None)
        return cls(engine, threads=threads, direct=make_url(direct) if direct is not None else None)

    def of(self, organization: str) -> "Database":
        """The same database, restricted to the rows of one organization, which new ones become too."""
        if organization not in self._known:
            database = copy(self)
            database._reach(organization)
            self._known[organization] = database
        return self._known[organization]

    @property
    def everywhere(self) -> "Database":
        """The same database with the rows of all organizations; a new row must say whose it is."""
        return self.of(EVERYWHERE)

    def _reach(self, organization: str | None) -> None:
        self.organization = organization
        options: dict[str, Any] = {
            "class_": OrganizationSession,
            "organization": organization,
            "expire_on_commit": False,
        }
        self._writers = sessionmaker(self.engine, **options)
        reading = self.engine.execution_options(keydesk_writes=False)
        self._readers = sessionmaker(reading, autoflush=False, info={ONLY_READS: True}, **options)

    def listen(self, listener: CommitListener) -> None:
        """Call `listener` after each commit that signalled something, in the thread that committed."""
        self._listeners.append(listener)

    @contextmanager
    def write(self, attempt: Attempt | None = None) -> Iterator[Session]:
        """One write transaction: committed at the end of the block, rolled back when it raises.

        Raises TooLateError when the deadline passed, or the attempt was given up, before it could commit, and
        UncertainError when it is not known whether it did.
        """
        with _in_time(), self._room_noted(), self._in_turn(), self._writers() as session, session.begin():
            yield session
            session.flush()
            topics = signalled(session)
            if commit(session, topics, attempt or Attempt()):
                self.room.note_success()
        if topics:
            for listener in self._listeners:
                listener(topics)

    @contextmanager
    def _room_noted(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if is_for_want_of_room(error):
                self.room.note_refusal()
            raise

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        left = find_seconds_left()
        if not self._turn.acquire(timeout=-1 if left is None else left):
            raise TooLateError
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One read transaction; nothing that is changed in it is kept. Raises TooLateError."""
        # Closing ends the transaction and, unlike a rollback, leaves what was read readable.
        with _in_time(), self._readers() as session:
            yield session

    async def run_write(self, work: Callable[[Session], T]) -> T:
        """`work` in one write transaction, in a thread of the pool. Raises as `write` does, in time.

        Where that raises TooLateError, the transaction never commits, however long its thread still goes on.
        """
        attempt = Attempt()

        def call() -> T:
            with self.write(attempt) as session:
                return work(session)

        return await self._in_thread(call, attempt)

    async def run_read(self, work: Callable[[Session], T]) -> T:
        """`work` in one read transaction, in a thread of the pool. Raises TooLateError in time."""

        def call() -> T:
            with self.read() as session:
                return work(session)

        return await self._in_thread(call, None)

    async def _in_thread(self, call: Callable[[], T], attempt: Attempt | None) -> T:
        deadline = find_deadline()
        threads = self._background if deadline is None else self._threads
        running = threads.submit(copy_context().run, call)
        waited = asyncio.wrap_future(running)
        if deadline is None:
            # A request that is cancelled must not look undone while its commit goes through.
            return await asyncio.shield(waited)
        # Of what is given up, nobody asks how it ended.
        waited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            await asyncio.wait([waited], timeout=find_seconds_left())
            if not waited.done():
                if attempt is None or attempt.give_up():
                    raise TooLateError
                await asyncio.wait([waited], timeout=max(deadline.answer - time.monotonic(), 0))
            if waited.done():
                return await waited
        except asyncio.CancelledError:
            if attempt is None or attempt.give_up():
                raise
        finally:
            # What still waits for a thread must not begin.
            running.cancel()
        assert attempt is not None
        raise UncertainError(partial(find_outcome, self.engine, attempt, running), attempt.transaction_id)

    def close(self) -> None:
        """Wait for running transactions and close every connection."""
        self._threads.shutdown(wait=True)
        self._background.shutdown(wait=True)
        self.engine.dispose()


@contextmanager
def _in_time() -> Iterator[None]:
    """What the database refuses at the end of the deadline is refused because of it."""
    require_time()
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        left = find_seconds_left()
        if left is not None and (left <= _CLOSE_SECONDS or _is_silence(error)):
            raise TooLateError from error
        raise


def _is_silence(error: SQLAlchemyError) -> bool:
    """Whether no connection could be had in the time that a deadline leaves for it."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.ConnectionTimeout)
