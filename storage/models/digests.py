"""Digests as they were sent, and what they announced."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, NamedInOrganization


class Act(StrEnum):
    """What policy may do to an unused key, on an announced date."""

    SUSPEND = "suspend"
    REVOKE = "revoke"


class Digest(NamedInOrganization, Base):
    """One digest that went out. Its period is the local date it was scheduled for."""

    __tablename__ = "digest"

    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    scheduled_for: Mapped[datetime]
    composed_at: Mapped[datetime]
    beyond: Mapped[dict[str, Any] | None]
    """How much it found beside what it lists; None: nothing."""


class DigestItem(InOrganization, Base):
    """A key, or a ticket that nobody collected, as a digest found it. What became of it is read when it is shown."""

    __tablename__ = "digest_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["period", "organization_id"], ["digest.period", "digest.organization_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("period", "position", "organization_id"),
    )

    id: Mapped[Id]
    period: Mapped[str] = mapped_column(String(32))
    position: Mapped[int]
    holder_id: Mapped[str | None] = mapped_column(String(32))
    key_id: Mapped[str | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    ticket_id: Mapped[str | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    findings: Mapped[list[str]]


class Announcement(InOrganization, Base):
    """An act of policy that digests announced for a key: carried out on its date, after two announcements or more."""

    __tablename__ = "key_announcement"
    __table_args__ = (Index("ix_key_announcement_open", "closed_at", "act_on"),)

    id: Mapped[Id]
    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id"), index=True)
    act: Mapped[Act] = mapped_column(String(8))
    act_on: Mapped[datetime]
    first_announced_at: Mapped[datetime]
    announced_times: Mapped[int] = mapped_column(default=0)
    last_period: Mapped[str | None] = mapped_column(String(32))
    """The digest that announced it last; one digest announces once."""
    closed_at: Mapped[datetime | None]
    """When it was carried out or called off."""
    outcome: Mapped[str | None] = mapped_column(String(255))
