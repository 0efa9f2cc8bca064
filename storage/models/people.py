"""Slack's people and groups as last seen, and the roles granted to them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Name, NamedInOrganization, SlackId


class Role(StrEnum):
    """What a person may do. The three in the middle are Statuspage's own permission names."""

    OWNER = "owner"
    PAGE_CONFIGURATION = "page_configuration"
    INCIDENT_MANAGER = "incident_manager"
    MAINTENANCE_MANAGER = "maintenance_manager"
    INTEGRATOR = "integrator"


class SubjectKind(StrEnum):
    """Whom a grant is for."""

    USER = "user"
    GROUP = "group"


class Member(NamedInOrganization, Base):
    """A Slack user, as Slack last described them."""

    __tablename__ = "member"

    user_id: Mapped[SlackId] = mapped_column(primary_key=True)
    team_id: Mapped[SlackId]
    name: Mapped[Name]
    """What people call them: display name, else real name, else handle."""
    handle: Mapped[Name]
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    is_primary_owner: Mapped[bool] = mapped_column(default=False)
    is_workspace_owner: Mapped[bool] = mapped_column(default=False)
    is_bot: Mapped[bool] = mapped_column(default=False)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    is_guest: Mapped[bool] = mapped_column(default=False)
    is_foreign: Mapped[bool] = mapped_column(default=False)
    slack_updated: Mapped[int] = mapped_column(BigInteger, default=0)
    """Slack's `user.updated`: what is older than this is old news."""
    synced_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    """When what they were called was deleted; Slack goes on telling the names of people who left."""


class UserGroup(NamedInOrganization, Base):
    """A Slack user group that was granted a role or is known by its handle."""

    __tablename__ = "user_group"

    group_id: Mapped[SlackId] = mapped_column(primary_key=True)
    handle: Mapped[Name]
    name: Mapped[Name]
    is_disabled: Mapped[bool] = mapped_column(default=False)
    unreadable_since: Mapped[datetime | None]
    unreadable_reason: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(default=1)
    """Grows with every change that an event brings, so that a slower reading does not undo it."""
    date_update: Mapped[int] = mapped_column(BigInteger, default=0)
    """Slack's `date_update` of the state that is kept here."""
    synced_at: Mapped[datetime | None]


class UserGroupMember(NamedInOrganization, Base):
    """A person in a user group, as Slack last said."""

    __tablename__ = "user_group_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_id", "organization_id"],
            ["user_group.group_id", "user_group.organization_id"],
            ondelete="CASCADE",
        ),
    )

    group_id: Mapped[SlackId] = mapped_column(primary_key=True)
    user_id: Mapped[SlackId] = mapped_column(primary_key=True, index=True)


class Grant(InOrganization, Base):
    """A role given to a user or a user group, on one page or on all (`page_id` is None), for good or until a time."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("role <> 'owner' OR page_id IS NULL", name="owner_is_for_all_pages"),
        # Two indexes, because NULL pages count as different in a unique index.
        Index(
            "uq_role_grant_open_on_page",
            "role",
            "subject_kind",
            "subject_id",
            "page_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND page_id IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND page_id IS NOT NULL"),
        ),
        Index(
            "uq_role_grant_open_everywhere",
            "role",
            "subject_kind",
            "subject_id",
            "organization_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND page_id IS NULL"),
            postgresql_where=text("ended_at IS NULL AND page_id IS NULL"),
        ),
        Index("ix_role_grant_subject", "subject_kind", "subject_id", "ended_at"),
    )

    id: Mapped[Id]
    role: Mapped[Role] = mapped_column(String(32))
    subject_kind: Mapped[SubjectKind] = mapped_column(String(8))
    subject_id: Mapped[SlackId]
    page_id: Mapped[str | None] = mapped_column(ForeignKey("page.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))
    end_reason: Mapped[str | None] = mapped_column(String(255))
