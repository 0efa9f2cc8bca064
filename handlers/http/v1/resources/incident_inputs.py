"""What a body says of an incident, in the desk's words. What cannot be read is left to the body's own problems."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.maintenances.plans import schedule_of
from desk.pages.status import Impact
from handlers.http.fields import Fields
from storage.models import Component, ComponentStatus, Incident, IncidentStatus

_FLAGS: Mapping[str, tuple[str, ...]] = {
    "remind_prior": ("scheduled_remind_prior",),
    "auto_in_progress": ("scheduled_auto_in_progress", "scheduled_auto_transition"),
    "auto_completed": ("scheduled_auto_completed",),
    "to_maintenance_state": ("auto_transition_to_maintenance_state",),
    "to_operational_state": ("auto_transition_to_operational_state",),
    "notify_at_start": ("auto_transition_deliver_notifications_at_start",),
    "notify_at_end": ("auto_transition_deliver_notifications_at_end",),
}
_INSTANT = timedelta(microseconds=1)
_TOLD = {"notify_at_start": True, "notify_at_end": True}
"""What is so unless a client says otherwise; nothing else happens by itself that nobody asked for."""


States = Mapping[str, ComponentStatus | None]


def read_new(fields: Fields, now: datetime, zone: ZoneInfo) -> NewIncident:
    """An incident, a maintenance or one of the past, on a page in this zone."""
    flags = {name: fields.flag(*names) for name, names in _FLAGS.items()}
    begins, ends = fields.instant("scheduled_for", zone=zone), fields.instant("scheduled_until", zone=zone)
    schedule = None
    if begins is not None and ends is not None:
        chosen = {name: _TOLD.get(name, False) if flag is None else flag for name, flag in flags.items()}
        schedule = Schedule(scheduled_for=begins, scheduled_until=ends, **chosen)
    elif fields.text("scheduled_for") or fields.text("scheduled_until"):
        _require_both(fields)
    backfilled = fields.flag("backfilled")
    # Clients send the example that is documented for it, a word, where nothing is backfilled.
    began_at = fields.instant("backfill_date", zone=zone) if backfilled else None
    return NewIncident(
        name=fields.text("name") or "",
        body=fields.text("body", "message") or "",
        status=fields.choice(IncidentStatus, "status"),
        impact_override=fields.choice(Impact, "impact_override"),
        components=_components(fields),
        deliver_notifications=fields.flag("deliver_notifications") is not False,
        schedule=schedule,
        backfilled_at=(began_at or now) if backfilled else None,
        metadata=fields.members("metadata") or {},
        reminder_intervals=None if schedule else _intervals(fields),
    )


def read_change(fields: Fields, incident: Incident, zone: ZoneInfo) -> IncidentChange:
    """What a body changes of an incident on a page in this zone: what it does not give stays as it is."""
    return IncidentChange(
        name=fields.text("name"),
        body=fields.text("body", "message"),
        status=fields.choice(IncidentStatus, "status"),
        impact_override=fields.choice(Impact, "impact_override"),
        clear_impact_override=incident.impact_override is not None and fields.is_null("impact_override"),
        components=_components(fields),
        deliver_notifications=fields.flag("deliver_notifications") is not False,
        schedule=_changed_schedule(fields, incident, zone),
        metadata=fields.members("metadata"),
        reminder_intervals=None if incident.scheduled_for else _intervals(fields),
    )


def without_groups(session: Session, page_id: str, named: States) -> States:
    """What is named but for groups, where a component of theirs is named as well: clients name each row of the list
    of components, and the state of a group follows."""
    of_page = (Component.page_id == page_id, Component.id.in_(named))
    rows = session.execute(select(Component.id, Component.group_id).where(*of_page)).all() if named else ()
    groups = {row.group_id for row in rows}
    return {key: state for key, state in named.items() if key not in groups}


def _changed_schedule(fields: Fields, incident: Incident, zone: ZoneInfo) -> Schedule | None:
    begins, ends = fields.instant("scheduled_for", zone=zone), fields.instant("scheduled_until", zone=zone)
    if incident.scheduled_for is None or incident.scheduled_until is None:
        # Clients send the flags of every incident; an instant says that a maintenance is meant.
        meant = begins or ends
        return Schedule(scheduled_for=meant, scheduled_until=meant + _INSTANT) if meant is not None else None
    flags = {name: fields.flag(*names) for name, names in _FLAGS.items()}
    before = schedule_of(incident)
    after = replace(
        before,
        scheduled_for=begins or before.scheduled_for,
        scheduled_until=ends or before.scheduled_until,
        **{name: flag for name, flag in flags.items() if flag is not None},
    )
    return None if after == before else after


def _require_both(fields: Fields) -> None:
    for name in ("scheduled_for", "scheduled_until"):
        if fields.text(name) is None:
            fields.problems.add(f"A maintenance needs {name} too.", field=name)


def _components(fields: Fields) -> States:
    """A component that is only named is affected, and stays in its state."""
    return {**dict.fromkeys(fields.ids("component_ids") or ()), **(fields.states("components") or {})}


def _intervals(fields: Fields) -> str | None:
    hours = fields.items("reminder_intervals")
    return fields.text("reminder_intervals") if hours is None else json.dumps(hours)
