"""What became of people who left, and readings of Slack's directory that wait for somebody."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, SlackId


class SyncStatus(StrEnum):
    """Where a reading of Slack's people and groups stands."""

    REQUESTED = "requested"
    """Somebody asked for it; the next job run does it."""
    DONE = "done"
    STOPPED = "stopped"
    """It would take roles from too many people; owners are asked."""
    CONFIRMED = "confirmed"
    """An owner said yes to exactly this plan; the next reading applies it if it is still the same."""
    APPLIED = "applied"
    CANCELLED = "cancelled"
    """An owner said to leave things as they are; the same plan is not asked about again."""
    SUPERSEDED = "superseded"
    """Slack or the roles have changed since, so that this plan means nothing any more."""


class DirectorySync(InOrganization, Base):
    """A reading of Slack's people and groups that was asked for, or that stopped and asks."""

    __tablename__ = "directory_sync"

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[SyncStatus] = mapped_column(String(16), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the plan: who would lose what, and why."""
    plan: Mapped[dict[str, Any] | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    finished_at: Mapped[datetime | None]


class Departure(InOrganization, Base):
    """Somebody was deactivated in Slack. The keys they answered for stay on record until each was dealt with."""

    __tablename__ = "departure"

    id: Mapped[Id]
    user_id: Mapped[SlackId] = mapped_column(index=True)
    left_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    key_ids: Mapped[list[str]]
    """The keys that they answered for on leaving, in the order of the card."""
    roles_ended: Mapped[int] = mapped_column(default=0)
    requests_withdrawn: Mapped[int] = mapped_column(default=0)
