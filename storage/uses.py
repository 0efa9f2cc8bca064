"""Marks of use, written to the database in few statements and short transactions, whosever the keys are."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import CursorResult, bindparam, text
from sqlalchemy.orm import Session

from storage.models.base import UTCDateTime
from storage.organizations import find_restriction

CHUNK = 200
"""Marks per transaction: so few rows are locked so briefly that other writers do not notice."""


@dataclass(frozen=True, slots=True)
class UseMark:
    """How a key was used on one day (UTC) since the last time this was written down."""

    key_id: str
    day: date
    reads: int = 0
    writes: int = 0
    failed: int = 0
    refused: int = 0
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None
    last_read_at: datetime | None = None
    last_write_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_refused_at: datetime | None = None
    last_address: str | None = None
    last_user_agent: str | None = None


_LATEST = ("last_used_at", "last_read_at", "last_write_at", "last_failed_at", "last_refused_at")
_COUNTS = ("reads", "writes", "failed", "refused")
_TOTALS: dict[str, str] = {
    "key_id": "text",
    **dict.fromkeys(("first_used_at", *_LATEST), "timestamptz"),
    "last_address": "text",
    "last_user_agent": "text",
    **dict.fromkeys(_COUNTS, "bigint"),
}
_DAYS: dict[str, str] = {"key_id": "text", "day": "date", **dict.fromkeys(_COUNTS, "bigint")}


def _later(column: str) -> str:
    return (
        f"{column} = CASE WHEN key_use.{column} IS NULL OR excluded.{column} > key_use.{column}"
        f" THEN excluded.{column} ELSE key_use.{column} END"
    )


def _with_last_use(column: str) -> str:
    return (
        f"{column} = CASE WHEN key_use.last_used_at IS NULL OR excluded.last_used_at > key_use.last_used_at"
        f" THEN excluded.{column} ELSE key_use.{column} END"
    )


def _added(table: str) -> Iterator[str]:
    for column in _COUNTS:
        yield f"{column} = {table}.{column} + excluded.{column}"


_TOTALS_CHANGE = ", ".join(
    [
        "first_used_at = CASE WHEN key_use.first_used_at IS NULL OR excluded.first_used_at < key_use.first_used_at"
        " THEN excluded.first_used_at ELSE key_use.first_used_at END",
        *map(_later, _LATEST),
        *map(_with_last_use, ("last_address", "last_user_agent")),
        *_added("key_use"),
    ]
)
_DAYS_CHANGE = ", ".join(_added("key_use_day"))


_IS_OWN = "(CAST(:own AS text) IS NULL OR api_key.organization_id = :own)"
"""What nothing adds to a statement that is written as text."""


def _statement(dialect: str, table: str, columns: dict[str, str], conflict: str, change: str) -> str:
    """An upsert of all rows of one JSON document; rows of keys that do not exist are left out.

    One parameter, whatever the number of rows, is the fastest form on both databases. Rows are taken in order of
    key, so that two replicas that write at once wait for each other instead of locking each other out.
    """
    if dialect == "postgresql":
        shape = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        source = f"json_to_recordset(CAST(:marks AS json)) AS mark({shape})"
        values = [f"mark.{name}" for name in columns]
    else:
        source = "json_each(:marks) AS mark"
        values = [f"json_extract(mark.value, '$.{name}')" for name in columns]
    # Nothing from outside is in this text: tables and columns are those above.
    return (
        f"INSERT INTO {table} ({', '.join(columns)}, organization_id)"  # noqa: S608
        f" SELECT {', '.join(values)}, api_key.organization_id FROM {source}"
        f" JOIN api_key ON api_key.id = {values[0]} WHERE {_IS_OWN} ORDER BY {values[0]}"
        f" ON CONFLICT ({conflict}) DO UPDATE SET {change}"
    )


_STATEMENTS = {
    dialect: (
        text(_statement(dialect, "key_use", _TOTALS, "key_id", _TOTALS_CHANGE)),
        text(_statement(dialect, "key_use_day", _DAYS, "key_id, day", _DAYS_CHANGE)),
    )
    for dialect in ("sqlite", "postgresql")
}


def in_chunks(marks: Sequence[UseMark]) -> Iterator[Sequence[UseMark]]:
    """The marks in order of key, as many at a time as one transaction should write."""
    ordered = sorted(marks, key=lambda mark: (mark.key_id, mark.day))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def add_uses(session: Session, marks: Sequence[UseMark]) -> None:
    """Add marks to the keys' totals and days. Marks of keys that do not exist, or are another's, are ignored."""
    dialect = session.get_bind().dialect.name
    totals, days = _STATEMENTS[dialect]
    own = find_restriction(session)
    session.execute(totals, {"marks": _as_json(dialect, _by_key(marks), _TOTALS), "own": own})
    session.execute(days, {"marks": _as_json(dialect, marks, _DAYS), "own": own})


def _by_key(marks: Sequence[UseMark]) -> Sequence[UseMark]:
    totals: dict[str, UseMark] = {}
    for mark in marks:
        before = totals.get(mark.key_id)
        totals[mark.key_id] = mark if before is None else added(before, mark)
    return list(totals.values())


def added(before: UseMark, after: UseMark) -> UseMark:
    """Two marks of one key as one; `after` begins later than `before`."""
    used = after.last_used_at is not None
    return replace(
        after,
        reads=before.reads + after.reads,
        writes=before.writes + after.writes,
        failed=before.failed + after.failed,
        refused=before.refused + after.refused,
        first_used_at=before.first_used_at or after.first_used_at,
        last_used_at=after.last_used_at or before.last_used_at,
        last_read_at=after.last_read_at or before.last_read_at,
        last_write_at=after.last_write_at or before.last_write_at,
        last_failed_at=after.last_failed_at or before.last_failed_at,
        last_refused_at=after.last_refused_at or before.last_refused_at,
        last_address=after.last_address if used else before.last_address,
        last_user_agent=after.last_user_agent if used else before.last_user_agent,
    )


def _as_json(dialect: str, marks: Sequence[UseMark], columns: dict[str, str]) -> str:
    def value(item: Any) -> Any:
        if isinstance(item, datetime):
            # SQLite compares instants as text, in the form in which SQLAlchemy stores them.
            stored = item.astimezone(UTC).replace(tzinfo=None) if dialect == "sqlite" else item
            return stored.isoformat(sep=" ", timespec="microseconds")
        return item.isoformat() if isinstance(item, date) else item

    rows = [{name: value(item) for name, item in asdict(mark).items() if name in columns} for mark in marks]
    return json.dumps(rows, ensure_ascii=False)


_CLAIM_SUSPENDED_USE = text(
    "INSERT INTO key_use (key_id, organization_id, knock_told_at, reads, writes, failed, refused)"  # noqa: S608 - nothing from outside
    " SELECT id, organization_id, :at, 0, 0, 0, 0 FROM api_key"
    f" WHERE id = :key_id AND {_IS_OWN}"
    " ON CONFLICT (key_id) DO UPDATE SET knock_told_at = excluded.knock_told_at"
    " WHERE key_use.knock_told_at IS NULL OR key_use.knock_told_at <= :quiet_since"
).bindparams(bindparam("at", type_=UTCDateTime()), bindparam("quiet_since", type_=UTCDateTime()))


def claim_suspended_use(session: Session, key_id: str, *, at: datetime, quiet_since: datetime) -> bool:
    """Whether the caller is to tell owners of the use of a suspended key: True for one caller, then not until
    `quiet_since` is later.

    The first teller wins however many replicas heard of it.
    """
    values = {"key_id": key_id, "at": at, "quiet_since": quiet_since, "own": find_restriction(session)}
    result = session.execute(_CLAIM_SUSPENDED_USE, values)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
