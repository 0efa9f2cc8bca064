"""The audit trail read back: proved unbroken, and exported.

The database itself refuses to change or delete an audit event, but whoever may alter its tables can take that away;
the chain shows what they did. Someone who rewrites the whole chain from a row onwards leaves no trace inside the
database: compare with a head that was noted down elsewhere (`Verdict.head`).
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Text, cast, select, true

from desk.audit.trail import event_hash
from desk.key_powers import require_owner_or
from desk.transaction import Transaction
from storage.models import AuditEvent, AuditHead, Scope
from storage.models.audit import GENESIS, beginning_of

_BATCH = 500
_COLUMNS = ("seq", "at", "actor", "action", "subject_kind", "subject_id", "data", "previous_hash", "hash")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Problem:
    """A place where the chain is broken."""

    seq: int
    what: str
    """In a sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: worth noting down outside of the database."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    events: int
    head: Head
    problems: tuple[Problem, ...]

    @property
    def is_intact(self) -> bool:
        """Whether every event is there, unchanged and in its place."""
        return not self.problems


def verify(tx: Transaction, *, noted: Head | None = None, at_most: int = 100) -> Verdict:
    """Read the whole trail and report up to `at_most` places where an event was edited, removed, added or moved.

    `noted` is a head that was noted down earlier; the trail must still run through it. Memory stays flat.
    """
    require_owner_or(tx, Scope.AUDIT_READ)
    problems: list[Problem] = []
    events, expected, previous, end = 0, 1, GENESIS, None
    for row in tx.session.execute(_TRAIL, execution_options={"yield_per": _BATCH}):
        if end is None:
            previous = _beginning(tx, row)
        end = Head(row.head_seq, row.head_hash)
        if row.seq is None:
            break
        if not isinstance(row.seq, int) or not isinstance(row.head_seq, int):
            problems.append(Problem(expected, "What numbers it, or the end of the trail, is no number."))
            return Verdict(events, Head(0, GENESIS), tuple(problems))
        events += 1
        problems.extend(_judge(row, expected, previous))
        if noted is not None and row.seq == noted.seq and row.hash != noted.hash:
            problems.append(Problem(row.seq, "It is not the event that was noted down earlier."))
        expected, previous = row.seq + 1, row.hash
        if len(problems) >= at_most:
            return Verdict(events, end, tuple(problems[:at_most]))
    if end is None:
        end = Head(0, GENESIS)
        problems.append(Problem(0, "The record of where the trail ends is gone."))
    problems.extend(_judge_end(end, Head(expected - 1, previous)))
    if noted is not None and noted.seq >= expected:
        problems.append(Problem(noted.seq, "It was noted down earlier, and the trail ends before it."))
    return Verdict(events, end, tuple(problems))


# One statement, so that the trail and its end are of the same instant while others go on writing. Times and data come
# as text: a value that was spoilt by hand is to be reported, not stumbled over.
_TRAIL = (
    select(
        AuditHead.seq.label("head_seq"),
        AuditHead.hash.label("head_hash"),
        AuditEvent.seq,
        cast(AuditEvent.at, Text).label("at"),
        AuditEvent.actor,
        AuditEvent.action,
        AuditEvent.subject_kind,
        AuditEvent.subject_id,
        cast(AuditEvent.data, Text).label("data"),
        AuditEvent.previous_hash,
        AuditEvent.hash,
    )
    .select_from(AuditHead)
    .outerjoin(AuditEvent, true())
    .order_by(AuditEvent.seq)
)


def _beginning(tx: Transaction, row: Any) -> str:
    """What the organization's first event must cover in place of a predecessor's hash; `row` is the first one."""
    found = row.head_hash if row.seq is None else row.previous_hash
    return GENESIS if found == GENESIS else beginning_of(tx.organization)


def _judge(row: Any, expected: int, previous: str) -> Iterator[Problem]:
    if row.seq > expected:
        count = row.seq - expected
        yield Problem(expected, f"{count} events are missing from here on." if count > 1 else "The event is missing.")
    elif row.seq < expected:
        yield Problem(row.seq, "It was put before the beginning.")
    elif row.previous_hash != previous:
        yield Problem(row.seq, "It does not follow the event before it.")
    if not _is_unchanged(row):
        yield Problem(row.seq, "It was changed after it was recorded.")


def _is_unchanged(row: Any) -> bool:
    try:
        at = datetime.fromisoformat(row.at)
        hash_ = event_hash(
            previous_hash=row.previous_hash,
            seq=row.seq,
            at=(at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC),
            actor=row.actor,
            action=row.action,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            data=json.loads(row.data),
        )
    except (ValueError, TypeError, RecursionError):
        return False
    return bool(hash_ == row.hash)


def _judge_end(end: Head, last: Head) -> Iterator[Problem]:
    if last.seq < end.seq:
        count = end.seq - last.seq
        what = f"The last {count} events are missing." if count > 1 else "The last event is missing."
        yield Problem(last.seq + 1, what)
    elif last.seq > end.seq:
        yield Problem(end.seq + 1, "It and what follows were added past the end.")
    elif last.hash != end.hash:
        yield Problem(end.seq, "It is not the event with which the trail ended.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Which events to read; None: no limit. `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    action: str | None = None
    actor: str | None = None

    def select(self) -> Select[AuditEvent]:
        """The events, in order."""
        statement = select(AuditEvent).order_by(AuditEvent.seq)
        if self.since is not None:
            statement = statement.where(AuditEvent.at >= self.since)
        if self.until is not None:
            statement = statement.where(AuditEvent.at < self.until)
        for column, value in (
            (AuditEvent.subject_kind, self.subject_kind),
            (AuditEvent.subject_id, self.subject_id),
            (AuditEvent.action, self.action),
            (AuditEvent.actor, self.actor),
        ):
            if value is not None:
                statement = statement.where(column == value)
        return statement


def list_events(tx: Transaction, extract: Extract, *, after: int = 0, limit: int = 100) -> Sequence[AuditEvent]:
    """The first events behind the number `after`, in order. For owners, and keys that read the trail."""
    require_owner_or(tx, Scope.AUDIT_READ)
    return tx.session.scalars(extract.select().where(AuditEvent.seq > after).limit(limit)).all()


def export_json_lines(tx: Transaction, extract: Extract) -> Iterator[str]:
    """Events as JSON, one a line, with all that the hashes cover. Read it to its end within the transaction."""
    require_owner_or(tx, Scope.AUDIT_READ)
    for values in _stream(tx, extract):
        yield json.dumps(values, ensure_ascii=False) + "\n"


def export_csv(tx: Transaction, extract: Extract) -> Iterator[str]:
    """Events as CSV with a heading. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    require_owner_or(tx, Scope.AUDIT_READ)
    line = io.StringIO()
    writer = csv.writer(line)

    def drain() -> str:
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text

    writer.writerow(_COLUMNS)
    yield drain()
    for values in _stream(tx, extract):
        values["data"] = json.dumps(values["data"], ensure_ascii=False, sort_keys=True)
        writer.writerow([_harmless(values[name]) for name in _COLUMNS])
        yield drain()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _stream(tx: Transaction, extract: Extract) -> Iterator[dict[str, Any]]:
    events = tx.session.scalars(extract.select(), execution_options={"yield_per": _BATCH})
    for event in events:
        values = {name: getattr(event, name) for name in _COLUMNS}
        yield values | {"at": event.at.isoformat(timespec="microseconds")}
