"""Incidents: opened, updated and deleted, each together with its components and its audit event.

Whoever manages incidents or, of maintenances, maintenances on the page may, and everybody else is refused.
"""

from datetime import datetime

from sqlalchemy import delete, inspect, update

from desk.audit import trail as audit
from desk.identifiers import new_id
from desk.incidents.affected import bring_components, release_components
from desk.incidents.announcements import announce_beside, announce_deletion
from desk.incidents.changes import finish_change, lock_incident
from desk.incidents.components import record_statuses
from desk.incidents.drafts.decision import role_to_manage
from desk.incidents.drafts.review import drop_drafts, lock_drafts
from desk.incidents.effects import Wanted
from desk.incidents.held import is_change_held, refusal, require_unheld
from desk.incidents.inputs import (
    ENDED,
    IncidentChange,
    NewIncident,
    Schedule,
    check_change,
    check_incident_name,
    check_new,
)
from desk.incidents.limits import require_about, require_transitions
from desk.incidents.reminders import plan_reminder, replan_reminder, settle_reminders
from desk.incidents.updates import say, stamp
from desk.pages.pages import get_page
from desk.pages.status import impact_of
from desk.permissions import require_role
from desk.transaction import Actor, Transaction, pages_changed
from storage.models import Incident, IncidentStatus, IncidentUpdate, Page, Revision


def create_incident(tx: Transaction, page_id: str, new: NewIncident) -> Incident:
    """Open an incident, schedule a maintenance or write down one of the past, and bring components along.

    Raises NotFoundError for the page, NotAllowedError, and InvalidInputError, whose `field` names what is wrong.
    """
    page = get_page(tx.session, page_id)
    scheduled = new.schedule is not None
    require_role(tx, role_to_manage(scheduled=scheduled), page_id)
    require_unheld(tx, page_id, is_first_post=True)
    check_new(new, tx.now)
    require_transitions(tx, page_id, new.schedule, new.components)
    incident = draw_incident(new, page_id, now=tx.now, base_url=tx.policy.base_url, by=tx.actor)
    incident.number = next_number(tx)
    tx.session.add(incident)
    tx.session.flush()
    affected = bring_components(tx, incident, Wanted(new.components, new.seen_states), before=None)
    said = say(tx, incident, new.body, affected, notify=new.deliver_notifications and not incident.backfilled)
    stamp(incident, new.first_status, said)
    plan_reminder(tx, incident, said)
    finish_change(tx, incident, page, audit.Action.INCIDENT_CREATED, said, affected)
    return incident


def draw_incident(new: NewIncident, page_id: str, *, now: datetime, base_url: str, by: Actor) -> Incident:
    """An incident as it begins, which is no row yet. Pure."""
    scheduled, began_at = new.schedule is not None, new.backfilled_at or now
    incident = Incident(
        id=new.id or new_id(),
        page_id=page_id,
        name=check_incident_name(new.name),
        status=new.first_status,
        impact=str(impact_of([], scheduled=scheduled)),
        impact_override=str(new.impact_override) if new.impact_override else None,
        created_at=began_at,
        updated_at=began_at,
        started_at=began_at,
        backfilled=new.backfilled_at is not None,
        metadata_=dict(new.metadata),
        reminder_intervals=new.reminder_intervals,
        shortlink="",
        created_by=str(by),
    )
    incident.shortlink = f"{base_url}/incidents/{incident.id}"
    if new.schedule is not None:
        _set_schedule(incident, new.schedule)
    return incident


def draw_change(incident: Incident, change: IncidentChange, *, now: datetime) -> Incident:
    """An incident as a change would make it, which is no row. Pure."""
    columns = inspect(Incident).column_attrs
    changed = Incident(**{column.key: getattr(incident, column.key) for column in columns})
    _write_fields(changed, change, now)
    changed.status = change.status or changed.status
    return changed


def update_incident(
    tx: Transaction, incident_id: str, change: IncidentChange, *, version: int | None = None
) -> IncidentUpdate | None:
    """Change an incident; gives the update that this made, if it says something.

    `version`: what the person saw; raises ConflictError when somebody changed the incident since. Raises
    NotFoundError, NotAllowedError, and InvalidInputError, whose `field` names what is wrong.
    """
    incident = lock_incident(tx, incident_id, version, change)
    if is_change_held(tx, incident, change):
        raise refusal()
    check_change(change, scheduled=incident.scheduled_for is not None)
    require_about(tx, incident, change)
    require_transitions(tx, incident.page_id, change.schedule, change.components, incident=incident)
    status = change.status or IncidentStatus(incident.status)
    pace = (incident.shown_impact, incident.reminder_intervals)
    _write_fields(incident, change, tx.now)
    if incident.status in ENDED and status not in ENDED:
        if not _is_planned_anew(incident, status, tx.now):
            # What people took up again, people complete.
            incident.scheduled_auto_completed = False
        incident.backfilled = False
    if status is IncidentStatus.SCHEDULED and incident.status != status:
        # Who reads that it is to come after all knows when.
        incident.scheduled_reminded_at = tx.now
    before, incident.status = IncidentStatus(incident.status), status
    affected = bring_components(
        tx, incident, Wanted(change.components, change.seen_states, as_planned=change.as_planned), before=before
    )
    said = None
    if change.says_something:
        said = say(tx, incident, change.body or "", affected, notify=change.deliver_notifications)
        stamp(incident, status, said)
        plan_reminder(tx, incident, said)
        settle_reminders(tx, incident.id)
    elif (incident.shown_impact, incident.reminder_intervals) != pace:
        replan_reminder(tx, incident)
    incident.updated_at = tx.now
    action = audit.Action.INCIDENT_UPDATED if said else audit.Action.INCIDENT_EDITED
    finish_change(tx, incident, tx.session.get_one(Page, incident.page_id), action, said, affected)
    return said


def _is_planned_anew(incident: Incident, status: IncidentStatus, now: datetime) -> bool:
    """Whether a maintenance that was over, or called off, is to come after all: with all that was planned for it."""
    return status is IncidentStatus.SCHEDULED and incident.scheduled_for is not None and incident.scheduled_for > now


def delete_incident(tx: Transaction, incident_id: str) -> Incident:
    """Remove an incident and its updates. Components stay as they are, but for those that a maintenance which goes on
    has under it. Gives what was removed.

    Raises NotFoundError, NotAllowedError.
    """
    # Its drafts first, as whoever publishes one locks it before the incident.
    drafts = lock_drafts(tx, incident_id)
    incident = lock_incident(tx, incident_id)
    drop_drafts(tx, drafts, name=incident.name)
    require_about(tx, incident, removes=True)
    freed = release_components(tx, incident)
    page = tx.session.get_one(Page, incident.page_id)
    page.updated_at = tx.now
    settle_reminders(tx, incident.id)
    tx.session.execute(delete(Incident).where(Incident.id == incident.id))
    tx.session.expunge(incident)
    announce_deletion(tx, incident)
    announce_beside(tx, freed, but=incident.id)
    pages_changed(tx)
    record_statuses(tx, freed, incident_id=incident.id)
    audit.record(
        tx, audit.Action.INCIDENT_DELETED, "incident", incident.id, name=incident.name, page_id=incident.page_id
    )
    return incident


def next_number(tx: Transaction) -> int:
    """The decimal number of the next incident."""
    counted = tx.session.execute(
        update(Revision)
        .where(Revision.topic == "incidents")
        .values(value=Revision.value + 1)
        .returning(Revision.value)
    )
    return counted.scalar_one()


def _write_fields(incident: Incident, change: IncidentChange, now: datetime) -> None:
    if change.name is not None:
        incident.name = check_incident_name(change.name)
    if change.metadata is not None:
        incident.metadata_ = dict(change.metadata)
    if change.reminder_intervals is not None:
        incident.reminder_intervals = change.reminder_intervals
    if change.clear_impact_override:
        incident.impact_override = None
    if change.impact_override is not None:
        incident.impact_override = str(change.impact_override)
    if change.schedule is not None:
        old = incident.scheduled_for, incident.scheduled_until
        _set_schedule(incident, change.schedule)
        if change.says_something and (incident.scheduled_for, incident.scheduled_until) != old:
            # Who reads the new times needs no reminder of them right behind.
            incident.scheduled_reminded_at = now
        elif incident.scheduled_for != old[0]:
            incident.scheduled_reminded_at = None


def _set_schedule(incident: Incident, schedule: Schedule) -> None:
    incident.scheduled_for = schedule.scheduled_for
    incident.scheduled_until = schedule.scheduled_until
    incident.scheduled_remind_prior = schedule.remind_prior
    incident.scheduled_auto_in_progress = schedule.auto_in_progress
    incident.scheduled_auto_completed = schedule.auto_completed
    incident.auto_transition_to_maintenance_state = schedule.to_maintenance_state
    incident.auto_transition_to_operational_state = schedule.to_operational_state
    incident.auto_transition_deliver_notifications_at_start = schedule.notify_at_start
    incident.auto_transition_deliver_notifications_at_end = schedule.notify_at_end
