"""Incidents: opened, updated, edited, deleted, each together with its components and its audit event.

Whoever manages incidents or, of maintenances, maintenances on the page may, and everybody else is refused.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from desk.audit import trail as audit
from desk.errors import ConflictError, NotFoundError
from desk.identifiers import new_id
from desk.incidents.announcements import announce, announce_beside, announce_deletion
from desk.incidents.components import bring_statuses, list_incident_components, record_statuses
from desk.incidents.drafts.decision import role_of, role_to_manage
from desk.incidents.drafts.review import drop_drafts, lock_drafts, show_waiting
from desk.incidents.inputs import (
    ENDED,
    IncidentChange,
    NewIncident,
    Schedule,
    check_body,
    check_change,
    check_incident_name,
    check_new,
)
from desk.incidents.lookup import list_updates
from desk.incidents.maintenances.steps import is_step
from desk.incidents.reminders import plan_reminder, replan_reminder, settle_reminders
from desk.pages.pages import get_page
from desk.pages.status import Impact, impact_of
from desk.permissions import Duty, has_duty, require_role
from desk.transaction import Transaction, pages_changed
from storage.models import (
    ComponentStatus,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentUpdate,
    Page,
    Revision,
)

_IMPACTS = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


def create_incident(tx: Transaction, page_id: str, new: NewIncident) -> Incident:
    """Open an incident, schedule a maintenance or write down one of the past, and bring components along.

    Raises NotFoundError for the page, NotAllowedError, and InvalidInputError, whose `field` names what is wrong.
    """
    page = get_page(tx.session, page_id)
    scheduled = new.schedule is not None
    require_role(tx, role_to_manage(scheduled=scheduled), page_id)
    check_new(new, tx.now)
    status = new.status or _first_status(new)
    began_at = new.backfilled_at or tx.now
    incident = Incident(
        id=new_id(),
        number=_next_number(tx),
        page_id=page_id,
        name=check_incident_name(new.name),
        status=status,
        impact=str(impact_of([], scheduled=scheduled)),
        impact_override=str(new.impact_override) if new.impact_override else None,
        created_at=began_at,
        updated_at=began_at,
        started_at=began_at,
        backfilled=new.backfilled_at is not None,
        metadata_=dict(new.metadata),
        reminder_intervals=new.reminder_intervals,
        shortlink="",
        created_by=str(tx.actor),
    )
    incident.shortlink = f"{tx.policy.base_url}/incidents/{incident.id}"
    if new.schedule is not None:
        _set_schedule(incident, new.schedule)
    tx.session.add(incident)
    tx.session.flush()
    affected = _bring_components(tx, incident, new.components, new.seen_states)
    said = _say(tx, incident, new.body, affected, notify=new.deliver_notifications and not incident.backfilled)
    _stamp(incident, status, said)
    plan_reminder(tx, incident, said)
    _finish(tx, incident, page, audit.Action.INCIDENT_CREATED, said, affected)
    return incident


def update_incident(
    tx: Transaction, incident_id: str, change: IncidentChange, *, version: int | None = None
) -> IncidentUpdate | None:
    """Change an incident; gives the update that this made, if it says something.

    `version`: what the person saw; raises ConflictError when somebody changed the incident since. Raises
    NotFoundError, NotAllowedError, and InvalidInputError, whose `field` names what is wrong.
    """
    incident = _lock(tx, incident_id, version, change)
    check_change(change, scheduled=incident.scheduled_for is not None)
    status = change.status or IncidentStatus(incident.status)
    pace = (incident.impact_override or incident.impact, incident.reminder_intervals)
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
        _set_schedule(incident, change.schedule)
    if incident.scheduled_for is not None and incident.status in ENDED and status not in ENDED:
        # What people took up again, people complete.
        incident.scheduled_auto_completed = False
    incident.status = status
    affected = _bring_components(tx, incident, change.components, change.seen_states)
    said = None
    if change.says_something:
        said = _say(tx, incident, change.body or "", affected, notify=change.deliver_notifications)
        _stamp(incident, status, said)
        plan_reminder(tx, incident, said)
        settle_reminders(tx, incident.id)
    elif (incident.impact_override or incident.impact, incident.reminder_intervals) != pace:
        replan_reminder(tx, incident)
    incident.updated_at = tx.now
    action = audit.Action.INCIDENT_UPDATED if said else audit.Action.INCIDENT_EDITED
    _finish(tx, incident, tx.session.get_one(Page, incident.page_id), action, said, affected)
    return said


def edit_update(
    tx: Transaction, update_id: str, *, body: str | None = None, deliver_notifications: bool | None = None
) -> IncidentUpdate:
    """Correct the words of an update that was published. Raises NotFoundError, NotAllowedError, InvalidInputError."""
    said = tx.session.get(IncidentUpdate, update_id)
    if said is None:
        raise NotFoundError("There is no such update.")
    incident = _lock(tx, said.incident_id)
    if body is not None:
        said.body = check_body(body)
    if deliver_notifications is not None:
        said.deliver_notifications = deliver_notifications
    said.updated_at = tx.now
    incident.updated_at = tx.now
    _finish(tx, incident, tx.session.get_one(Page, incident.page_id), audit.Action.INCIDENT_EDITED, said)
    return said


def delete_incident(tx: Transaction, incident_id: str) -> Incident:
    """Remove an incident and its updates; components stay as they are. Gives what was removed.

    Raises NotFoundError, NotAllowedError.
    """
    # Its drafts first, as whoever publishes one locks it before the incident.
    drafts = lock_drafts(tx, incident_id)
    incident = _lock(tx, incident_id)
    drop_drafts(tx, drafts, name=incident.name)
    page = tx.session.get_one(Page, incident.page_id)
    page.updated_at = tx.now
    settle_reminders(tx, incident.id)
    tx.session.execute(delete(Incident).where(Incident.id == incident.id))
    tx.session.expunge(incident)
    announce_deletion(tx, incident)
    pages_changed(tx)
    audit.record(
        tx, audit.Action.INCIDENT_DELETED, "incident", incident.id, name=incident.name, page_id=incident.page_id
    )
    return incident


def _first_status(new: NewIncident) -> IncidentStatus:
    if new.backfilled_at is not None:
        return IncidentStatus.COMPLETED if new.schedule else IncidentStatus.RESOLVED
    return IncidentStatus.SCHEDULED if new.schedule else IncidentStatus.INVESTIGATING


def _next_number(tx: Transaction) -> int:
    counted = tx.session.execute(
        update(Revision)
        .where(Revision.topic == "incidents")
        .values(value=Revision.value + 1)
        .returning(Revision.value)
    )
    return counted.scalar_one()


def _lock(
    tx: Transaction, incident_id: str, version: int | None = None, change: IncidentChange | None = None
) -> Incident:
    """The incident, for who manages such, or whose duty the change is; it is ours until the commit, and its version
    is one more now."""
    # Not the whole row's lock: that would collide with drafts that merely refer to it.
    locked = select(Incident).where(Incident.id == incident_id).with_for_update(key_share=True)
    incident = tx.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if incident is None:
        raise NotFoundError("There is no such incident.", "It may have been deleted.")
    if not _is_due(tx, incident, change):
        require_role(tx, role_of(incident), incident.page_id)
    if version not in {None, incident.version}:
        raise ConflictError(
            f"“{incident.name}” was changed since you looked: it is {incident.status} now.",
            "Look at it again, then decide.",
        )
    incident.version += 1
    tx.session.flush()
    return incident


def _is_due(tx: Transaction, incident: Incident, change: IncidentChange | None) -> bool:
    """Whether the change is a step of a maintenance, made by whoever lets those run by themselves."""
    if change is None or incident.scheduled_for is None or not has_duty(tx, Duty.MAINTENANCES):
        return False
    return is_step(incident.status, change)


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


def _bring_components(
    tx: Transaction,
    incident: Incident,
    wanted: Mapping[str, ComponentStatus | None],
    seen: Mapping[str, ComponentStatus],
) -> list[dict[str, Any]] | None:
    affected = bring_statuses(tx, incident.page_id, wanted, seen=seen, incident_id=incident.id)
    known = {component.id for component in list_incident_components(tx.session, incident.id)}
    for component_id in wanted:
        if component_id not in known:
            tx.session.add(IncidentComponent(incident_id=incident.id, component_id=component_id))
    tx.session.flush()
    if incident.status not in ENDED or affected:
        _raise_impact(tx, incident)
    return affected or None


def _raise_impact(tx: Transaction, incident: Incident) -> None:
    """Impact follows the incident's own components while it is open, and does not fall again."""
    if incident.scheduled_for is not None:
        incident.impact = str(Impact.MAINTENANCE)
        return
    statuses = [ComponentStatus(row.status) for row in list_incident_components(tx.session, incident.id)]
    now = impact_of(statuses)
    incident.impact = str(max(now, Impact(incident.impact), key=_IMPACTS.index))


def _say(
    tx: Transaction, incident: Incident, body: str, affected: list[dict[str, Any]] | None, *, notify: bool
) -> IncidentUpdate:
    at = _next_instant(tx, incident)
    said = IncidentUpdate(
        id=new_id(),
        incident_id=incident.id,
        status=incident.status,
        body=check_body(body),
        created_at=at,
        updated_at=at,
        display_at=incident.created_at if incident.backfilled else at,
        affected_components=affected,
        deliver_notifications=notify,
        created_by=str(tx.actor),
    )
    tx.session.add(said)
    tx.session.flush()
    return said


def _next_instant(tx: Transaction, incident: Incident) -> datetime:
    """Now or, where the last update is not earlier by its clock, right after it: updates are read in their order."""
    instant = IncidentUpdate.created_at
    before = select(instant).where(IncidentUpdate.incident_id == incident.id).order_by(instant.desc())
    last = tx.session.scalar(before.limit(1))
    return last + timedelta(microseconds=1) if last is not None and last >= tx.now else tx.now


def _stamp(incident: Incident, status: IncidentStatus, said: IncidentUpdate) -> None:
    if status == IncidentStatus.MONITORING:
        incident.monitoring_at = incident.monitoring_at or said.display_at
    if status in ENDED:
        incident.resolved_at = incident.resolved_at or said.display_at
    else:
        incident.resolved_at = None


def _finish(
    tx: Transaction,
    incident: Incident,
    page: Page,
    action: audit.Action,
    said: IncidentUpdate | None,
    affected: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    page.updated_at = tx.now
    tx.session.flush()
    announce(tx, incident, said)
    announce_beside(tx, affected or (), but=incident.id)
    show_waiting(tx, incident.id)
    # Everybody locks in this order: incident, components, page, messages, the pages' revision, the audit trail.
    pages_changed(tx)
    record_statuses(tx, affected or (), incident_id=incident.id)
    audit.record(
        tx,
        action,
        "incident",
        incident.id,
        name=incident.name,
        page_id=incident.page_id,
        status=str(incident.status),
        update_id=said.id if said else None,
        deliver_notifications=said.deliver_notifications if said else None,
    )


def states_before_end(session: Session, incident: Incident) -> Mapping[str, ComponentStatus]:
    """The components that the end of a realtime incident made operational and that still are, each with its state
    until then; empty for an incident that is open."""
    if incident.scheduled_for is not None or incident.status not in ENDED:
        return {}
    since_end = list(takewhile(lambda said: said.status in ENDED, list_updates(session, [incident.id])))
    before = find_brought_back(since_end[::-1])
    return {
        row.id: before[row.id]
        for row in list_incident_components(session, incident.id)
        if row.id in before and row.status == ComponentStatus.OPERATIONAL
    }


def find_brought_back(updates: Sequence[IncidentUpdate]) -> Mapping[str, ComponentStatus]:
    """The components that updates, the oldest first, made operational, each with its first state before. Pure."""
    before: dict[str, ComponentStatus] = {}
    for said in updates:
        for one in said.affected_components or ():
            old = ComponentStatus(one["old_status"])
            if old != ComponentStatus.OPERATIONAL and one["new_status"] == ComponentStatus.OPERATIONAL:
                before.setdefault(one["code"], old)
    return before
