"""Deliveries that are owed to somebody, by whichever channel, and the Slack messages that they post and keep up to
date."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Serial


class Channel(StrEnum):
    """A way out: each has a deliverer of its own (`handlers/delivery/`), and a table beside `delivery`."""

    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"
    ATLASSIAN = "atlassian"


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    """A dead letter that an owner decided not to send any more."""


class Audience(StrEnum):
    """Readers whose place may change: a message for them remembers it, and can follow them."""

    OWNERS = "owners"
    DIGEST = "digest"
    """Whoever reads the digest."""
    ANNOUNCEMENTS = "announcements"
    """Whoever hears of a page's incidents; the head of an announcement has the fact `page_id`."""


class SlackMessage(InOrganization, Base):
    """One message in one conversation, which deliveries post and bring up to date.

    A card shows the present state of a subject, wherever it was sent; a note is said once.
    """

    __tablename__ = "slack_message"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "conversation", "organization_id"),
        Index("ix_slack_message_place", "channel_id", "ts"),
        Index("ix_slack_message_thread_of", "thread_of"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(64))
    """Name of the renderer."""
    subject_id: Mapped[str] = mapped_column(String(64))
    conversation: Mapped[str] = mapped_column(String(32))
    """Where it goes: a channel id, or a user id for a direct message."""
    audience: Mapped[Audience | None] = mapped_column(String(16))
    """For whom it went there, where that is not the conversation itself."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the renderer cannot read from the subject. Never a secret."""
    thread_of: Mapped[str | None] = mapped_column(ForeignKey("slack_message.id"))
    """The message in whose thread it goes; that one is posted first."""
    channel_id: Mapped[str | None] = mapped_column(String(32))
    ts: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]


class MessageSubject(InOrganization, Base):
    """Something that a message shows: when it changes, the message is brought up to date."""

    __tablename__ = "message_subject"
    __table_args__ = (Index("ix_message_subject_subject", "kind", "subject_id"),)

    message_id: Mapped[str] = mapped_column(ForeignKey("slack_message.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    """What it is: `key`, `ticket`."""
    subject_id: Mapped[str] = mapped_column(String(64), primary_key=True)


def _only_where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Delivery(InOrganization, Base):
    """One delivery to make. Those of one lane are made one after another, in order of `id`."""

    __tablename__ = "delivery"
    __table_args__ = (
        # Whatever workers do: never two deliveries of a lane on their way at once.
        Index("uq_delivery_lane_sending", "channel", "lane", unique=True, **_only_where("status = 'sending'")),
        Index("ix_delivery_lane_pending", "channel", "lane", "id", **_only_where("status = 'pending'")),
        Index("ix_delivery_new", "channel", "due_at", **_only_where("noticed_at IS NULL")),
        Index("ix_delivery_dead", "subject", "id", **_only_where("status = 'dead'")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    channel: Mapped[Channel] = mapped_column(String(16))
    lane: Mapped[str] = mapped_column(String(255))
    """The place it goes to: a conversation, an address."""
    subject: Mapped[str] = mapped_column(String(64), index=True)
    """What it delivers: the id of the row that its channel keeps beside it, drawn by `new_id` and so no other's."""
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What this delivery says, where that does not follow from its subject. Never a secret."""
    status: Mapped[DeliveryStatus] = mapped_column(String(16), default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was claimed, less the times when the other side only asked to wait."""
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    noticed_at: Mapped[datetime | None]
    """When a worker put it into its lane's line; None: no worker has seen that it waits."""
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    first_tried_at: Mapped[datetime | None]
    """Set before the first call: from then on it may have arrived although nobody knows."""
    sent_at: Mapped[datetime | None]
    """None on a delivery that is done without a call: there was nothing to say, or another one said it."""
    last_error: Mapped[str | None] = mapped_column(Text)


class DeliveryLane(Base):
    """Which delivery of a lane is next, and when: worked out from its deliveries whenever a worker changes one.

    Only workers write it, each holding the lane's row. Whoever adds a delivery writes none, and waits for nobody.
    """

    __tablename__ = "delivery_lane"
    __table_args__ = (
        Index("ix_delivery_lane_due", "channel", "due_at", "head_id", **_only_where("due_at IS NOT NULL")),
        Index("ix_delivery_lane_busy", "channel", "busy_until", **_only_where("busy_until IS NOT NULL")),
        Index("ix_delivery_lane_sent_at", "channel", "sent_at"),
    )

    channel: Mapped[Channel] = mapped_column(String(16), primary_key=True)
    lane: Mapped[str] = mapped_column(String(255), primary_key=True)
    head_id: Mapped[int | None] = mapped_column(Serial)
    """The delivery that is on its way or, when none is, the oldest that waits."""
    attempts: Mapped[int | None]
    """How often its head was tried."""
    due_at: Mapped[datetime | None]
    """When its head may be tried; None: nothing waits, or something is on its way."""
    busy_until: Mapped[datetime | None]
    """When the lease of what is on its way ends."""
    sent_at: Mapped[datetime | None]
    """When something was sent there last."""
