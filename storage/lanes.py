"""The lanes of the outbox: places of a channel, in each of which deliveries are made one after another.

`delivery_lane` says of each lane what is next and when, so that looking for it costs the same however much waits.
Whoever changes a delivery that is in line holds the row of its lane: `lock` it first, change, then `line_up`. A lane
is a place outside, so it may hold deliveries of several organizations.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CursorResult,
    ScalarSelect,
    Select,
    Update,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.models import Channel, Delivery, DeliveryLane
from storage.organizations import OF_EVERY_ORGANIZATION

BATCH = 500
"""How many new deliveries are put in line at once."""

# Written out: neither database uses an index with a condition for a value that it is only handed.
_IS_PENDING = Delivery.status == literal_column("'pending'")
_IS_SENDING = Delivery.status == literal_column("'sending'")
_IS_NEW = Delivery.noticed_at.is_(None)

# The looks of a worker are made once: making one takes longer than carrying it out.
_CHANNEL: BindParameter[str] = bindparam("in_channel", type_=Delivery.channel.type)
_NOW: BindParameter[datetime] = bindparam("now", type_=Delivery.due_at.type)
_RESTED: BindParameter[datetime] = bindparam("rested", type_=Delivery.due_at.type)
"""Whoever was sent something by then has rested, pace apart."""
_NEW = (
    select(Delivery.id, Delivery.lane)
    .where(Delivery.channel == _CHANNEL, _IS_NEW)
    .order_by(Delivery.due_at)
    .limit(BATCH)
)
_NOTICED = (
    update(Delivery)
    .where(Delivery.id.in_(bindparam("among", expanding=True)), _IS_NEW)
    .values(noticed_at=_NOW)
    .execution_options(synchronize_session=False)
)


def lock(session: Session, channel: Channel, lanes: Collection[str]) -> None:
    """Hold the rows of lanes until the transaction ends; whoever else wants one of them waits.

    SQLite's writers queue anyway.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    among = (DeliveryLane.channel == channel, DeliveryLane.lane.in_(lanes))
    session.execute(select(DeliveryLane.lane).where(*among).order_by(DeliveryLane.lane).with_for_update()).all()


def line_up(session: Session, channel: Channel, lanes: Collection[str], *, sent_at: datetime | None = None) -> None:
    """Work out what is next in lanes that the transaction holds. `sent_at`: something was sent there just now."""
    values = {"in_channel": channel, "among": list(lanes), "sent_now": sent_at}
    session.execute(_line_up(sent=sent_at is not None), values)


@cache
def _line_up(*, sent: bool) -> Update:
    return (
        update(DeliveryLane)
        .where(DeliveryLane.channel == _CHANNEL)
        .where(DeliveryLane.lane.in_(bindparam("among", expanding=True)))
        .values(
            head_id=func.coalesce(_first(Delivery.id, _IS_SENDING), _first(Delivery.id, _IS_PENDING)),
            attempts=func.coalesce(_first(Delivery.attempts, _IS_SENDING), _first(Delivery.attempts, _IS_PENDING)),
            due_at=case((_first(Delivery.id, _IS_SENDING).is_(None), _first(Delivery.due_at, _IS_PENDING))),
            busy_until=_first(Delivery.lease_until, _IS_SENDING),
            **({"sent_at": bindparam("sent_now")} if sent else {}),
        )
        .execution_options(synchronize_session=False, **OF_EVERY_ORGANIZATION)
    )


def _first(column: InstrumentedAttribute[Any], condition: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Of the lane's oldest delivery in a state."""
    of_lane = (Delivery.channel == DeliveryLane.channel, Delivery.lane == DeliveryLane.lane)
    oldest = select(column).where(*of_lane, condition).order_by(Delivery.id).limit(1)
    return oldest.correlate(DeliveryLane).scalar_subquery()


def notice(session: Session, channel: Channel, *, now: datetime) -> bool:
    """Put deliveries in line that were added since the last look. True: perhaps not all of them yet."""
    new = session.execute(_NEW, {"in_channel": channel}).all()
    if not new:
        return False
    lanes = sorted({lane for _, lane in new})
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [{"channel": channel, "lane": lane} for lane in lanes]
    session.execute(dialect.insert(DeliveryLane.__table__).on_conflict_do_nothing(), rows)
    lock(session, channel, lanes)
    session.execute(_NOTICED, {"among": [delivery_id for delivery_id, _ in new], "now": now})
    line_up(session, channel, lanes)
    return len(new) == BATCH


def take(
    session: Session, channel: Channel, *, now: datetime, pace: timedelta, only_untried: bool
) -> tuple[DeliveryLane, Delivery | None] | None:
    """Hold a lane whose delivery has been on its way for longer than its lease or, where there is none, the one whose
    head has been due longest and where the last post is `pace` ago. The lane with its head; None: there is none."""
    values = {"in_channel": channel, "now": now, "rested": now - pace}
    for held in _ways(only_untried=only_untried, paced=bool(pace)):
        if row := session.execute(held, values).first():
            lane, head = row
            return (lane, head) if lane.due_at is None or lane.due_at <= now else None
    return None


@cache
def _ways(*, only_untried: bool, paced: bool) -> Sequence[Select[DeliveryLane, Delivery]]:
    overdue = select(DeliveryLane).where(DeliveryLane.channel == _CHANNEL, DeliveryLane.busy_until <= _NOW)
    # Whether it is due is asked of the one that is found. As a condition it makes PostgreSQL, which knows nothing yet
    # of what was put in line just now, read and sort all that is due.
    ways = [_waiting(only_untried).where(_is_rested(paced)).order_by(DeliveryLane.due_at, DeliveryLane.head_id)]
    if not only_untried:
        ways.insert(0, overdue.order_by(DeliveryLane.busy_until, DeliveryLane.head_id))
    return [
        # What was read before it was held, or lined up, may be out of date.
        way.add_columns(Delivery)
        .outerjoin(Delivery, Delivery.id == DeliveryLane.head_id)
        .limit(1)
        .with_for_update(skip_locked=True, of=DeliveryLane)
        .execution_options(populate_existing=True)
        for way in ways
    ]


def find_next_due(
    session: Session, channel: Channel, *, now: datetime, pace: timedelta, only_untried: bool = False
) -> datetime | None:
    """Before when a look for something to do is in vain; None: nothing waits.

    What was added since the last look counts by its own due time, whatever it has to wait for in its lane.
    """
    looks, count = _looks(only_untried=only_untried, paced=bool(pace))
    found = session.execute(looks, {"in_channel": channel, "now": now, "rested": now - pace}).one()
    ends = [sent_at + pace for sent_at in found[count:] if sent_at]
    return min([*(instant for instant in found[:count] if instant), *ends], default=None)


@cache
def _looks(*, only_untried: bool, paced: bool) -> tuple[Select[*tuple[datetime | None, ...]], int]:
    """The looks in one statement; so many of them are for instants, and the rest for when rests began."""
    of_lanes = _waiting(only_untried).with_only_columns(DeliveryLane.due_at).order_by(DeliveryLane.due_at)
    new = select(Delivery.due_at).where(Delivery.channel == _CHANNEL, _IS_NEW).order_by(Delivery.due_at)
    lease = (
        select(DeliveryLane.busy_until)
        .where(DeliveryLane.channel == _CHANNEL, DeliveryLane.busy_until.is_not(None))
        .order_by(DeliveryLane.busy_until)
    )
    # Of lanes that rest, those that are due are free by the end of their rest, and others not before they are due.
    resting = _waiting(only_untried).with_only_columns(DeliveryLane.sent_at).order_by(DeliveryLane.sent_at)
    looks = [
        of_lanes.where(_is_rested(paced)),
        of_lanes.where(DeliveryLane.due_at > _NOW),
        new,
        *([] if only_untried else [lease]),
    ]
    rests = [resting.where(DeliveryLane.sent_at > _RESTED, DeliveryLane.due_at <= _NOW)] if paced else []
    return select(*(look.limit(1).scalar_subquery() for look in [*looks, *rests])), len(looks)


def forget_empty(session: Session, *, before: datetime) -> int:
    """Delete lanes where nothing waits and nothing was sent since an instant; how many."""
    key = tuple_(DeliveryLane.channel, DeliveryLane.lane)
    empty = (DeliveryLane.head_id.is_(None), or_(DeliveryLane.sent_at.is_(None), DeliveryLane.sent_at < before))
    # Whoever holds one is about to use it.
    unheld = select(DeliveryLane.channel, DeliveryLane.lane).where(*empty).with_for_update(skip_locked=True)
    result = session.execute(delete(DeliveryLane).where(key.in_(unheld)).execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount


def _waiting(only_untried: bool) -> Select[DeliveryLane]:
    waiting = select(DeliveryLane).where(DeliveryLane.channel == _CHANNEL, DeliveryLane.due_at.is_not(None))
    return waiting.where(DeliveryLane.attempts == 0) if only_untried else waiting


def _is_rested(paced: bool) -> ColumnElement[bool]:
    return or_(DeliveryLane.sent_at.is_(None), DeliveryLane.sent_at <= _RESTED) if paced else true()
