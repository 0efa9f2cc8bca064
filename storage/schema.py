"""The schema: brought up to date by migrations, and compared with what the code expects."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from storage.models import Base

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_036_921
"""Replicas that start together migrate one after another, under this PostgreSQL advisory lock."""


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
        return MigrationContext.configure(connection).get_current_revision()


@cache
def newest_revision() -> str:
    """The migration that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def list_differences(engine: Engine) -> Sequence[str]:
    """What the database's tables lack or have too much, compared with the models; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def write_migration(engine: Engine, message: str, revision: str) -> None:
    """For developers: write the next migration file from the difference between database and models."""
    with engine.begin() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=revision)
