"""Incidents, updates and templates: every field, in the order of the specification, null where nothing is set."""

from collections.abc import Sequence
from typing import Any, TypedDict, cast
from zoneinfo import ZoneInfo

from desk.pages.status import Impact
from handlers.http.v1.shapes.components import ComponentShape
from handlers.http.v1.shapes.times import Instant, instant
from handlers.http.v1.shapes.times import instant_or_none as _at
from storage.models import Incident, IncidentStatus, IncidentTemplate, IncidentUpdate


class AffectedShape(TypedDict, total=False):
    """A component of which an update spoke, called as it was then."""

    code: str
    name: str
    old_status: str
    new_status: str


class UpdateShape(TypedDict):
    """One thing that was said."""

    id: str
    incident_id: str
    affected_components: list[AffectedShape] | None
    body: str
    created_at: Instant
    custom_tweet: str | None
    deliver_notifications: bool
    display_at: Instant
    status: IncidentStatus
    tweet_id: str | None
    twitter_updated_at: Instant | None
    updated_at: Instant
    wants_twitter_update: bool


class IncidentShape(TypedDict):
    """An incident or a maintenance, with its updates, the newest first. `backfilled` and `started_at` are in
    Statuspage's answers, though not in its description."""

    id: str
    components: list[ComponentShape]
    created_at: Instant
    impact: Impact
    impact_override: Impact | None
    incident_updates: list[UpdateShape]
    incident_impacts: list[Any]
    metadata: dict[str, Any]
    monitoring_at: Instant | None
    name: str
    page_id: str
    postmortem_body: str | None
    postmortem_body_last_updated_at: Instant | None
    postmortem_ignored: bool
    postmortem_notified_subscribers: bool
    postmortem_notified_twitter: bool
    postmortem_published_at: Instant | None
    resolved_at: Instant | None
    scheduled_auto_completed: bool
    scheduled_auto_in_progress: bool
    scheduled_for: Instant | None
    auto_transition_deliver_notifications_at_end: bool
    auto_transition_deliver_notifications_at_start: bool
    auto_transition_to_maintenance_state: bool
    auto_transition_to_operational_state: bool
    scheduled_remind_prior: bool
    scheduled_reminded_at: Instant | None
    scheduled_until: Instant | None
    shortlink: str
    status: IncidentStatus
    updated_at: Instant
    reminder_intervals: str | None
    backfilled: bool
    started_at: Instant


class PostmortemShape(TypedDict):
    """What was written afterwards: as it is public, and as it is drafted."""

    preview_key: str | None
    body: str | None
    body_updated_at: Instant | None
    body_draft: str | None
    body_draft_updated_at: Instant | None
    published_at: Instant | None
    notify_subscribers: bool
    notify_twitter: bool
    custom_tweet: str | None
    created_at: Instant | None
    updated_at: Instant | None


class TemplateShape(TypedDict):
    """Words kept for the next time."""

    id: str
    components: list[ComponentShape]
    name: str
    title: str
    body: str
    group_id: str | None
    update_status: IncidentStatus | None
    should_tweet: bool
    should_send_notifications: bool


def incident_shape(
    incident: Incident, components: Sequence[ComponentShape], updates: Sequence[IncidentUpdate], zone: ZoneInfo
) -> IncidentShape:
    """An incident or a maintenance, with its components as they are now."""
    return {
        "id": incident.id,
        "components": list(components),
        "created_at": instant(incident.created_at, zone),
        "impact": Impact(incident.shown_impact),
        "impact_override": Impact(incident.impact_override) if incident.impact_override else None,
        "incident_updates": [update_shape(update, zone) for update in updates],
        "incident_impacts": [],
        "metadata": incident.metadata_,
        "monitoring_at": _at(incident.monitoring_at, zone),
        "name": incident.name,
        "page_id": incident.page_id,
        "postmortem_body": incident.postmortem_body,
        "postmortem_body_last_updated_at": _at(incident.postmortem_body_last_updated_at, zone),
        "postmortem_ignored": incident.postmortem_ignored,
        "postmortem_notified_subscribers": incident.postmortem_notified_subscribers,
        "postmortem_notified_twitter": False,
        "postmortem_published_at": _at(incident.postmortem_published_at, zone),
        "resolved_at": _at(incident.resolved_at, zone),
        "scheduled_auto_completed": incident.scheduled_auto_completed,
        "scheduled_auto_in_progress": incident.scheduled_auto_in_progress,
        "scheduled_for": _at(incident.scheduled_for, zone),
        "auto_transition_deliver_notifications_at_end": incident.auto_transition_deliver_notifications_at_end,
        "auto_transition_deliver_notifications_at_start": incident.auto_transition_deliver_notifications_at_start,
        "auto_transition_to_maintenance_state": incident.auto_transition_to_maintenance_state,
        "auto_transition_to_operational_state": incident.auto_transition_to_operational_state,
        "scheduled_remind_prior": incident.scheduled_remind_prior,
        "scheduled_reminded_at": _at(incident.scheduled_reminded_at, zone),
        "scheduled_until": _at(incident.scheduled_until, zone),
        "shortlink": incident.shortlink,
        "status": IncidentStatus(incident.status),
        "updated_at": instant(incident.updated_at, zone),
        "reminder_intervals": incident.reminder_intervals,
        "backfilled": incident.backfilled,
        "started_at": instant(incident.started_at, zone),
    }


def update_shape(update: IncidentUpdate, zone: ZoneInfo) -> UpdateShape:
    """One thing that was said."""
    return {
        "id": update.id,
        "incident_id": update.incident_id,
        "affected_components": cast(list[AffectedShape] | None, update.affected_components or None),
        "body": update.body,
        "created_at": instant(update.created_at, zone),
        "custom_tweet": update.custom_tweet,
        "deliver_notifications": update.deliver_notifications,
        "display_at": instant(update.display_at, zone),
        "status": IncidentStatus(update.status),
        "tweet_id": None,
        "twitter_updated_at": None,
        "updated_at": instant(update.updated_at, zone),
        "wants_twitter_update": update.wants_twitter_update,
    }


def postmortem_shape(incident: Incident, zone: ZoneInfo) -> PostmortemShape:
    """What was written afterwards: as it is public, and as it is drafted."""
    at = incident.postmortem_body_draft_updated_at or incident.postmortem_body_last_updated_at
    return {
        "preview_key": None,
        "body": incident.postmortem_body,
        "body_updated_at": _at(incident.postmortem_body_last_updated_at, zone),
        "body_draft": incident.postmortem_body_draft,
        "body_draft_updated_at": _at(incident.postmortem_body_draft_updated_at, zone),
        "published_at": _at(incident.postmortem_published_at, zone),
        "notify_subscribers": incident.postmortem_notified_subscribers,
        "notify_twitter": False,
        "custom_tweet": None,
        "created_at": _at(at, zone),
        "updated_at": _at(at, zone),
    }


def template_shape(template: IncidentTemplate, components: Sequence[ComponentShape]) -> TemplateShape:
    """Words kept for the next time."""
    return {
        "id": template.id,
        "components": list(components),
        "name": template.name,
        "title": template.title,
        "body": template.body,
        "group_id": template.group_id,
        "update_status": IncidentStatus(template.update_status) if template.update_status else None,
        "should_tweet": template.should_tweet,
        "should_send_notifications": template.should_send_notifications,
    }
