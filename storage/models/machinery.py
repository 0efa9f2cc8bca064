"""What keeps promises: the outbox, Slack messages already sent, the audit chain, claimed jobs, events seen."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id

# SQLite counts rows only in a column that is declared INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")


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

    id: Mapped[int] = mapped_column(_Serial, primary_key=True, autoincrement=True)
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


class AuditEvent(Base):
    """One thing that happened. Append-only; each row's hash covers the row before."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_subject", "subject_kind", "subject_id", "seq"),)

    seq: Mapped[int] = mapped_column(_Serial, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(96))
    """`member:U…`, `operator:<login>`, `job:<name>` or `system`."""
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the audit chain: one row, which writers lock in turn."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(_Serial)
    hash: Mapped[str] = mapped_column(String(64))


class JobRun(Base):
    """A claimed run of a scheduled job: `(job, period)` happens once, however many replicas there are."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    claimed_by: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class SeenEvent(Base):
    """A Slack event that was handled: Slack repeats events it thinks were lost."""

    __tablename__ = "seen_event"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Revision(Base):
    """A counter that grows with every change of a topic, so that replicas notice what they missed."""

    __tablename__ = "revision"

    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[int] = mapped_column(_Serial)
