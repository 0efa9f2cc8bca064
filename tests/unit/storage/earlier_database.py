"""Databases of earlier releases, with rows in them as those releases wrote them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, MetaData, Table

from storage import schema
from storage.engine import make_engine
from tests.databases import ORGANIZATION

LONG_AGO = datetime(2026, 3, 2, 9, tzinfo=UTC)


@contextmanager
def at_revision(url: str, revision: str, *, has_organization: bool = True) -> Iterator[Connection]:
    """A transaction in a database that was brought to an earlier revision."""
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            Path(str(engine.url.database)).write_bytes(_file_at(revision))
        else:
            schema.upgrade(engine, revision)
        with engine.begin() as connection:
            if has_organization:
                add_row(connection, "organization", id=ORGANIZATION, name="Acme")
            yield connection
    finally:
        engine.dispose()


@cache
def _file_at(revision: str) -> bytes:
    """A database in a file at a revision: it takes most of a second to come there, and many tests begin with it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "earlier.db"
        engine = make_engine(f"sqlite:///{path}")
        schema.upgrade(engine, revision)
        engine.dispose()
        assert not path.with_name("earlier.db-wal").exists()
        return path.read_bytes()


def add_row(connection: Connection, table_name: str, /, **values: object) -> None:
    """A row of a table as it is there; columns that must have a value and were given none get an empty one."""
    table = Table(table_name, MetaData(), autoload_with=connection)
    empty = {str: "", int: 0, bool: False, object: {}, datetime: LONG_AGO}
    needed = {
        column.name: empty[column.type.python_type]
        for column in table.columns
        if not column.nullable and column.name not in values and column is not table.autoincrement_column
    }
    connection.execute(table.insert().values(needed | values))
