"""Marks of use, written to the database in few statements and short transactions, whosever the keys are."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import CursorResult, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from storage.models import KeyUse
from storage.models.base import UTCDateTime
from storage.organizations import find_restriction

CHUNK = 1000
"""Marks per transaction: so few rows are locked so briefly that other writers do not notice."""


@dataclass(slots=True, eq=False)
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


def forget_addresses(session: Session, before: datetime) -> int:
    """Forget from where keys were called that nobody has called since; gives of how many, at most of a chunk."""
    called = func.max if session.get_bind().dialect.name == "sqlite" else func.greatest
    never = datetime(1970, 1, 1, tzinfo=UTC)
    latest = called(func.coalesce(KeyUse.last_used_at, never), func.coalesce(KeyUse.last_refused_at, never))
    old = select(KeyUse.key_id).where(KeyUse.last_address.is_not(None), latest < before).limit(CHUNK)
    cleared = update(KeyUse).where(KeyUse.key_id.in_(old)).values(last_address=None, last_user_agent=None)
    result = session.execute(cleared, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount


_FIELDS = tuple(field.name for field in fields(UseMark))
_KEY, _DAY = _FIELDS[:2]
_COUNTS, _FIRST, _LATEST, _OF_LAST_USE = _FIELDS[2:6], _FIELDS[6], _FIELDS[7:12], _FIELDS[12:]
_KINDS: dict[str, str] = {
    _KEY: "text",
    _DAY: "date",
    **dict.fromkeys(_COUNTS, "bigint"),
    **dict.fromkeys((_FIRST, *_LATEST), "timestamptz"),
    **dict.fromkeys((*_OF_LAST_USE, "organization_id"), "text"),
}


def _change(table: str, column: str) -> str:
    """What becomes of a column where the row is there already."""
    before, after = f"{table}.{column}", f"excluded.{column}"
    if column in _COUNTS:
        return f"{column} = {before} + {after}"
    if column == _FIRST:
        when = f"{before} IS NULL OR {after} < {before}"
    elif column in _LATEST:
        when = f"{before} IS NULL OR {after} > {before}"
    else:
        when = f"{table}.last_used_at IS NULL OR excluded.last_used_at > {table}.last_used_at"
    return f"{column} = CASE WHEN {when} THEN {after} ELSE {before} END"


_IS_OWN = "(CAST(:own AS text) IS NULL OR api_key.organization_id = :own)"
"""What nothing adds to a statement that is written as text."""


_IDS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT json_array_elements_text(CAST(:ids AS json))",
}
_OWNERS = {
    kind: text(f"SELECT id, organization_id FROM api_key WHERE id IN ({ids}) AND {_IS_OWN}")  # noqa: S608
    for kind, ids in _IDS.items()
}
"""Whose each of some keys is."""


class _Upsert:
    """Adds rows of one table. A row says something of `columns`; its other counts are 0."""

    def __init__(self, table: str, key: Sequence[str], columns: Sequence[str]) -> None:
        self._columns = (*key, *columns, "organization_id")
        unsaid = [name for name in _COUNTS if name not in columns]
        # Nothing from outside is in these texts: tables and columns are those above.
        into = f"INSERT INTO {table} ({', '.join((*self._columns, *unsaid))})"
        change = ", ".join(_change(table, column) for column in columns)
        then = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {change}"
        self._of_row = f"{into} VALUES ({', '.join('?' * len(self._columns) + '0' * len(unsaid))}) {then}"
        given = [f"coalesce({name}, 0)" if name in _COUNTS else name for name in (*self._columns, *unsaid)]
        shape = ", ".join(f"{name} {_KINDS[name]}" for name in (*self._columns, *unsaid))
        self._of_document = text(
            f"{into} SELECT {', '.join(given)} FROM json_to_recordset(CAST(:marks AS json)) AS mark({shape})"  # noqa: S608
            f" ORDER BY key_id {then}"
        )

    def add(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add what they say."""
        if not rows:
            return
        if session.get_bind().dialect.name == "sqlite":
            # Row by row within its own loop, SQLite takes half the time that a document of them all does.
            session.connection().exec_driver_sql(self._of_row, rows)
        else:
            # One parameter, whatever the number of rows, is the fastest form here. What says nothing stays out of it:
            # that is most of a mark, and the server reads every letter.
            named = [{name: value for name, value in zip(self._columns, row, strict=True) if value} for row in rows]
            session.execute(self._of_document, {"marks": json.dumps(named)})


_TOTALS = _Upsert("key_use", [_KEY], _FIELDS[2:])
_READS = _Upsert(
    "key_use",
    [_KEY],
    ("reads", "first_used_at", "last_used_at", "last_read_at", "last_address", "last_user_agent"),
)
"""Of keys that were read with, and nothing else."""
_DAYS = _Upsert("key_use_day", [_KEY, _DAY], _COUNTS)


def _in_sqlite(at: datetime) -> str:
    """As SQLAlchemy stores it: SQLite compares instants as text."""
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26]


_place = attrgetter("key_id", "day")


def in_chunks(marks: Sequence[UseMark]) -> Iterator[Sequence[UseMark]]:
    """The marks in order of key, as many at a time as one transaction should write."""
    ordered = sorted(marks, key=_place)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def add_uses(session: Session, marks: Sequence[UseMark]) -> None:
    """Add marks to the keys' totals and days. Marks of keys that do not exist, or are another's, are ignored.

    Rows are taken in order of key, so that two replicas that write at once wait for each other instead of locking
    each other out.
    """
    own = find_restriction(session)
    ids = json.dumps([mark.key_id for mark in marks])
    kind = session.get_bind().dialect.name
    owners: dict[str, str] = dict(session.execute(_OWNERS[kind], {"ids": ids, "own": own}).all())
    known = [mark for mark in sorted(marks, key=_place) if mark.key_id in owners]
    if kind == "sqlite":
        _add_totals_to_sqlite(session, _by_key(known), owners)
    else:
        _TOTALS.add(session, [_total(mark, owners, datetime.isoformat) for mark in _by_key(known)])
    _DAYS.add(session, [_day(mark, owners) for mark in known])


def _add_totals_to_sqlite(session: Session, marks: Sequence[UseMark], owners: Mapping[str, str]) -> None:
    """Nearly all marks are of calls that read, of which half as much has to be said. One writes at a time, so nobody
    minds that rows are not taken in order of key."""
    reads, rest = [], []
    for mark in marks:
        first, last = mark.first_used_at, mark.last_used_at
        if (
            first is None
            or last is None
            or mark.last_read_at is not last
            or mark.writes
            or mark.failed
            or mark.refused
        ):
            rest.append(_total(mark, owners, _in_sqlite))
            continue
        at = _in_sqlite(last)
        since = at if first is last else _in_sqlite(first)
        of_last = (mark.last_address, mark.last_user_agent)
        reads.append((mark.key_id, mark.reads, since, at, at, *of_last, owners[mark.key_id]))
    _READS.add(session, reads)
    _TOTALS.add(session, rest)


_counts, _instants = attrgetter(*_COUNTS), attrgetter(_FIRST, *_LATEST)


def _total(mark: UseMark, owners: Mapping[str, str], text_of: Callable[[datetime], str]) -> tuple[Any, ...]:
    instants = [None if at is None else text_of(at) for at in _instants(mark)]
    of_last = (mark.last_address, mark.last_user_agent)
    return (mark.key_id, *_counts(mark), *instants, *of_last, owners[mark.key_id])


def _day(mark: UseMark, owners: Mapping[str, str]) -> tuple[Any, ...]:
    return (mark.key_id, mark.day.isoformat(), *_counts(mark), owners[mark.key_id])


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
