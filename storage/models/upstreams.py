"""Statuspages elsewhere: which one keeps pages of ours, and the keys that it knows Keydesk by."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Name


class UpstreamKeyStatus(StrEnum):
    """Whether a key of an upstream is called with."""

    ACTIVE = "active"
    REFUSED = "refused"
    """Its server would not have it; somebody has to look."""
    DROPPED = "dropped"


class Upstream(InOrganization, Base):
    """A Statuspage elsewhere that keeps pages of the organization. There is one at most."""

    __tablename__ = "upstream"
    __table_args__ = (UniqueConstraint("organization_id"),)

    id: Mapped[Id]
    base_url: Mapped[str] = mapped_column(String(255))
    """Without a path, as `https://api.statuspage.io`."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    copied_at: Mapped[datetime | None]
    """As of when the copies of its pages and components are."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why they could not be brought up to date since; None: they could."""


class UpstreamKey(InOrganization, Base):
    """A key that an upstream knows Keydesk by, sealed. Those that settings name have no row."""

    __tablename__ = "upstream_key"
    __table_args__ = (Index("ix_upstream_key_upstream_id", "upstream_id"),)

    id: Mapped[Id]
    upstream_id: Mapped[str] = mapped_column(ForeignKey("upstream.id"))
    name: Mapped[Name]
    sealed: Mapped[str | None] = mapped_column(Text)
    """Its value under one of the encryption keys; None once it was dropped."""
    calls_a_minute: Mapped[int | None]
    """What its server takes from it; None: any number."""
    status: Mapped[UpstreamKeyStatus] = mapped_column(String(16), default=UpstreamKeyStatus.ACTIVE)
    expires_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
