"""How much waits in the outbox, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from storage.models import Channel, Delivery


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """What waits in a lane."""

    channel: Channel
    lane: str
    waiting: int
    due_at: datetime
    """Since when the first of them has been due, or will be."""


def list_loads(session: Session) -> Sequence[LaneLoad]:
    """Of each lane in which something waits, the one that has waited longest first. In a session of all
    organizations."""
    due_at = func.min(Delivery.due_at)
    of_lanes = (
        select(Delivery.channel, Delivery.lane, func.count(), due_at)
        .where(Delivery.status == literal_column("'pending'"))
        .group_by(Delivery.channel, Delivery.lane)
        .order_by(due_at)
    )
    rows = session.execute(of_lanes)
    return [LaneLoad(Channel(channel), lane, waiting, first) for channel, lane, waiting, first in rows]


def count_dead(session: Session) -> dict[Channel, int]:
    """How many dead letters there are of each channel."""
    of_channels = (
        select(Delivery.channel, func.count())
        .where(Delivery.status == literal_column("'dead'"))
        .group_by(Delivery.channel)
    )
    return {Channel(channel): count for channel, count in session.execute(of_channels)}
