"""Key requests, the tickets that approval makes, API keys and the marks of their use."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Name, Serial, SlackId


class Scope(StrEnum):
    """A key's permission, in the order in which people are shown it."""

    READ = "read"
    INCIDENTS_WRITE = "incidents:write"
    MAINTENANCES_WRITE = "maintenances:write"
    COMPONENT_STATUS_WRITE = "component_status:write"
    COMPONENTS_WRITE = "components:write"
    METRICS_WRITE = "metrics:write"
    PAGE_CONFIGURATION_WRITE = "page_configuration:write"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    PAGE_ACCESS_READ = "page_access:read"
    PAGE_ACCESS_WRITE = "page_access:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    DELIVERIES_WRITE = "deliveries:write"


class RequestStatus(StrEnum):
    """Where a key request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class TicketStatus(StrEnum):
    """Where a ticket stands: the right to collect one key, once."""

    WAITING = "waiting"
    COLLECTED = "collected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class KeyStatus(StrEnum):
    """What is stored of a key's state; `expired` follows from `expires_at` (see `desk.keys.state_of`)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class KeyRequest(InOrganization, Base):
    """A member asks for a key. What was asked stays as it was; what was granted stands beside it."""

    __tablename__ = "key_request"
    __table_args__ = (
        CheckConstraint("lifetime_days BETWEEN 1 AND 365", name="lifetime_days_range"),
        UniqueConstraint("client_token", "organization_id"),
        Index("ix_key_request_status_created_at", "status", "created_at"),
    )

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[RequestStatus] = mapped_column(String(16), default=RequestStatus.PENDING)
    requester_id: Mapped[SlackId] = mapped_column(index=True)
    holder_id: Mapped[SlackId]
    """Who answers for the key."""
    name: Mapped[Name]
    purpose: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]]
    pages: Mapped[list[str] | None]
    """Page ids; None: all pages, those to come included."""
    components: Mapped[list[str] | None]
    """Ids of the components that it may change; None: any on its pages."""
    networks: Mapped[list[str] | None]
    """Ranges of addresses that it is called from, as CIDR; None: anywhere."""
    lifetime_days: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    approvals_needed: Mapped[int] = mapped_column(default=1)

    granted_scopes: Mapped[list[str] | None]
    granted_pages: Mapped[list[str] | None]
    granted_components: Mapped[list[str] | None]
    granted_networks: Mapped[list[str] | None]
    granted_lifetime_days: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decision_reason: Mapped[str | None] = mapped_column(Text)
    self_approved: Mapped[bool] = mapped_column(default=False)

    replaces_id: Mapped[str | None] = mapped_column(String(12), index=True)
    """The key that is taken over: once the new one was seen, it works on for a while and ends, as when rotated."""
    grace_seconds: Mapped[int | None]
    """How long that is."""
    reminders_sent: Mapped[int] = mapped_column(default=0)
    next_reminder_at: Mapped[datetime | None]
    client_token: Mapped[str | None] = mapped_column(String(64))
    """Names one opened form or one typed command, so that submitting it twice makes one request."""


class Approval(InOrganization, Base):
    """One owner's yes to a key request."""

    __tablename__ = "key_request_approval"

    request_id: Mapped[str] = mapped_column(ForeignKey("key_request.id"), primary_key=True)
    approver_id: Mapped[SlackId] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class Ticket(InOrganization, Base):
    """The right of one person to collect one key, once, until a time. No secret exists before collection."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_status_expires_at", "status", "expires_at"),)

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[TicketStatus] = mapped_column(String(16), default=TicketStatus.WAITING)
    collector_id: Mapped[SlackId] = mapped_column(index=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("key_request.id"), index=True)
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    """Set when the ticket is for the successor of a key (rotation)."""
    grace_seconds: Mapped[int | None]
    """How long the predecessor, or the key that is taken over, still works after collection."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    collected_at: Mapped[datetime | None]
    key_id: Mapped[str | None] = mapped_column(String(12))
    end_reason: Mapped[str | None] = mapped_column(Text)
    """Why it was withdrawn."""


class ApiKey(InOrganization, Base):
    """A key of the organization. Of its secret only the SHA-256 and a short visible beginning are kept."""

    __tablename__ = "api_key"
    __table_args__ = (
        Index("ix_api_key_holder_status", "holder_id", "status"),
        Index("ix_api_key_revision", "revision"),
        # A ticket makes one key. One that nobody saw is void, and its ticket may make another.
        Index(
            "uq_api_key_ticket",
            "ticket_id",
            unique=True,
            sqlite_where=text("voided_at IS NULL"),
            postgresql_where=text("voided_at IS NULL"),
        ),
        Index(
            "ix_api_key_kept_until",
            "kept_until",
            sqlite_where=text("kept_until IS NOT NULL"),
            postgresql_where=text("kept_until IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    revision: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    """What all keys' counter said when it was changed last, by which mirrors find it; 0: not since it was counted."""
    status: Mapped[KeyStatus] = mapped_column(String(16), default=KeyStatus.ACTIVE)
    name: Mapped[Name]
    purpose: Mapped[str] = mapped_column(Text, default="")
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    start: Mapped[str] = mapped_column(String(12))
    """The first characters of the secret, to recognise it by."""
    scopes: Mapped[list[str]]
    pages: Mapped[list[str] | None]
    """Page ids; None: all pages."""
    components: Mapped[list[str] | None]
    """Ids of the components that it may change; None: any on its pages."""
    networks: Mapped[list[str] | None]
    """Ranges of addresses that it is called from, as CIDR; None: anywhere."""
    holder_id: Mapped[str | None] = mapped_column(String(32))
    """Who answers for the key; None: nobody."""
    request_id: Mapped[str | None] = mapped_column(ForeignKey("key_request.id"))
    ticket_id: Mapped[str | None] = mapped_column(String(12))
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    is_imported: Mapped[bool] = mapped_column(default=False)
    """Whether its secret was made elsewhere, and people had it before."""
    expires_at: Mapped[datetime]
    extended_at: Mapped[datetime | None]
    expiry_said_days: Mapped[int | None]
    """Of which days before its expiry it was said last that it comes; 0: that it came."""
    revealed_at: Mapped[datetime | None]
    """When its secret was seen to reach the collector's screen."""
    voided_at: Mapped[datetime | None]
    """When it was revoked because its secret reached nobody: it counts as never made and lists leave it out."""
    retires_at: Mapped[datetime | None]
    """End of the grace period after rotation."""
    suspended_at: Mapped[datetime | None]
    suspended_by: Mapped[str | None] = mapped_column(String(64))
    suspend_reason: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(64))
    revoke_reason: Mapped[str | None] = mapped_column(Text)
    kept_until: Mapped[datetime | None]
    """An owner or the holder said: leave it alone until then."""
    kept_by: Mapped[str | None] = mapped_column(String(64))
    keep_reason: Mapped[str | None] = mapped_column(Text)


class KeyUse(InOrganization, Base):
    """When, from where and how a key was last used. A side table: it is written every second, keys are not."""

    __tablename__ = "key_use"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    first_used_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Last call that passed the key check, whatever came of it."""
    last_read_at: Mapped[datetime | None]
    """Last of these that was to read, also when it was answered with an error; the next, that was to write."""
    last_write_at: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    """Last of these that was answered with an error, by the resource or an upstream."""
    last_refused_at: Mapped[datetime | None]
    """Last call that Keydesk itself turned away (401, 403): it is no use."""
    last_address: Mapped[str | None] = mapped_column(String(64))
    last_user_agent: Mapped[str | None] = mapped_column(String(255))
    knock_told_at: Mapped[datetime | None]
    """When owners were last told that it was used while suspended."""
    reads: Mapped[int] = mapped_column(BigInteger, default=0)
    writes: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    refused: Mapped[int] = mapped_column(BigInteger, default=0)


class KeyUseDay(InOrganization, Base):
    """How often a key was used on one day (UTC)."""

    __tablename__ = "key_use_day"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reads: Mapped[int] = mapped_column(BigInteger, default=0)
    writes: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    refused: Mapped[int] = mapped_column(BigInteger, default=0)


class ApiPost(InOrganization, Base):
    """What was made for a POST, so that the same one again after a lost answer makes nothing more."""

    __tablename__ = "api_post"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest of the path and the body or, where the client gave a name of its own to the call, of that."""
    content: Mapped[str] = mapped_column(String(64))
    """A digest of the body."""
    subject_id: Mapped[str] = mapped_column(String(12))
    mark: Mapped[str] = mapped_column(String(64))
    """Tells the thing as it was made from what became of it."""
    made_at: Mapped[datetime] = mapped_column(index=True)
