"""Fresh databases for tests, quickly: each is a copy of one that was migrated once."""

import copy
import itertools
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from storage import schema
from storage.beginning import begin_organization, open_organization
from storage.database import Database, make_engine
from tests.places import find_place

ORGANIZATION = "organization"
"""The id of the organization whose rows tests make and see, unless they say otherwise."""

OTHER_ORGANIZATION = "b00000000001"
"""The id of one that is there as well where a test has begun it, with `begin_other`."""

_GUARD = Path(__file__).with_name("postgresql_guard.py")


class PostgresqlServer:
    """A PostgreSQL server of this test process. It stops when `stop()` is called or the process ends in any way."""

    def __init__(self) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, _GUARD, find_place()],
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
        self._admin = psycopg.connect(host=self._folder, user="postgres", dbname="postgres", autocommit=True)

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

    def stop(self) -> None:
        """Stop the server and wait until it and its files are gone."""
        self._admin.close()
        self._guard.communicate()


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


def begin_other(database: Database) -> Database:
    """Begin another organization; gives the database as that one sees it."""
    with database.everywhere.write() as session:
        begin_organization(session, OTHER_ORGANIZATION, datetime.now(UTC))
    return database.of(OTHER_ORGANIZATION)


def open_database(url: str) -> Database:
    """The database at an address, as its organization sees it.

    Statements are compiled once for all databases that a test process opens.

    An engine compiles each statement anew, which took a fifth of the time of tests that have one of their own.
    """
    engine = make_engine(url)
    known = _known.get(engine.dialect.name)
    if known is None:
        # Its dialect learns about the server when it first connects, and must have before another engine uses it.
        with engine.connect():
            _known[engine.dialect.name] = engine
    else:
        engine.dialect = engine.pool._dialect = known.dialect
        engine._compiled_cache = known._compiled_cache
    return Database(engine).of(ORGANIZATION)


_known: dict[str, Engine] = {}
