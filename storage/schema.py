"""The schema: brought up to date by migrations, and compared with what the code expects."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, func, select, text
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from storage.engine import make_engine
from storage.models import Base

_MIGRATIONS = Path(__file__).parent / "migrations"
_QUOTES = re.compile(r"[\"`\[\]]")
_LOCK = 7_036_921
"""Replicas that start together migrate one after another, under this PostgreSQL advisory lock."""

WRITTEN_AS_TEXT = frozenset({"ix_api_key_by_name"})
"""Indexes on what is no plain column, which their migrations write and the models do not know."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run every migration that the database lacks, up to `revision`. Safe to call from several replicas at once."""
    with engine.connect() as connection:
        _let_tables_be_remade(connection)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(_config(connection), revision)
            _require_whole(connection)


def _let_tables_be_remade(connection: Connection) -> None:
    """SQLite changes a table by making another one, and children of the old one would be deleted with it."""
    if connection.dialect.name == "sqlite":
        # Says nothing within a transaction; the connection is not used again.
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF").close()
        connection.detach()


def _require_whole(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"rows point to nothing: {broken[:5]}")


def find_revision(engine: Engine) -> str | None:
    """The migration that the database is at; None for an empty database."""
    with engine.connect() as connection:
        return ", ".join(MigrationContext.configure(connection).get_current_heads()) or None


@cache
def newest_revision() -> str:
    """The migration that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def list_differences(engine: Engine) -> Sequence[str]:
    """What the database's tables lack or have too much, compared with the models; empty when they agree."""
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_of: name not in WRITTEN_AS_TEXT}
        context = MigrationContext.configure(connection, opts=options)
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def list_foreign_objects(engine: Engine) -> Sequence[str]:
    """What an SQLite database has otherwise than its migrations make it: tables and what is in them, triggers, views.

    A trigger or a view may change what is written or read. An index more changes nothing.
    """
    ours, found = _objects_made(), _list_objects(engine)
    other = [
        f"{kind} {name}"
        for (kind, name), words in found.items()
        if ours.get((kind, name)) != words and not ((kind, name) not in ours and words.startswith("create index"))
    ]
    return sorted([*other, *(f"no {kind} {name}" for kind, name in ours.keys() - found.keys())])


def list_misfits(engine: Engine) -> Sequence[str]:
    """Columns of an SQLite database that hold what is of another kind than theirs: SQLite itself takes anything."""
    found = []
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            kinds = [func.min(func.typeof(column).in_(("null", *_kinds_of(column)))) for column in table.columns]
            held = connection.execute(select(*kinds).select_from(table)).one()
            found += [
                f"{table.name}.{column.name}" for column, fits in zip(table.columns, held, strict=True) if fits == 0
            ]
    return found


def _kinds_of(column: Column[Any]) -> Sequence[str]:
    match column.type.compile(SQLiteDialect()).partition("(")[0]:
        case "INTEGER" | "BIGINT" | "BOOLEAN" | "SMALLINT":
            return ("integer",)
        case "FLOAT" | "REAL":
            return ("real", "integer")
        case "BLOB":
            return ("blob",)
    return ("text",)


@cache
def _objects_made() -> Mapping[tuple[str, str], str]:
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/new.db")
        try:
            upgrade(engine)
            return _list_objects(engine)
        finally:
            engine.dispose()


def _list_objects(engine: Engine) -> Mapping[tuple[str, str], str]:
    """By kind and name, in the words that made them. How those are quoted and spaced is SQLite's affair, and in which
    order a table's columns and constraints stand is Alembic's."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        ).all()
    return {(kind, name): _ordered(" ".join(_QUOTES.sub("", words).lower().split())) for kind, name, words in rows}


def _ordered(words: str) -> str:
    if not words.startswith("create table "):
        return words
    head, _, inside = words.partition("(")
    return f"{head}({','.join(sorted(part.strip(' ()') for part in inside.split(',')))}"


def write_migration(engine: Engine, message: str, revision: str) -> None:
    """For developers: write the next migration file from the difference between database and models."""
    with engine.begin() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=revision)
