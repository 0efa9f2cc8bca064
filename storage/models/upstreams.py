"""Statuspages elsewhere: which one keeps pages of ours, the keys that it knows Keydesk by, what it is to be told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Name, NamedInOrganization


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
    hook_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the secret in the address that it calls when something changes there; None: it calls none."""
    heard_at: Mapped[datetime | None]
    """When it did so last."""


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


class UpstreamWarning(NamedInOrganization, Base):
    """Owners were told that a key expires within so many days. The key may be one that settings name."""

    __tablename__ = "upstream_warning"

    key_name: Mapped[str] = mapped_column(String(80), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]


class UpstreamPost(InOrganization, Base):
    """A POST that was sent to an upstream, written down before: the same one again looks what became of it."""

    __tablename__ = "upstream_post"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest of the path and the body or, where the client gave a name of its own to the call, of that."""
    content: Mapped[str] = mapped_column(String(64))
    """A digest of the body."""
    mark: Mapped[str] = mapped_column(String(32))
    """What it is known by upstream."""
    attempt: Mapped[int]
    """Counts up whenever it is sent: who sends it knows which one is theirs."""
    begun_at: Mapped[datetime] = mapped_column(index=True)
    """Just before it was sent last."""
    ended_at: Mapped[datetime | None]
    """When nobody was sending it any more, and it was not known whether it had been done."""
    subject_id: Mapped[str | None] = mapped_column(String(64))
    """What upstream made of it."""
    made_as: Mapped[str | None] = mapped_column(String(64))
    """Tells that as it was made from what became of it."""


class ChangeKind(StrEnum):
    """What is done at an upstream."""

    CREATE = "create"
    UPDATE = "update"
    STEP = "step"
    """What the upstream does by itself when it is time; done for it where it did not."""
    CORRECT = "correct"
    DELETE = "delete"
    STATES = "states"
    """Components alone."""
    WRITE_POSTMORTEM = "write_postmortem"
    PUBLISH_POSTMORTEM = "publish_postmortem"
    REVERT_POSTMORTEM = "revert_postmortem"
    DELETE_POSTMORTEM = "delete_postmortem"


class UpstreamChange(InOrganization, Base):
    """Something that was done to a page here and is to be done at its upstream, which one delivery brings about.

    An incident and what was said of it are named without foreign keys: what is deleted here is deleted there later.
    """

    __tablename__ = "upstream_change"
    __table_args__ = (
        Index("ix_upstream_change_incident", "incident_id", "created_at"),
        Index("ix_upstream_change_page", "page_id", "there_at"),
    )

    id: Mapped[Id]
    page_id: Mapped[str] = mapped_column(ForeignKey("page.id"))
    incident_id: Mapped[str | None] = mapped_column(String(12))
    update_id: Mapped[str | None] = mapped_column(String(12))
    """What was said with it, or is corrected by it."""
    kind: Mapped[ChangeKind] = mapped_column(String(32))
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What to send, in Statuspage's words, without ids that only the upstream knows."""
    name: Mapped[Name]
    """What it is about, as it was called then."""
    author: Mapped[str] = mapped_column(String(96))
    created_at: Mapped[datetime]
    there_at: Mapped[datetime | None]
    """When it was known to have been done there; None: it was not yet, or was given up."""
    upstream_id: Mapped[str | None] = mapped_column(String(12))
    """Of a new incident, the id that it has there; it outlives the incident here."""


class MovedThing(InOrganization, Base):
    """Something that was taken over from a Statuspage elsewhere under the id that it had there."""

    __tablename__ = "moved_thing"
    __table_args__ = (Index("ix_moved_thing_page_id", "page_id"),)

    id: Mapped[Id]
    """Of a page, component, template or incident."""
    page_id: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(64))
    """Of all that was said of it there when it was last taken over."""
    mark: Mapped[str] = mapped_column(String(64))
    """Tells whether it is here as it was then: what was changed here since is left alone."""


class PageMove(InOrganization, Base):
    """How far the taking over of a page's incidents is."""

    __tablename__ = "page_move"

    page_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    base_url: Mapped[str] = mapped_column(String(255))
    begun_at: Mapped[datetime]
    next_part: Mapped[int | None]
    """The part of the list of incidents that comes next; None: it was read to its end."""
