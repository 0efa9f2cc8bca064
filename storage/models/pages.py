"""The organization, its pages and their components, with Statuspage's fields."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, synonym

from storage.models.base import Base, Id, InOrganization, Name


class ComponentStatus(StrEnum):
    """Statuspage's component states, from well to worst."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


class Backend(StrEnum):
    """Which system has a page's record."""

    LOCAL = "local"
    ATLASSIAN = "atlassian"


class Organization(InOrganization, Base):
    """Whoever owns pages and keys. One Keydesk serves one, which the first start makes and a seed or Slack names."""

    __tablename__ = "organization"

    id: Mapped[Id]
    organization_id: Mapped[str] = synonym("id")
    name: Mapped[Name] = mapped_column(default="")
    """Empty until it is known."""
    slack_team_id: Mapped[str | None] = mapped_column(String(32))
    owners_seeded_at: Mapped[datetime | None]
    """When the first owners were appointed; that happens once."""
    created_at: Mapped[datetime]


class SecondPerson(StrEnum):
    """When somebody else than the author must publish."""

    NEVER = "never"
    FIRST_POST = "first_post"
    ALWAYS = "always"


class ApiPosts(StrEnum):
    """What becomes of what a key says on a page by the API."""

    PUBLISH = "publish"
    DRAFT = "draft"
    """It waits for a person."""


class Page(InOrganization, Base):
    """A status page. Fields that only presentation reads are in `configuration`, under Statuspage's names."""

    __tablename__ = "page"
    __table_args__ = (Index("ix_page_domain", "domain", unique=True),)

    id: Mapped[Id]
    name: Mapped[Name]
    subdomain: Mapped[str | None] = mapped_column(String(255), unique=True)
    """Short name in addresses and commands (`page:acme`)."""
    domain: Mapped[str | None] = mapped_column(String(255))
    """A host of its own, in small letters; no other page has it."""
    entries_address: Mapped[str | None] = mapped_column(String(300))
    """Below which its feeds and its calendar first named their entries: part of the entries' ids for good. None: no
    address was told yet that others could reach."""
    url: Mapped[str | None] = mapped_column(String(255))
    page_description: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    configuration: Mapped[dict[str, Any]] = mapped_column(default=dict)
    announcement_channel: Mapped[str | None] = mapped_column(String(32))
    """Slack channel in which each incident has its thread."""
    second_person: Mapped[SecondPerson] = mapped_column(String(16), default=SecondPerson.NEVER)
    second_person_skipped_by: Mapped[str | None] = mapped_column(String(32))
    """A role that may publish alone when the impact is critical; it is announced."""
    api_posts: Mapped[ApiPosts] = mapped_column(String(16), default=ApiPosts.PUBLISH)
    """What keys say is published, where `second_person` lets them, or waits for a person."""
    backend: Mapped[Backend] = mapped_column(String(16), default=Backend.LOCAL)
    """Which system has its record: of an upstream's pages there are copies here, which nobody changes."""
    reminder_intervals: Mapped[str | None] = mapped_column(String(255))
    """Those of its incidents that have none of their own, in Statuspage's form; None: their impact says how soon."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change that somebody makes of the page itself."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PageAddress(InOrganization, Base):
    """A path below which a page is or was found, or a host of its own, by the first page that had it; it outlives the
    page."""

    __tablename__ = "page_address"

    path: Mapped[str] = mapped_column(String(256), primary_key=True)
    """Empty for the root, else as `/acme`; a host as `//status.acme.example`."""
    page_id: Mapped[str] = mapped_column(String(32))
    since: Mapped[datetime]


class Component(InOrganization, Base):
    """A component or, where `group` is true, a component group."""

    __tablename__ = "component"
    __table_args__ = (Index("ix_component_page_position", "page_id", "group_id", "position"),)

    id: Mapped[Id]
    page_id: Mapped[str] = mapped_column(ForeignKey("page.id"))
    group_id: Mapped[str | None] = mapped_column(ForeignKey("component.id"))
    group: Mapped[bool] = mapped_column("is_group", default=False)
    name: Mapped[Name]
    description: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int]
    """From 1, counted within the group."""
    status: Mapped[ComponentStatus] = mapped_column(String(32), default=ComponentStatus.OPERATIONAL)
    showcase: Mapped[bool] = mapped_column(default=True)
    only_show_if_degraded: Mapped[bool] = mapped_column(default=False)
    automation_email: Mapped[str | None] = mapped_column(String(255))
    start_date: Mapped[date | None]
    retired_at: Mapped[datetime | None]
    """Since when it is not on the page any more. What is past keeps it, and it can be brought back."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change that somebody makes of the component itself; its status changes without."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
