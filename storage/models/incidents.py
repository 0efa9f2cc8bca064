"""Incidents and maintenances with Statuspage's fields, their drafts, and the history of components' states."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Id, InOrganization, Name, Serial
from storage.models.pages import ComponentStatus


class IncidentStatus(StrEnum):
    """Where an incident stands: the first four are for realtime incidents, the others for scheduled maintenances."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"


class Incident(InOrganization, Base):
    """A realtime incident or, where `scheduled_for` is set, a scheduled maintenance."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_page_created_at", "page_id", "created_at"),
        Index("ix_incident_page_status", "page_id", "status"),
        Index("ix_incident_page_kind", "page_id", "scheduled_for", "created_at"),
        Index("ix_incident_status_scheduled_for", "status", "scheduled_for"),
        Index("ix_incident_update_due_at", "update_due_at"),
        Index("uq_incident_upstream", "upstream_id", "page_id", unique=True),
    )

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    number: Mapped[int] = mapped_column(Serial, unique=True)
    """A decimal number, which feeds name the incident by."""
    page_id: Mapped[str] = mapped_column(ForeignKey("page.id"))
    name: Mapped[Name]
    status: Mapped[IncidentStatus] = mapped_column(String(16))
    impact: Mapped[str] = mapped_column(String(16))
    """The worst that its components were while it was open; resolving does not clear it."""
    impact_override: Mapped[str | None] = mapped_column(String(16))
    """What people or clients say that it is instead."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime]
    monitoring_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    backfilled: Mapped[bool] = mapped_column(default=False)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    """Groups of values under names of integrations, as clients gave them."""
    reminder_intervals: Mapped[str | None] = mapped_column(String(255))
    update_due_at: Mapped[datetime | None]
    """When somebody is reminded to say something new; None: nobody is."""
    reminders_sent: Mapped[int] = mapped_column(default=0)
    """How many of them went out since the last update."""
    shortlink: Mapped[str] = mapped_column(String(255))
    """Empty while nobody outside can read of it: until a Statuspage elsewhere has it."""
    upstream_id: Mapped[str | None] = mapped_column(String(12))
    """Its id at the Statuspage elsewhere that keeps its page."""
    created_by: Mapped[str] = mapped_column(String(96))

    scheduled_for: Mapped[datetime | None]
    scheduled_until: Mapped[datetime | None]
    scheduled_remind_prior: Mapped[bool] = mapped_column(default=False)
    scheduled_reminded_at: Mapped[datetime | None]
    """When people were last told when it begins, by a reminder or because it was moved."""
    scheduled_auto_in_progress: Mapped[bool] = mapped_column(default=False)
    scheduled_auto_completed: Mapped[bool] = mapped_column(default=False)
    auto_transition_to_maintenance_state: Mapped[bool] = mapped_column(default=False)
    auto_transition_to_operational_state: Mapped[bool] = mapped_column(default=False)
    auto_transition_deliver_notifications_at_start: Mapped[bool] = mapped_column(default=False)
    auto_transition_deliver_notifications_at_end: Mapped[bool] = mapped_column(default=False)

    postmortem_body: Mapped[str | None] = mapped_column(Text)
    postmortem_body_draft: Mapped[str | None] = mapped_column(Text)
    postmortem_body_last_updated_at: Mapped[datetime | None]
    postmortem_body_draft_updated_at: Mapped[datetime | None]
    postmortem_published_at: Mapped[datetime | None]
    postmortem_ignored: Mapped[bool] = mapped_column(default=False)
    postmortem_notified_subscribers: Mapped[bool] = mapped_column(default=False)

    @property
    def shown_impact(self) -> str:
        """The impact that everybody reads."""
        return self.impact_override or self.impact


class IncidentUpdate(InOrganization, Base):
    """One thing said about an incident."""

    __tablename__ = "incident_update"
    __table_args__ = (Index("ix_incident_update_incident", "incident_id", "display_at"),)

    id: Mapped[Id]
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    status: Mapped[IncidentStatus] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    display_at: Mapped[datetime]
    affected_components: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """`{code, name, old_status, new_status}` of each component, as they were then."""
    deliver_notifications: Mapped[bool] = mapped_column(default=True)
    wants_twitter_update: Mapped[bool] = mapped_column(default=False)
    custom_tweet: Mapped[str | None] = mapped_column(Text)
    upstream_id: Mapped[str | None] = mapped_column(String(12))
    """As of an incident."""
    created_by: Mapped[str] = mapped_column(String(96))


class IncidentComponent(InOrganization, Base):
    """A component that an incident is about."""

    __tablename__ = "incident_component"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[str] = mapped_column(ForeignKey("component.id"), primary_key=True, index=True)
    holds: Mapped[ComponentStatus | None] = mapped_column(String(32))
    """The state into which it brought the component and which it says of it until it is over; then, in which it held
    it until its end. None: it took the component as it was."""


class ComponentStatusChange(InOrganization, Base):
    """From `at` on the component was in `status`. Uptime of any day is computed from that day's changes."""

    __tablename__ = "component_status_change"
    __table_args__ = (Index("ix_component_status_change_component_at", "component_id", "at", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    component_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    status: Mapped[ComponentStatus] = mapped_column(String(32))
    incident_id: Mapped[str | None] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(96))


class IncidentTemplate(InOrganization, Base):
    """Words kept for the next time."""

    __tablename__ = "incident_template"

    id: Mapped[Id]
    page_id: Mapped[str] = mapped_column(ForeignKey("page.id"), index=True)
    name: Mapped[Name]
    title: Mapped[Name]
    body: Mapped[str] = mapped_column(Text)
    group_id: Mapped[str | None] = mapped_column(String(12))
    update_status: Mapped[IncidentStatus | None] = mapped_column(String(16))
    should_tweet: Mapped[bool] = mapped_column(default=False)
    should_send_notifications: Mapped[bool] = mapped_column(default=True)
    component_ids: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DraftStatus(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    """Its author looks at the preview."""
    WAITING = "waiting"
    """A second person must publish it or send it back."""
    PUBLISHED = "published"
    SENT_BACK = "sent_back"
    DISCARDED = "discarded"


class DraftKind(StrEnum):
    """What publishing a draft does."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    UPDATE = "update"
    BACKFILL = "backfill"
    POSTMORTEM = "postmortem"


class IncidentDraft(InOrganization, Base):
    """Something written and previewed, and not yet public. Publishing it happens once."""

    __tablename__ = "incident_draft"
    __table_args__ = (
        UniqueConstraint("client_token", "organization_id"),
        Index("ix_incident_draft_status", "status", "updated_at"),
    )

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[DraftStatus] = mapped_column(String(16), default=DraftStatus.OPEN)
    kind: Mapped[DraftKind] = mapped_column(String(16))
    page_id: Mapped[str] = mapped_column(ForeignKey("page.id"))
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), index=True)
    """The incident that an update or postmortem is for; once published, the incident that came of it."""
    incident_version: Mapped[int | None]
    """The version of that incident which the author saw."""
    client_token: Mapped[str | None] = mapped_column(String(64))
    """Makes the draft of one submitted form one draft, however often it is submitted."""
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What in its words the public should perhaps not see."""
    quietly: Mapped[bool] = mapped_column(default=False)
    """Whether it should notify nobody or, once it is published, whether it did."""
    accepted: Mapped[list[str]] = mapped_column(default=list)
    """Open incidents on the same components that are something else, as somebody said."""
    author_id: Mapped[str] = mapped_column(String(32))
    on_behalf_of: Mapped[str | None] = mapped_column(String(32))
    """Who answered for the key that wrote it."""
    edited_by: Mapped[str | None] = mapped_column(String(32))
    """Of what a key said: who changed it last, and is no second person for it."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    kept_until: Mapped[datetime | None]
    """Until when its author said to keep it."""
    decided_by: Mapped[str | None] = mapped_column(String(96))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text)
