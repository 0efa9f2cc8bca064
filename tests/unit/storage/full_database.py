"""A row in every table, whatever tables there are: each with believable parents and values told apart by a mark."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Connection, MetaData, Table, TypeDecorator

_MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
_WORDS: Mapping[tuple[str, str], object] = {
    # What a constraint or a migration asks for.
    ("key_request", "lifetime_days"): 30,
    ("role_grant", "role"): "integrator",
}


def fill_tables(
    connection: Connection, metadata: MetaData, organization_id: str, *, skip: Collection[str], first: int = 1
) -> None:
    """One row in each of the tables but `skip`, which belong to the organization as far as tables know of any.

    Numbers begin with `first`, so that two organizations do not want the same.
    """
    numbers = itertools.count(first)
    made: dict[str, Mapping[str, Any]] = {"organization": {"id": organization_id}}
    for table in metadata.sorted_tables:
        if table.name not in skip:
            made[table.name] = dict(_row(table, made, organization_id, numbers))
            connection.execute(table.insert().values(made[table.name]))


def _row(
    table: Table, made: Mapping[str, Mapping[str, Any]], organization_id: str, numbers: Iterator[int]
) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        parents = [key.column for key in column.foreign_keys if key.column.table.name in made]
        number = next(numbers)
        if parents:
            yield column.name, made[parents[0].table.name][parents[0].name]
        elif column.foreign_keys:
            # Its own table: the first of a family.
            yield column.name, None
        else:
            yield column.name, _WORDS.get((table.name, column.name), _value(column, organization_id, number))


def _value(column: Column[Any], organization_id: str, number: int) -> object:
    mark = f"{organization_id[:4]}{number:05d}"
    if isinstance(column.type, JSON):
        return [mark]
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    values: dict[type, object] = {
        str: mark[: getattr(column.type, "length", None) or 40],
        int: number if column.primary_key or column.unique else number % 7,
        bool: bool(number % 2),
        datetime: _MONDAY + timedelta(minutes=number),
        date: date(2026, 3, 1) + timedelta(days=number % 25),
    }
    return values[kind.python_type]
