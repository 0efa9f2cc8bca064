"""Fresh databases for tests, quickly: each is a copy of one that was migrated once."""

import copy
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.util import LRUCache

from storage import schema
from storage.beginning import begin_organization, open_organization
from storage.database import Database
from storage.engine import make_engine
from tests.places import find_place
from tests.spare_connections import SPARE, SpareConnections

ORGANIZATION = "organization"
"""The id of the organization whose rows tests make and see, unless they say otherwise."""

OTHER_ORGANIZATION = "b00000000001"
"""The id of one that is there as well where a test has begun it, with `begin_other`."""

_GUARD = Path(__file__).with_name("postgresql_guard.py")


class PostgresqlServer:
    """A PostgreSQL server of this test process. It stops when `stop()` is called or the process ends in any way.

    `settings` of the server (`name=value`) go before those of every test, by which a power cut may lose commits.
    """

    def __init__(self, *settings: str) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, _GUARD, find_place(), *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        self._folder = self._guard.stdout.readline().strip()
        if not self._folder:
            raise RuntimeError("the PostgreSQL of the tests did not start; its words are above")
        self._connect("keydesk")

    def _connect(self, prefix: str) -> None:
        self._names = (f"{prefix}_{number}" for number in itertools.count(1))
        self._admin = self._join()

    def _join(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(host=self._folder, user="postgres", dbname="postgres", autocommit=True)

    def joined(self, prefix: str) -> "PostgresqlServer":
        """The same server for a forked process: with a connection of its own, and databases of that prefix."""
        server = copy.copy(self)
        server._connect(prefix)
        return server

    def url(self, name: str) -> str:
        """The address of a database, in the form that KEYDESK_DATABASE_URL takes."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database as a copy of another one and give its name."""
        name = next(self._names)
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def drop_all(self, prefix: str) -> None:
        """Remove what a process left that had joined."""
        left = self._admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{prefix}_"])
        for (name,) in left.fetchall():
            self.drop(name)

    def restart(self) -> None:
        """End it as a power cut does, start it again, and wait until it is there."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._admin.close()
        self._guard.stdin.write("restart\n")
        self._guard.stdin.flush()
        if not self._guard.stdout.readline():
            raise RuntimeError("the PostgreSQL of the tests did not start again; its words are above")
        self._admin = self._join()

    def stop(self) -> None:
        """Stop the server and wait until it and its files are gone."""
        self._admin.close()
        self._guard.communicate()


class Lending:
    """PostgreSQL databases that tests have one after the other: emptying one takes less than making and dropping one.

    One whose tables a test has changed, or that many have had, is dropped.
    """

    def __init__(self, server: PostgresqlServer, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[_Lent] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database as the template is, which is nobody else's within the block."""
        database = self._free.pop() if self._free else _Lent(self._server, self._server.create(self._template))
        yield database.url
        if database.empty():
            self._free.append(database)
        else:
            database.close()
            self._server.drop(database.name)

    def close(self) -> None:
        """Leave them to their server."""
        for database in self._free:
            database.close()


class _Lent:
    def __init__(self, server: PostgresqlServer, name: str) -> None:
        self.name = name
        self.url = server.url(name)
        # Connecting costs more than emptying, so this connection stays.
        self.connection = psycopg.connect(self.url, autocommit=True, application_name=SPARE)
        self._uses = 0
        _spare.begin(self.url)

    def empty(self) -> bool:
        """Make it as the template is; gives whether that could be done."""
        self._uses += 1
        if self._uses == _USES:
            return False
        try:
            self.connection.execute(_SEND_AWAY)
            return self.connection.execute("SELECT lending.empty()").fetchone() == (True,)
        except psycopg.Error:
            return False

    def close(self) -> None:
        """Let nobody be connected to it any more."""
        _spare.end(self.url)
        self.connection.close()


_USES = 40
"""Autovacuum is off: what was deleted goes with the database."""

_SEND_AWAY = f"""\
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> '{SPARE}'
"""  # noqa: S608

_LENDING = """\
CREATE SCHEMA lending;
CREATE TABLE lending.change ();
CREATE FUNCTION lending.note() RETURNS event_trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO lending.change DEFAULT VALUES; END';
CREATE FUNCTION lending.empty() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM lending.change) THEN RETURN false; END IF;
    PERFORM set_config('session_replication_role', 'replica', true);
    {emptied}
    RETURN true;
END $$;
CREATE EVENT TRIGGER lending ON ddl_command_end EXECUTE FUNCTION lending.note();
"""


def create_postgresql_template(server: PostgresqlServer) -> str:
    """A migrated database that may be copied and lent: it knows how to become as it is now, and whether it can."""
    name = server.create()
    migrate(server.url(name))
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        sequences = connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'").fetchall()
        emptied = [f'DELETE FROM "{table}";' for (table,) in tables]  # noqa: S608
        connection.execute("CREATE SCHEMA begun")
        for (table,) in tables:
            if connection.execute(f'SELECT FROM "{table}"').fetchone() is not None:
                connection.execute(f'CREATE TABLE begun."{table}" AS TABLE "{table}"')
                emptied.append(f'INSERT INTO "{table}" SELECT * FROM begun."{table}";')  # noqa: S608
        for (sequence,) in sequences:
            emptied.append(f"PERFORM setval('{sequence}', last_value, is_called) FROM begun.{sequence};")
            connection.execute(f'CREATE TABLE begun."{sequence}" AS SELECT * FROM "{sequence}"')  # noqa: S608
        connection.execute(_LENDING.format(emptied="\n    ".join(emptied)))
    return name


def migrate(url: str) -> None:
    """Bring a database to the newest schema, with an organization that has no name yet; leave no connection open."""
    database = Database.from_url(url)
    try:
        schema.upgrade(database.engine)
        open_organization(database, datetime.now(UTC), wanted=ORGANIZATION)
    finally:
        database.close()


def create_sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file that may be copied: closed, with nothing left in its write-ahead log."""
    path = folder / "template.db"
    migrate(f"sqlite:///{path}")
    assert not path.with_name("template.db-wal").exists()
    return path


def copy_sqlite(template: Path, folder: Path) -> str:
    """Copy the template into a folder and give the copy's address."""
    path = folder / "keydesk.db"
    shutil.copyfile(template, path)
    return f"sqlite:///{os.fspath(path)}"


class Prepared:
    """A database that the tests of a file prepare once, of which each has a copy. Nobody is connected to it then."""

    def __init__(self, url: str, server: PostgresqlServer | None = None) -> None:
        self.url = url
        self._server = server

    @contextmanager
    def copied(self, folder: Path) -> Iterator[str]:
        """The address of a copy; of one in a file, in that folder."""
        place = make_url(self.url).database
        assert place is not None
        if self._server is None:
            yield copy_sqlite(Path(place), folder)
            return
        name = self._server.create(place)
        yield self._server.url(name)
        self._server.drop(name)


def lend_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a fresh database with Keydesk's tables, of the kind that the parameter of a fixture names."""
    if request.param == "sqlite":
        yield copy_sqlite(request.getfixturevalue("sqlite_template"), folder)
        return
    lending: Lending = request.getfixturevalue("postgresql_lending")
    with lending.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with Keydesk's tables; the test runs once on SQLite and once on PostgreSQL."""
    yield from lend_database(request, tmp_path)


@pytest.fixture(params=["sqlite"])
def url_on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same on SQLite alone, unless a test is marked with `both_databases`."""
    yield from lend_database(request, tmp_path)


both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""Among tests on SQLite alone, one that is also about the database: what is killed, what comes at the same moment,
what processes share, and what is asked of it as nothing in `tests/unit/desk` asks."""


def begin_other(database: Database) -> Database:
    """Begin another organization; gives the database as that one sees it."""
    with database.everywhere.write() as session:
        begin_organization(session, OTHER_ORGANIZATION, datetime.now(UTC))
    return database.of(OTHER_ORGANIZATION)


def open_database(url: str) -> Database:
    """The database at an address, as its organization sees it.

    Statements are compiled once for all databases that a test process opens, and connections to lent ones stay.

    An engine compiles each statement anew, which took a fifth of the time of tests that have one of their own.
    """
    engine = make_engine(url)
    if engine.dialect.name == "postgresql":
        _spare.serve(engine)
    know_statements(engine)
    return Database(engine).of(ORGANIZATION)


def know_statements(engine: Engine) -> None:
    """Let an engine that has not been used yet have the statements that were compiled by now."""
    known = _known.get(engine.dialect.name)
    if known is None:
        engine._compiled_cache = LRUCache(_STATEMENTS)
        # Its dialect learns about the server when it first connects, and must have before another engine uses it.
        with engine.connect():
            _known[engine.dialect.name] = engine
    else:
        engine.dialect = engine.pool._dialect = known.dialect
        engine._compiled_cache = known._compiled_cache


_known: dict[str, Engine] = {}
_STATEMENTS = 5000
"""A test process executes more different ones than Keydesk ever does, and those of one test come again in others."""
_spare = SpareConnections()
