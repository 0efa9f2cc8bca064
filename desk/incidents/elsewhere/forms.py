"""What a Statuspage elsewhere is told of an incident, in its own words. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from storage.models import ComponentStatus

States = Mapping[str, ComponentStatus]

COMPONENTS = "components"
"""The states into which components are brought."""
ATTACHED = "attached"
"""Components that an incident is about from now on and that stay in their states. Statuspage takes all of an
incident's at once, so that its own are asked for first."""


def form_of_new(new: NewIncident, states: States) -> dict[str, Any]:
    """That of a new incident; `states` are those that components take on."""
    form: dict[str, Any] = {
        "name": new.name.strip(),
        "status": str(new.first_status),
        "body": new.body.strip(),
        "deliver_notifications": new.deliver_notifications and new.backfilled_at is None,
    }
    if new.impact_override is not None:
        form["impact_override"] = str(new.impact_override)
    if new.components:
        form["component_ids"] = list(new.components)
    if states:
        form[COMPONENTS] = _texts(states)
    if new.schedule is not None:
        form |= _form_of_schedule(new.schedule)
    if new.backfilled_at is not None:
        form |= {"backfilled": True, "backfill_date": instant_text(new.backfilled_at)}
    if new.metadata:
        form["metadata"] = dict(new.metadata)
    if new.reminder_intervals is not None:
        form["reminder_intervals"] = new.reminder_intervals
    return form


def form_of_change(change: IncidentChange, states: States, attached: Collection[str]) -> dict[str, Any]:
    """That of a change: only what it changes. `attached`: what the incident is about now and leaves as it is."""
    form: dict[str, Any] = {}
    if change.name is not None:
        form["name"] = change.name.strip()
    if change.status is not None:
        form["status"] = str(change.status)
    if change.body:
        form["body"] = change.body.strip()
    if change.says_something:
        form["deliver_notifications"] = change.deliver_notifications
    if change.impact_override is not None or change.clear_impact_override:
        form["impact_override"] = str(change.impact_override) if change.impact_override else None
    if states:
        form[COMPONENTS] = _texts(states)
    if attached:
        form[ATTACHED] = list(attached)
    if change.schedule is not None:
        form |= _form_of_schedule(change.schedule)
    if change.metadata is not None:
        form["metadata"] = dict(change.metadata)
    if change.reminder_intervals is not None:
        form["reminder_intervals"] = change.reminder_intervals
    return form


def form_of_correction(
    *, body: str | None, deliver_notifications: bool | None, display_at: datetime | None
) -> dict[str, Any]:
    """That of a correction of an update."""
    form = {
        "body": body.strip() if body is not None else None,
        "deliver_notifications": deliver_notifications,
        "display_at": instant_text(display_at) if display_at is not None else None,
    }
    return {name: value for name, value in form.items() if value is not None}


def form_of_states(states: States) -> dict[str, Any]:
    """That of components alone."""
    return {COMPONENTS: _texts(states)}


def instant_text(at: datetime) -> str:
    """An instant as it is sent."""
    return at.isoformat()


def _form_of_schedule(schedule: Schedule) -> dict[str, Any]:
    return {
        "scheduled_for": instant_text(schedule.scheduled_for),
        "scheduled_until": instant_text(schedule.scheduled_until),
        "scheduled_remind_prior": schedule.remind_prior,
        "scheduled_auto_in_progress": schedule.auto_in_progress,
        "scheduled_auto_completed": schedule.auto_completed,
        "auto_transition_to_maintenance_state": schedule.to_maintenance_state,
        "auto_transition_to_operational_state": schedule.to_operational_state,
        "auto_transition_deliver_notifications_at_start": schedule.notify_at_start,
        "auto_transition_deliver_notifications_at_end": schedule.notify_at_end,
    }


def _texts(states: States) -> dict[str, str]:
    return {component_id: str(state) for component_id, state in states.items()}
