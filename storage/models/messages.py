"""Deliveries that are owed to somebody, and the Slack messages that they post and bring up to date."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, Serial


class DeliveryStatus(StrEnum):
    """Where an outbox row stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    """A dead letter that an owner decided not to send any more."""


class SlackMessage(Base):
    """One message in one conversation, which outbox rows post and bring up to date.

    A card shows the present state of a subject, wherever it was sent; a note is said once.
    """

    __tablename__ = "slack_message"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "conversation"),
        Index("ix_slack_message_place", "channel_id", "ts"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(64))
    """Name of the renderer."""
    subject_id: Mapped[str] = mapped_column(String(64))
    conversation: Mapped[str] = mapped_column(String(32))
    """Where it goes: a channel id, or a user id for a direct message."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the renderer cannot read from the subject. Never a secret."""
    thread_of: Mapped[str | None] = mapped_column(ForeignKey("slack_message.id"))
    """The message in whose thread it goes; that one is posted first."""
    channel_id: Mapped[str | None] = mapped_column(String(32))
    ts: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]


class MessageSubject(Base):
    """Something that a message shows: when it changes, the message is brought up to date."""

    __tablename__ = "message_subject"
    __table_args__ = (Index("ix_message_subject_subject", "kind", "subject_id"),)

    message_id: Mapped[str] = mapped_column(ForeignKey("slack_message.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    """What it is: `key`, `ticket`."""
    subject_id: Mapped[str] = mapped_column(String(64), primary_key=True)


class OutboxRow(Base):
    """One delivery to make. Rows of one lane go out one after another, in order of `id`."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_lane", "status", "lane", "id"),
        Index("ix_outbox_lane_sent_at", "lane", "sent_at"),
        # Whatever workers do: never two rows of a lane on their way at once.
        Index(
            "uq_outbox_lane_sending",
            "lane",
            unique=True,
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    lane: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(ForeignKey("slack_message.id"), index=True)
    status: Mapped[DeliveryStatus] = mapped_column(String(16), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was claimed, less the times when Slack only asked to wait."""
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    first_tried_at: Mapped[datetime | None]
    """Set before the first call to Slack: from then on the message may be there although nobody knows its ts."""
    sent_at: Mapped[datetime | None]
    """None on a row that is done without a call to Slack: there was nothing to say, or another row said it."""
    last_error: Mapped[str | None] = mapped_column(Text)
