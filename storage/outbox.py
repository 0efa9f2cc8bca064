"""The outbox: which row is delivered next, by whom, and what became of it.

A lane is a conversation. Its rows go out one after another, the oldest first; lanes do not wait for each other.
A worker holds a row by a lease: when it dies, the row is free again once the lease is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, Subquery, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.models import DeliveryStatus, OutboxRow, SlackMessage


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is one worker's to deliver until `lease_until`."""

    row_id: int
    organization_id: str
    message_id: str
    lane: str
    worker: str
    attempts: int
    """Which try this is, from 1."""
    lease_until: datetime
    first_tried_at: datetime | None
    """When this row was first tried, unless this is the first time."""
    uncertain_since: datetime | None
    """Since when a copy of the message may be in Slack without our knowing it, by this row or an earlier one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is in Slack."""

    channel_id: str
    ts: str


def claim_next(session: Session, *, worker: str, now: datetime, lease: timedelta, pace: timedelta) -> Claim | None:
    """Take the row that has been due longest, of a lane where nothing is on its way and the last post is `pace` ago.

    Rows of workers whose lease is over come first. Raises IntegrityError where another worker took a row of the same
    lane in the same instant: try again.
    """
    row = session.scalars(_overdue(now)).first() or session.scalars(_due(now, pace)).first()
    if row is None:
        return None
    uncertain_since = session.scalars(
        select(func.min(OutboxRow.first_tried_at)).where(OutboxRow.message_id == row.message_id)
    ).one()
    claim = Claim(
        row_id=row.id,
        organization_id=row.organization_id,
        message_id=row.message_id,
        lane=row.lane,
        worker=worker,
        attempts=row.attempts + 1,
        lease_until=now + lease,
        first_tried_at=row.first_tried_at,
        uncertain_since=uncertain_since,
    )
    row.status = DeliveryStatus.SENDING
    row.attempts = claim.attempts
    row.claimed_by = worker
    row.lease_until = claim.lease_until
    row.first_tried_at = row.first_tried_at or now
    session.flush()
    return claim


def _overdue(now: datetime) -> Select[OutboxRow]:
    return (
        select(OutboxRow)
        .where(OutboxRow.status == DeliveryStatus.SENDING, OutboxRow.lease_until <= now)
        .order_by(OutboxRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _heads() -> Subquery:
    """The oldest waiting row of each lane in which nothing is on its way."""
    busy = select(OutboxRow.lane).where(OutboxRow.status == DeliveryStatus.SENDING)
    waiting = (OutboxRow.status == DeliveryStatus.PENDING, OutboxRow.lane.not_in(busy))
    return select(func.min(OutboxRow.id).label("id")).where(*waiting).group_by(OutboxRow.lane).subquery()


def _due(now: datetime, pace: timedelta) -> Select[OutboxRow]:
    heads, earlier = _heads(), aliased(OutboxRow)
    statement = (
        select(OutboxRow)
        .join(heads, heads.c.id == OutboxRow.id)
        .where(OutboxRow.status == DeliveryStatus.PENDING, OutboxRow.due_at <= now)
    )
    if pace:
        statement = statement.where(~exists().where(earlier.lane == OutboxRow.lane, earlier.sent_at > now - pace))
    ordered = statement.order_by(OutboxRow.due_at, OutboxRow.id).limit(1)
    return ordered.with_for_update(skip_locked=True, of=OutboxRow)


def find_next_due(session: Session, *, pace: timedelta) -> datetime | None:
    """When `claim_next` may next find something that is in the outbox now; None: nothing waits."""
    heads, earlier = _heads(), aliased(OutboxRow)
    last_post = select(func.max(earlier.sent_at)).where(earlier.lane == OutboxRow.lane).scalar_subquery()
    rows = session.execute(select(OutboxRow.due_at, last_post).join(heads, heads.c.id == OutboxRow.id)).all()
    instants = [max(due_at, posted + pace) if posted else due_at for due_at, posted in rows]
    lease = session.scalar(select(func.min(OutboxRow.lease_until)).where(OutboxRow.status == DeliveryStatus.SENDING))
    return min([*instants, lease] if lease else instants, default=None)


def list_waiting(session: Session, message_id: str) -> Sequence[int]:
    """Rows of a message, waiting or dead, that a delivery of its present state makes needless."""
    waiting = (DeliveryStatus.PENDING, DeliveryStatus.DEAD)
    return session.scalars(
        select(OutboxRow.id).where(OutboxRow.message_id == message_id, OutboxRow.status.in_(waiting))
    ).all()


def mark_sent(session: Session, claim: Claim, *, now: datetime, place: Place | None, shown: Sequence[int]) -> bool:
    """The message is at `place`, or there was nothing to say (None); `shown` are rows that this delivery covers too.

    False when the claim was lost to another worker; then only a place that nobody knew is kept.
    """
    values: dict[str, Any] = {"status": DeliveryStatus.SENT, "last_error": None}
    values |= {"sent_at": now} if place else {"first_tried_at": claim.first_tried_at}
    won = _settle(session, claim, **values)
    if place is not None:
        known = [SlackMessage.id == claim.message_id]
        if not won:
            known.append(SlackMessage.ts.is_(None))
        session.execute(update(SlackMessage).where(*known).values(channel_id=place.channel_id, ts=place.ts))
    if won and shown:
        waiting = or_(OutboxRow.status == DeliveryStatus.PENDING, OutboxRow.status == DeliveryStatus.DEAD)
        session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_(shown), OutboxRow.message_id == claim.message_id, waiting)
            .values(status=DeliveryStatus.SENT, last_error=None)
        )
    return won


def put_back(session: Session, claim: Claim, *, due_at: datetime, error: str, counted: bool, uncertain: bool) -> bool:
    """Try the row again at `due_at`. Not `counted`: this try was none. `uncertain`: the message may have arrived.

    False when the claim was lost to another worker.
    """
    values: dict[str, Any] = {"status": DeliveryStatus.PENDING, "due_at": due_at, "last_error": error}
    if not counted:
        values["attempts"] = claim.attempts - 1
    if not uncertain:
        values["first_tried_at"] = claim.first_tried_at
    return _settle(session, claim, **values)


def mark_dead(session: Session, claim: Claim, *, error: str, uncertain: bool) -> bool:
    """Give the row up until an owner says otherwise. False when the claim was lost to another worker."""
    values: dict[str, Any] = {"status": DeliveryStatus.DEAD, "last_error": error}
    if not uncertain:
        values["first_tried_at"] = claim.first_tried_at
    return _settle(session, claim, **values)


def _settle(session: Session, claim: Claim, **values: Any) -> bool:
    result = session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.id == claim.row_id,
            OutboxRow.status == DeliveryStatus.SENDING,
            OutboxRow.claimed_by == claim.worker,
            OutboxRow.attempts == claim.attempts,
        )
        .values(claimed_by=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def revive(session: Session, message_id: str, *, now: datetime) -> int:
    """Let a message's dead rows be tried again from the start; how many there were."""
    return _change_dead(session, message_id, status=DeliveryStatus.PENDING, attempts=0, due_at=now, last_error=None)


def drop(session: Session, message_id: str) -> int:
    """Never send a message's dead rows; how many there were."""
    return _change_dead(session, message_id, status=DeliveryStatus.DROPPED)


def _change_dead(session: Session, message_id: str, **values: Any) -> int:
    result = session.execute(
        update(OutboxRow)
        .where(OutboxRow.message_id == message_id, OutboxRow.status == DeliveryStatus.DEAD)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def forget_settled(session: Session, *, before: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` rows that were made before an instant and are sent or dropped; how many."""
    settled = and_(OutboxRow.status.in_((DeliveryStatus.SENT, DeliveryStatus.DROPPED)), OutboxRow.created_at < before)
    old = select(OutboxRow.id).where(settled).order_by(OutboxRow.id).limit(limit)
    result = session.execute(
        delete(OutboxRow).where(OutboxRow.id.in_(old.scalar_subquery())).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
