"""Incidents, updates and templates: every field, in the order of the specification, null where nothing is set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers.http.v1.shapes.times import instant
from storage.models import Incident, IncidentTemplate, IncidentUpdate

Shape = Mapping[str, Any]


def incident_shape(
    incident: Incident, components: Sequence[Shape], updates: Sequence[IncidentUpdate], zone: ZoneInfo
) -> Shape:
    """An incident or a maintenance, with its components as they are now and its updates, the newest first.

    `backfilled` and `started_at` are in live answers, though not in the specification.
    """
    return {
        "id": incident.id,
        "components": list(components),
        "created_at": instant(incident.created_at, zone),
        "impact": incident.shown_impact,
        "impact_override": incident.impact_override,
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
        "status": str(incident.status),
        "updated_at": instant(incident.updated_at, zone),
        "reminder_intervals": incident.reminder_intervals,
        "backfilled": incident.backfilled,
        "started_at": instant(incident.started_at, zone),
    }


def update_shape(update: IncidentUpdate, zone: ZoneInfo) -> Shape:
    """One thing that was said."""
    return {
        "id": update.id,
        "incident_id": update.incident_id,
        "affected_components": update.affected_components or None,
        "body": update.body,
        "created_at": instant(update.created_at, zone),
        "custom_tweet": update.custom_tweet,
        "deliver_notifications": update.deliver_notifications,
        "display_at": instant(update.display_at, zone),
        "status": str(update.status),
        "tweet_id": None,
        "twitter_updated_at": None,
        "updated_at": instant(update.updated_at, zone),
        "wants_twitter_update": update.wants_twitter_update,
    }


def postmortem_shape(incident: Incident, zone: ZoneInfo) -> Shape:
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


def template_shape(template: IncidentTemplate, components: Sequence[Shape]) -> Shape:
    """Words kept for the next time."""
    return {
        "id": template.id,
        "components": list(components),
        "name": template.name,
        "title": template.title,
        "body": template.body,
        "group_id": template.group_id,
        "update_status": str(template.update_status) if template.update_status else None,
        "should_tweet": template.should_tweet,
        "should_send_notifications": template.should_send_notifications,
    }


def _at(at: datetime | None, zone: ZoneInfo) -> str | None:
    return instant(at, zone) if at is not None else None
