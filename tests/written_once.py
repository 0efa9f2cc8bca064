"""What a desk writes in many tests is written by the desk once, and put into the other databases row by row."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Integer, Table, func, select, text

from desk.transaction import Actor, Desk, Transaction
from storage.models import Base
from storage.signals import Topic, signal, signalled

T = TypeVar("T")
Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]
"""By primary key, in the order in which they were made."""

_TABLES = Base.metadata.sorted_tables
_COUNTS = select(*(select(func.count()).select_from(table).scalar_subquery() for table in _TABLES))


@dataclass(frozen=True, slots=True)
class _Written:
    """What came into tables in which nothing was before, what became of rows that each database begins with, and who
    was told."""

    given: object
    added: Mapping[Table, Sequence[Mapping[str, Any]]]
    changed: Mapping[Table, Sequence[Mapping[str, Any]]]
    topics: frozenset[Topic]


_written: dict[Hashable, _Written] = {}


def write_once(desk: Desk, actor: Actor, what: Hashable, work: Callable[[Transaction], T]) -> T:
    """Do `work`, which has a name, or put there what came of it in another database that was like this one: of the
    same kind, at the same time, by the same policy, and with as many rows in each table."""
    with desk.database.engine.connect() as connection:
        counts = tuple(connection.execute(_COUNTS).one())
        kind = connection.dialect.name
    key = kind, what, str(actor), desk.clock.now(), repr(desk.policy), counts
    if key in _written:
        return cast("T", desk.write_now(actor, lambda tx: _repeat(tx, _written[key])))
    before = read_rows(desk)
    topics: set[Topic] = set()

    def watched(tx: Transaction) -> T:
        given = work(tx)
        topics.update(signalled(tx.session))
        return given

    given = desk.write_now(actor, watched)
    written = _compare(before, read_rows(desk), given, frozenset(topics))
    # Rows of somebody else's may be others next time.
    if not any(before[table] for table in written.added):
        _written[key] = written
    return given


def read_rows(desk: Desk) -> Mapping[Table, Rows]:
    """Everything that is in the database."""
    with desk.database.engine.connect() as connection:
        return {
            table: {
                tuple(row[column.name] for column in table.primary_key): dict(row)
                for row in connection.execute(select(table)).mappings()
            }
            for table in _TABLES
        }


def _compare(
    before: Mapping[Table, Rows], after: Mapping[Table, Rows], given: object, topics: frozenset[Topic]
) -> _Written:
    added, changed = {}, {}
    for table in _TABLES:
        assert before[table].keys() <= after[table].keys(), f"what is written once deletes nothing of {table.name}"
        if new := [row for key, row in after[table].items() if key not in before[table]]:
            added[table] = sorted(new, key=lambda row: _points_within(table, row))
        if other := [row for key, row in after[table].items() if row != before[table].get(key, row)]:
            changed[table] = other
    return _Written(given, added, changed, topics)


def _points_within(table: Table, row: Mapping[str, Any]) -> bool:
    within = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    return any(row[name] is not None for name in within if name != "organization_id")


def _repeat(tx: Transaction, written: _Written) -> object:
    connection = tx.session.connection()
    for table, rows in written.added.items():
        connection.execute(table.insert(), rows)
        _go_on_counting(connection, table)
    for table, rows in written.changed.items():
        for row in rows:
            same = [
                column == row[column.name]
                for column in table.c
                if column.primary_key or "organization" in column.name
            ]
            connection.execute(table.update().where(*same).values(row))
    for topic in written.topics:
        signal(tx.session, topic)
    return written.given


def _go_on_counting(connection: Connection, table: Table) -> None:
    column = table.autoincrement_column
    if connection.dialect.name == "postgresql" and column is not None and isinstance(column.type, Integer):
        last = f"SELECT setval(pg_get_serial_sequence(:name, :column), max({column.name})) FROM {table.name}"  # noqa: S608
        connection.execute(text(last), {"name": table.name, "column": column.name})
