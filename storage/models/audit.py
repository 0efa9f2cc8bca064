"""The audit chains, one for each organization."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, NamedInOrganization, Serial

GENESIS = "0" * 64
"""What the first event's hash covers in place of a predecessor's, where the chain is older than organizations."""


def beginning_of(organization_id: str) -> str:
    """What the first event's hash covers since then: a chain, and so each of its events, is one organization's."""
    return hashlib.sha256(f"organization:{organization_id}".encode()).hexdigest()


class AuditEvent(NamedInOrganization, Base):
    """One thing that happened. Append-only; each row's hash covers the organization's row before."""

    __tablename__ = "audit_event"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "seq"),
        Index("ix_audit_event_subject", "subject_kind", "subject_id", "seq"),
        # Alone, the action would be worth no more to SQLite than the organization, which every event has.
        Index("ix_audit_event_action", "action", "organization_id"),
    )

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(96))
    """`member:U…`, `operator:<login>`, `job:<name>` or `system`."""
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(NamedInOrganization, Base):
    """The end of an organization's audit chain: one row, which its writers lock in turn."""

    __tablename__ = "audit_head"

    seq: Mapped[int] = mapped_column(Serial)
    hash: Mapped[str] = mapped_column(
        String(64), default=lambda context: beginning_of(context.get_current_parameters()["organization_id"])
    )
