"""All rows of one database, put into another that has none, of either kind, and compared there one by one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    CursorResult,
    Engine,
    RowMapping,
    Select,
    Table,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from storage.models import Base, Revision

BATCH = 1000
"""Rows that are in memory at once."""
_PARAMETERS = 900
"""In one statement; SQLite of old takes 999."""

_MARKS = {"revision": "value", "audit_head": "seq", "delivery": "id", "key_use": "last_used_at"}
"""Tables and the column of each that grows with every change."""

Progress = Callable[[str, int, int], None]
"""Told the table, how many of its rows were copied or compared, and how many there are."""


class CopyDiffersError(Exception):
    """What was written is not what was read: the text says where."""


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now, until the end of the block, whoever goes on writing."""
    if engine.dialect.name == "postgresql":
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    else:
        options = {"keydesk_writes": False}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        # A snapshot begins with the first look.
        connection.execute(select(Revision.topic)).all()
        yield connection


def find_rows(connection: Connection) -> str | None:
    """The name of a table in which anything is that no migration puts there; None for a database without rows."""
    for table in _tables():
        if (
            table is not Revision.__table__
            and connection.execute(select(literal_column("1")).select_from(table).limit(1)).first()
        ):
            return table.name
    return None


def copy_rows(source: Connection, target: Connection, progress: Progress = lambda *_: None) -> int:
    """Copy every row, in the target's transaction; how many. The target has the schema, and no rows."""
    target.execute(Revision.__table__.delete())  # type: ignore[attr-defined]
    copied = 0
    for table in _tables():
        copied += _copy_table(table, source, target, progress)
        _set_counter(table, target)
    return copied


def require_same(source: Connection, target: Connection, progress: Progress = lambda *_: None) -> None:
    """Compare every row of both. Raises CopyDiffersError."""
    for table in _tables():
        total, there = _count(table, source), _count(table, target)
        if total != there:
            raise CopyDiffersError(f"{table.name} has {total} rows here and {there} there.")
        done = 0
        with _read(source, select(table)) as read:
            for rows in read.mappings().partitions(BATCH):
                _compare(table, rows, target)
                done += len(rows)
                progress(table.name, done, total)


def marks_of_change(connection: Connection) -> Mapping[str, Any]:
    """What is other where anything that matters was changed: two that are equal are of the same state."""
    found: dict[str, Any] = {}
    for name, column in (
        ("revision", "value"),
        ("audit_head", "seq"),
        ("delivery", "id"),
        ("key_use", "last_used_at"),
    ):
        table = Base.metadata.tables[name]
        found[name] = connection.execute(select(func.count(), func.max(table.c[column])).select_from(table)).one()
    return found


def _tables() -> Sequence[Table]:
    """Parents before their children."""
    return Base.metadata.sorted_tables


def _copy_table(table: Table, source: Connection, target: Connection, progress: Progress) -> int:
    own = _columns_to_itself(table)
    total, done = _count(table, source), 0
    with _read(source, select(table)) as read:
        for rows in read.mappings().partitions(BATCH):
            target.execute(insert(table), [dict(row) | {column.name: None for column in own} for row in rows])
            done += len(rows)
            progress(table.name, done, total)
    # A row may come before the one that it points to.
    for column in own:
        key = next(iter(table.primary_key))
        link = update(table).where(key == bindparam("its_key")).values({column: bindparam("its_link")})
        pointing = select(key.label("its_key"), column.label("its_link")).where(column.is_not(None))
        with _read(source, pointing) as read:
            for links in read.mappings().partitions(BATCH):
                target.execute(link, [dict(row) for row in links])
    return total


def _columns_to_itself(table: Table) -> Sequence[Column[Any]]:
    return [key.parent for key in table.foreign_keys if key.column.table is table]


def _count(table: Table, connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _read(connection: Connection, rows: Select[Any]) -> CursorResult[Any]:
    """Rows that come in batches. The server keeps its place among them: leave the block when it is not needed."""
    return connection.execute(rows.execution_options(yield_per=BATCH))


def _compare(table: Table, rows: Sequence[RowMapping], target: Connection) -> None:
    keys = list(table.primary_key)
    names = [key.name for key in keys]
    step = _PARAMETERS // len(keys)
    for begin in range(0, len(rows), step):
        wanted = {tuple(row[name] for name in names): dict(row) for row in rows[begin : begin + step]}
        found = target.execute(select(table).where(tuple_(*keys).in_(list(wanted)))).mappings()
        there = {tuple(row[name] for name in names): dict(row) for row in found}
        for key, row in wanted.items():
            if there.get(key) != row:
                differs = [name for name in row if key not in there or there[key][name] != row[name]]
                raise CopyDiffersError(f"{table.name} {key} differs in {', '.join(differs)}.")


def _set_counter(table: Table, target: Connection) -> None:
    """PostgreSQL counts on by itself from where it was, which is the beginning."""
    column = table.autoincrement_column
    if column is None or target.dialect.name != "postgresql":
        return
    highest = target.execute(select(func.max(column))).scalar()
    if highest is not None:
        target.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"),
            {"table": table.name, "column": column.name, "highest": highest},
        )
