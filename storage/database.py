"""The engine and its transactions.

The engine is synchronous and asynchronous callers go through a small pool of threads: on SQLite that
takes about half the time of the asynchronous driver, on PostgreSQL about the same, and the rules of the desk stay
plain functions (`bench/database.py` repeats the measurement).
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from storage.folding import COLLATION, COLLATIONS, SQLITE_FUNCTION, fold
from storage.organizations import EVERYWHERE, OrganizationSession
from storage.signals import Topic, signalled

T = TypeVar("T")
CommitListener = Callable[[frozenset[Topic]], None]

NOTIFY_CHANNEL = "keydesk"
_BUSY_TIMEOUT_MS = 5_000
_NETWORK_MANNERS: dict[str, int] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""libpq's options for a line that goes dead without a word: noticed in seconds, not in a quarter of an hour."""


def _encode(value: object) -> str:
    def default(item: object) -> str:
        if isinstance(item, datetime | date):
            return item.isoformat()
        raise TypeError(f"{type(item).__name__} has no JSON form")

    return json.dumps(value, default=default, ensure_ascii=False, sort_keys=True)


def make_engine(url: str, *, threads: int = 4) -> Engine:
    """An engine for SQLite or PostgreSQL with the settings that Keydesk relies on.

    SQLite: WAL, full synchronisation (a decision survives a power cut), foreign keys on, and transactions that
    are begun by us rather than by the driver. A `postgresql://` address means psycopg 3.
    """
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {
        "json_serializer": _encode,
        "pool_pre_ping": parsed.drivername != "sqlite",
        # What people typed stands in no error, and so in no log.
        "hide_parameters": True,
    }
    if parsed.drivername != "sqlite":
        options |= {"pool_size": threads, "max_overflow": 4, "connect_args": network_manners(parsed)}
    engine = create_engine(parsed, **options)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    return engine


def network_manners(url: URL) -> dict[str, int]:
    """Connection options for PostgreSQL, without those that the address sets itself."""
    return {name: value for name, value in _NETWORK_MANNERS.items() if name not in url.query}


def _fold_value(value: object) -> object:
    return fold(value) if isinstance(value, str) else value


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.isolation_level = None
        dbapi_connection.create_function(SQLITE_FUNCTION, 1, _fold_value, deterministic=True)
        cursor = dbapi_connection.cursor()
        for pragma in (
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails as busy under load; writers say so at the start.
        writes = connection.get_execution_options().get("keydesk_writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
        if hasattr(engine.dialect, COLLATION):
            return
        with dbapi_connection.cursor() as cursor:
            cursor.execute(
                "SELECT collname FROM pg_collation WHERE collname = ANY(%s) AND collencoding IN (-1, 6)",
                [list(COLLATIONS)],
            )
            known = {row[0] for row in cursor.fetchall()}
        dbapi_connection.rollback()
        setattr(engine.dialect, COLLATION, next((name for name in COLLATIONS if name in known), "default"))


class Database:
    """Transactions on one engine. Give `listen` a callable to learn, after each commit, which topics changed.

    `of(organization)` is the same database as one organization sees it, and `everywhere` as it is. What is neither
    gives no row that belongs to an organization.
    """

    def __init__(self, engine: Engine, *, threads: int = 4) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="keydesk-db")
        self._listeners: list[CommitListener] = []
        self._known: dict[str, Database] = {}
        self._reach(None)
        # SQLite has one writer at a time, and those who wait for it sleep and look again, up to 100 ms at a stretch.
        # Within a process they queue here instead and go on at once: with four threads, several times the commits.
        self._turn: AbstractContextManager[object] = (
            threading.RLock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    @classmethod
    def from_url(cls, url: str, *, threads: int = 4) -> "Database":
        """A database at an SQLAlchemy address."""
        return cls(make_engine(url, threads=threads), threads=threads)

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
        self._readers = sessionmaker(self.engine.execution_options(keydesk_writes=False), autoflush=False, **options)

    def listen(self, listener: CommitListener) -> None:
        """Call `listener` after each commit that signalled something, in the thread that committed."""
        self._listeners.append(listener)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: committed at the end of the block, rolled back when it raises."""
        with self._turn, self._writers() as session, session.begin():
            yield session
            session.flush()
            topics = signalled(session)
            if topics and self.engine.dialect.name == "postgresql":
                for topic in sorted(topics):
                    session.execute(
                        text("SELECT pg_notify(:channel, :topic)"),
                        {"channel": NOTIFY_CHANNEL, "topic": topic},
                    )
        if topics:
            for listener in self._listeners:
                listener(topics)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One read transaction; nothing that is changed in it is kept."""
        # Closing ends the transaction and, unlike a rollback, leaves what was read readable.
        with self._readers() as session:
            yield session

    async def run_write(self, work: Callable[[Session], T]) -> T:
        """`work` in one write transaction, in a thread of the pool."""

        def call() -> T:
            with self.write() as session:
                return work(session)

        return await self._in_thread(call)

    async def run_read(self, work: Callable[[Session], T]) -> T:
        """`work` in one read transaction, in a thread of the pool."""

        def call() -> T:
            with self.read() as session:
                return work(session)

        return await self._in_thread(call)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # Shielded: a request that is cancelled must not look undone while its commit goes through.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, call))

    def close(self) -> None:
        """Wait for running transactions and close every connection."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()
