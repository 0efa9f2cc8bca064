"""The outbox: which delivery is made next, by whom, and what became of it.

A lane is a place of a channel. Its deliveries are made one after another, the oldest first; lanes do not wait for
each other. A worker holds a delivery by a lease: when it dies, the delivery is free again once the lease is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Update, and_, bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from storage import lanes
from storage.models import Channel, Delivery, DeliveryLane, DeliveryStatus

LEASE = timedelta(seconds=30)
"""For how long a worker holds a delivery."""
LONGEST_WAIT = timedelta(minutes=20)
"""No delivery is put back for longer."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is one worker's to make until `lease_until`."""

    delivery_id: int
    organization_id: str
    channel: Channel
    lane: str
    subject: str
    payload: Mapping[str, Any]
    worker: str
    attempts: int
    """Which try this is, from 1."""
    lease_until: datetime
    first_tried_at: datetime | None
    """When this delivery was first tried, unless this is the first time."""
    uncertain_since: datetime | None
    """Since when its subject may have arrived without our knowing it, by this delivery or an earlier one."""


def claim_next(
    session: Session,
    channel: Channel,
    *,
    worker: str,
    now: datetime,
    lease: timedelta,
    pace: timedelta,
    only_untried: bool = False,
) -> Claim | None:
    """Take the delivery that has been due longest, of a lane where nothing is on its way and the last post is `pace`
    ago; those of workers whose lease is over come first. `only_untried`: only one that was never tried before."""
    more = True
    while more:
        more = lanes.notice(session, channel, now=now)
        while taken := lanes.take(session, channel, now=now, pace=pace, only_untried=only_untried):
            if claim := _claim_head(session, *taken, worker=worker, now=now, lease=lease):
                return claim
    return None


def claim_due(
    session: Session,
    channel: Channel,
    *,
    worker: str,
    now: datetime,
    lease: timedelta,
    pace: timedelta,
    tries: Sequence[int],
    most: int,
) -> Sequence[Claim]:
    """Take what is due, as `claim_next` does, until the worker's hands are full: it has `most`, and some are making
    what was tried `tries` times."""
    claims: list[Claim] = []
    while len(in_hand := [*tries, *(claim.attempts for claim in claims)]) < most:
        only_untried = is_last_hand(in_hand, most)
        claim = claim_next(
            session, channel, worker=worker, now=now, lease=lease, pace=pace, only_untried=only_untried
        )
        if claim is None:
            break
        claims.append(claim)
    return claims


def is_last_hand(tries: Sequence[int], most: int) -> bool:
    """Whether the next delivery must be one that was never tried: places that are slow to fail must not take all
    hands, the last one is for places that are not in trouble."""
    return most > 1 and sum(number > 1 for number in tries) >= most - 1


_FIRST_TRY = select(func.min(Delivery.first_tried_at)).where(Delivery.subject == bindparam("of"))


def _claim_head(
    session: Session, lane: DeliveryLane, row: Delivery | None, *, worker: str, now: datetime, lease: timedelta
) -> Claim | None:
    claim = None
    if row is not None and row.status == (DeliveryStatus.SENDING if lane.busy_until else DeliveryStatus.PENDING):
        claim = Claim(
            delivery_id=row.id,
            organization_id=row.organization_id,
            channel=Channel(row.channel),
            lane=row.lane,
            subject=row.subject,
            payload=row.payload,
            worker=worker,
            attempts=row.attempts + 1,
            lease_until=now + lease,
            first_tried_at=row.first_tried_at,
            uncertain_since=session.scalar(_FIRST_TRY, {"of": row.subject}),
        )
        row.status = DeliveryStatus.SENDING
        row.attempts = claim.attempts
        row.claimed_by = worker
        row.lease_until = claim.lease_until
        row.first_tried_at = row.first_tried_at or now
        session.flush()
    # Where somebody deleted the delivery by hand, this is what brings the lane in order again.
    lanes.line_up(session, Channel(lane.channel), [lane.lane])
    return claim


def list_waiting(session: Session, subject: str) -> Sequence[int]:
    """Deliveries of a subject, waiting or dead, that a delivery of its present state makes needless."""
    waiting = (DeliveryStatus.PENDING, DeliveryStatus.DEAD)
    return session.scalars(select(Delivery.id).where(Delivery.subject == subject, Delivery.status.in_(waiting))).all()


def is_known(session: Session, subject: str) -> bool:
    """Whether there is, or was until lately, a delivery of a subject."""
    return session.scalar(select(Delivery.id).where(Delivery.subject == subject).limit(1)) is not None


def mark_sent(session: Session, claim: Claim, *, now: datetime, called: bool, covers: Sequence[int]) -> bool:
    """It arrived, or (not `called`) there was nothing to say; the deliveries `covers` need not be made either.

    False when the claim was lost to another worker.
    """
    values: dict[str, Any] = {"status": DeliveryStatus.SENT, "last_error": None}
    values |= {"sent_at": now} if called else {"first_tried_at": claim.first_tried_at}
    if not _settle(session, claim, **values):
        return False
    if covers:
        waiting = or_(Delivery.status == DeliveryStatus.PENDING, Delivery.status == DeliveryStatus.DEAD)
        same = (Delivery.subject == claim.subject, Delivery.channel == claim.channel, Delivery.lane == claim.lane)
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(covers), *same, waiting)
            .values(status=DeliveryStatus.SENT, last_error=None)
            .execution_options(synchronize_session=False)
        )
    lanes.line_up(session, claim.channel, [claim.lane], sent_at=now if called else None)
    return True


def put_back(session: Session, claim: Claim, *, due_at: datetime, error: str, counted: bool, uncertain: bool) -> bool:
    """Try it again at `due_at`. Not `counted`: this try was none. `uncertain`: it may have arrived.

    False when the claim was lost to another worker.
    """
    values: dict[str, Any] = {"status": DeliveryStatus.PENDING, "due_at": due_at, "last_error": error}
    if not counted:
        values["attempts"] = claim.attempts - 1
    return _give_up(session, claim, uncertain=uncertain, **values)


def mark_dead(session: Session, claim: Claim, *, error: str, uncertain: bool) -> bool:
    """Give it up until an owner says otherwise. False when the claim was lost to another worker."""
    return _give_up(session, claim, uncertain=uncertain, status=DeliveryStatus.DEAD, last_error=error)


def _give_up(session: Session, claim: Claim, *, uncertain: bool, **values: Any) -> bool:
    if not uncertain:
        values["first_tried_at"] = claim.first_tried_at
    won = _settle(session, claim, **values)
    if won:
        lanes.line_up(session, claim.channel, [claim.lane])
    return won


def _settle(session: Session, claim: Claim, **values: Any) -> bool:
    lanes.lock(session, claim.channel, [claim.lane])
    known = {"of": claim.delivery_id, "by": claim.worker, "tries": claim.attempts}
    result = session.execute(
        _settled(frozenset(values)), known | {f"new_{name}": new for name, new in values.items()}
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


@cache
def _settled(names: frozenset[str]) -> Update:
    return (
        update(Delivery)
        .where(
            Delivery.id == bindparam("of"),
            Delivery.status == DeliveryStatus.SENDING,
            Delivery.claimed_by == bindparam("by"),
            Delivery.attempts == bindparam("tries"),
        )
        .values(claimed_by=None, lease_until=None, **{name: bindparam(f"new_{name}") for name in names})
        .execution_options(synchronize_session=False)
    )


def revive(session: Session, subject: str, *, now: datetime, lane: str | None = None) -> int:
    """Let a subject's dead deliveries be tried again from the start, in another `lane` where one is given; how many
    there were."""
    again = {"status": DeliveryStatus.PENDING, "attempts": 0, "due_at": now, "last_error": None, "noticed_at": None}
    return _change_dead(session, subject, **again, **({"lane": lane} if lane else {}))


def drop(session: Session, subject: str) -> int:
    """Never make a subject's dead deliveries; how many there were."""
    return _change_dead(session, subject, status=DeliveryStatus.DROPPED)


def _change_dead(session: Session, subject: str, **values: Any) -> int:
    result = session.execute(
        update(Delivery)
        .where(Delivery.subject == subject, Delivery.status == literal_column("'dead'"))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def hold_back(session: Session, *, error: str) -> int:
    """Make dead letters of all that waits or is on its way, so that somebody decides on each; how many. No worker
    may run."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.status.in_((DeliveryStatus.PENDING, DeliveryStatus.SENDING)))
        .values(status=DeliveryStatus.DEAD, last_error=error, claimed_by=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(DeliveryLane)
        .values(head_id=None, attempts=None, due_at=None, busy_until=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def forget_settled(session: Session, *, before: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` deliveries that were added before an instant and are sent or dropped; how many."""
    settled = and_(Delivery.status.in_((DeliveryStatus.SENT, DeliveryStatus.DROPPED)), Delivery.created_at < before)
    old = select(Delivery.id).where(settled).order_by(Delivery.id).limit(limit)
    result = session.execute(
        delete(Delivery).where(Delivery.id.in_(old.scalar_subquery())).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
