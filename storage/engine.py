"""The engine, with all that Keydesk relies on for either database."""

import json
from datetime import date, datetime
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from storage.deadline import find_seconds_left
from storage.folding import COLLATION, COLLATIONS, SQLITE_FUNCTION, fold
from storage.sqlite_file import find_file, keep_private, may_make

LOG_BYTES = 64 * 1024 * 1024
"""What SQLite's write-ahead log is cut down to once it was written back; one transaction may need more."""
_BUSY_TIMEOUT_MS = 5_000
_CHANGES_BEFORE = "keydesk_changes_before"
_LEAST_CONNECT_SECONDS = 2
"""psycopg waits no shorter."""
_LOOK_SECONDS = 0.1
_SLACK_SECONDS = 0.1
"""The server ends what takes too long; it is waited for so much longer to say so."""
_TELL_DEADLINE = (
    "SELECT set_config('statement_timeout', %s, true), set_config('idle_in_transaction_session_timeout', %s, true)"
)
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


def make_engine(url: str | URL, *, threads: int = 4, pooled: bool = False) -> Engine:
    """An engine for SQLite or PostgreSQL with the settings that Keydesk relies on.

    On PostgreSQL it has connections for twice as many `threads`, and some more. Whoever has a deadline waits for
    neither database longer than until then.

    SQLite: WAL, full synchronisation (a decision survives a power cut), foreign keys on, and transactions that
    are begun by us rather than by the driver. A `postgresql://` address means psycopg 3. `pooled`: it is a pooler's,
    which gives each transaction another connection of the server, where nothing of the last one is prepared.
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
        manners: dict[str, Any] = {**network_manners(parsed)}
        if pooled:
            manners["prepare_threshold"] = None
        options |= {"pool_size": 2 * threads, "max_overflow": 4, "connect_args": manners}
    elif (file := find_file(parsed)) is not None and may_make(parsed):
        keep_private(file)
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
            f"journal_size_limit = {LOG_BYTES}",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        left = find_seconds_left(most=_BUSY_TIMEOUT_MS / 1000)
        _own(connection).execute(f"PRAGMA busy_timeout = {_in_milliseconds(left)}")
        connection.info[_CHANGES_BEFORE] = _count_changes(connection)
        # A transaction that reads first and writes later fails as busy under load; writers say so at the start.
        if connection.get_execution_options().get("keydesk_writes", True):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # It touches nothing yet, and so cannot fail.
            _own(connection).execute("BEGIN DEFERRED")


class _PatientConnection(psycopg.Connection[Any]):
    """A connection that is given up at the deadline, should the server not even say then that it gave up."""

    def wait(self, gen: Any, interval: float = _LOOK_SECONDS, timeout: float | None = None) -> Any:
        """Consume what waits for the server."""
        left = find_seconds_left()
        if left is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, left + _SLACK_SECONDS)
        except psycopg.OperationalError:
            if find_seconds_left() == 0:
                self.pgconn.finish()
            raise


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "do_connect")
    def connect_patiently(_dialect: Any, _entry: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if find_seconds_left() is not None:
            options = {**options, "connect_timeout": _LEAST_CONNECT_SECONDS}
        return _PatientConnection.connect(*arguments, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        left = find_seconds_left()
        if left is not None:
            # The server itself then ends what waits, and a transaction whose client is gone.
            connection.exec_driver_sql(_TELL_DEADLINE, (str(_in_milliseconds(left)),) * 2)

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


def has_changed(connection: Connection) -> bool:
    """Whether the transaction on an SQLite connection has changed any row."""
    before: int = connection.info[_CHANGES_BEFORE]
    return _count_changes(connection) != before


def _count_changes(connection: Connection) -> int:
    changes: int = _own(connection).total_changes
    return changes


def _own(connection: Connection) -> Any:
    """SQLite's own connection, of which small questions cost a tenth of what they cost through SQLAlchemy."""
    return connection.connection.dbapi_connection


def _in_milliseconds(seconds: float | None) -> int:
    # Nought would mean for ever to PostgreSQL, and not at all to SQLite.
    return max(round((seconds or 0) * 1000), 1)
