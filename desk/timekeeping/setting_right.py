"""A clock that was ahead, if only for seconds, has written instants that are yet to come: they are set right.

What waits for such an instant would wait for as long as the clock was ahead. Waiting is cut to the longest that it
can be. What happened at such an instant happened by now; the order of what happened is kept. What such a clock has
drawn is drawn again: to it, what waits for a decision had long expired. A clock that is *behind*
sees the same, of everything that was written lately: then nothing but waiting is touched (see `find_behind`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true

from desk.audit.trail import Action, record
from desk.clock import CLOCKS_APART
from desk.messages.outbox import refresh_message
from desk.permissions import Duty, require_duty
from desk.timekeeping.columns import BEFORE, FOLLOWS, ONLY_WITHOUT, WAITS, Column, list_models, list_stamps
from desk.transaction import Transaction, keys_changed, pages_changed
from storage import lanes
from storage.jobs import forget_early_runs
from storage.models import ApiKey, Base, Channel, Delivery, DeliveryLane, DeliveryStatus, JobRun, SlackMessage
from storage.signals import Topic, signal

LIVED = timedelta(hours=1)
"""What happened in the future over a longer time was lived through: it is this clock that is behind."""
_STAMPS = {model: list_stamps(model) for model in list_models()}
_ROWS = [model for model in _STAMPS if model not in (Delivery, DeliveryLane)]


@dataclass(frozen=True, slots=True)
class SetRight:
    """What was found to be later than it can be."""

    ahead: timedelta
    """How far the furthest of it lay ahead."""
    rows: Mapping[str, int]
    """How many rows of each table were set right."""


def find_behind(tx: Transaction) -> datetime | None:
    """Until when things happened beyond what this clock says, over so long a time that it is behind, rather than
    another one was ahead for a moment. None: it is not."""
    require_duty(tx, Duty.TIME)
    ends: list[datetime] = []
    for stamp in chain.from_iterable(_STAMPS.values()):
        late = select(stamp).where(stamp > _latest(stamp, tx.now)).limit(1)
        for order in (stamp, stamp.desc()):
            ends += tx.session.scalars(late.order_by(order))
    return max(ends) if ends and max(ends) - min(ends) > LIVED else None


def is_due(tx: Transaction, *, records: bool) -> bool:
    """Whether there is anything to set right; costs one look into each table."""
    require_duty(tx, Duty.TIME)
    looks = [_columns_of(model, records=records) for model in _STAMPS]
    return any(
        tx.session.scalar(select(select(columns[0]).where(_is_late(tx, columns)).exists()))
        for columns in looks
        if columns
    )


def set_right(tx: Transaction, *, records: bool = True) -> SetRight | None:
    """Set right what is later than it can be, and say so in the audit trail; None where nothing is.

    `records`: also what says when something happened, for which this clock must be known to be right.
    """
    require_duty(tx, Duty.TIME)
    found = _Found(tx, records=records)
    drawn = _list_drawn(tx) if records else ()
    for model in _ROWS:
        found.mend(_list_late(tx, model, found.columns_of(model)))
    _mend_deliveries(tx, found)
    for message in drawn:
        refresh_message(tx, message)
    if records and (early := forget_early_runs(tx.session, after=tx.now + LIVED)):
        found.rows[JobRun.__tablename__] = early
    if not found.rows:
        return None
    if found.keys:
        keys_changed(tx, *found.keys)
    pages_changed(tx)
    signal(tx.session, Topic.OUTBOX)
    ahead = found.latest - tx.now
    record(tx, Action.CLOCK_SET_RIGHT, "clock", "clock", ahead=round(ahead.total_seconds()), rows=dict(found.rows))
    return SetRight(ahead, dict(found.rows))


class _Found:
    """What is set right in one transaction."""

    def __init__(self, tx: Transaction, *, records: bool) -> None:
        self._tx = tx
        self._records = records
        self.rows: Counter[str] = Counter()
        self.keys: list[str] = []
        self.latest = tx.now
        self._right = _order(tx) if records else {}

    def columns_of(self, model: type[Base]) -> Sequence[Column]:
        """Those to look at."""
        return _columns_of(model, records=self._records)

    def mend(self, rows: Sequence[Any]) -> None:
        """Set rows right that are held, and in which something is late."""
        for row in rows:
            columns = self.columns_of(type(row))
            late = {column: value for column in columns if (value := _late(row, column, self._tx.now)) is not None}
            self.latest = max(self.latest, *late.values())
            self._move(row, late)
            self.rows[row.__tablename__] += 1
            if isinstance(row, ApiKey):
                self.keys.append(row.id)
        self._tx.session.flush()

    def _move(self, row: Any, late: Mapping[Column, datetime]) -> None:
        now = self._tx.now
        moved = {str(column): value - self._right.get(value, now) for column, value in late.items()}
        for column, value in late.items():
            if column not in WAITS:
                setattr(row, column.key, self._right.get(value, now) - BEFORE.get(column, timedelta()))
        for column, since in _followers(row):
            if (by := moved.get(str(since))) is not None and (value := getattr(row, column.key)) is not None:
                setattr(row, column.key, value - by)
        for column, longest in WAITS.items():
            if column in late and _late(row, column, now) is not None:
                # A lease runs its length, so that whoever lives and holds it can finish.
                setattr(row, column.key, now + longest if column.key == "lease_until" else now)


def _columns_of(model: type[Base], *, records: bool) -> Sequence[Column]:
    waits = [column for column in WAITS if column.class_ is model]
    if model is DeliveryLane:
        # A lane rests after what was sent last, so this is waiting too.
        return _STAMPS[model]
    return [*waits, *(_STAMPS[model] if records else ())]


def _is_late(tx: Transaction, columns: Sequence[Column]) -> ColumnElement[bool]:
    late = []
    for column in columns:
        other = ONLY_WITHOUT.get(column)
        late.append(and_(column > _latest(column, tx.now), true() if other is None else other.is_(None)))
    return or_(*late)


def _followers(row: Any) -> Iterator[tuple[Column, Column]]:
    yield from ((column, since) for column, since in FOLLOWS.items() if column.class_ is type(row))
    if isinstance(row, ApiKey) and row.extended_at is None and row.predecessor_id is None:
        yield ApiKey.expires_at, ApiKey.created_at


def _late(row: Any, column: Column, now: datetime) -> datetime | None:
    value: datetime | None = getattr(row, column.key)
    other = ONLY_WITHOUT.get(column)
    is_waited_for = other is None or getattr(row, other.key) is None
    return value if value is not None and is_waited_for and value > _latest(column, now) else None


def _latest(column: Column, now: datetime) -> datetime:
    return now + WAITS.get(column, timedelta()) + CLOCKS_APART


def _list_late(tx: Transaction, model: type[Base], columns: Sequence[Column]) -> Sequence[Any]:
    if not columns:
        return ()
    # Whatever somebody has in hand is there at the next look.
    query = select(model).where(_is_late(tx, columns)).with_for_update(skip_locked=True)
    return tx.session.scalars(query.execution_options(populate_existing=True)).all()


def _order(tx: Transaction) -> Mapping[datetime, datetime]:
    """For each instant that is yet to come, one that has just passed: in the same order, a millionth of a second
    apart."""
    late: set[datetime] = set()
    for stamps in _STAMPS.values():
        for stamp in stamps:
            late.update(tx.session.scalars(select(stamp).where(stamp > _latest(stamp, tx.now)).distinct()))
    ordered = sorted(late, reverse=True)
    return {value: tx.now - timedelta(microseconds=index) for index, value in enumerate(ordered)}


def _list_drawn(tx: Transaction) -> Sequence[SlackMessage]:
    """What was sent by a clock that was ahead."""
    late = select(Delivery.subject).where(
        Delivery.channel == Channel.SLACK,
        Delivery.status == DeliveryStatus.SENT,
        Delivery.sent_at > _latest(Delivery.sent_at, tx.now),
    )
    shown = select(SlackMessage).where(SlackMessage.id.in_(late), SlackMessage.ts.is_not(None))
    return tx.session.scalars(shown.order_by(SlackMessage.created_at, SlackMessage.id)).all()


def _mend_deliveries(tx: Transaction, found: _Found) -> None:
    """Those that a lane's worker may hold: under the lock of the lane, which comes before its deliveries."""
    columns = found.columns_of(Delivery)
    places = list(tx.session.execute(select(Delivery.channel, Delivery.lane).where(_is_late(tx, columns)).distinct()))
    resting = DeliveryLane.sent_at > _latest(DeliveryLane.sent_at, tx.now)
    places += list(tx.session.execute(select(DeliveryLane.channel, DeliveryLane.lane).where(resting)))
    for channel, group in groupby(sorted(set(map(tuple, places))), key=lambda place: place[0]):
        names = sorted({lane for _, lane in group})
        lanes.lock(tx.session, Channel(channel), names)
        found.mend([row for row in _list_late(tx, Delivery, columns) if row.channel == channel])
        paced = select(DeliveryLane).where(DeliveryLane.channel == channel, resting)
        found.mend(tx.session.scalars(paced.execution_options(populate_existing=True)).all())
        lanes.line_up(tx.session, Channel(channel), names)
