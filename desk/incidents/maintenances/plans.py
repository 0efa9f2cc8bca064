"""What people plan: windows to come, what they collide with, and which maintenance may be begun, ended or moved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.authority import require_publisher
from desk.incidents.components import list_incident_components
from desk.incidents.drafts.decision import role_of
from desk.incidents.effects import Move
from desk.incidents.ended import states_before_end
from desk.incidents.holding import NOTHING, read_holding
from desk.incidents.inputs import ENDED, RUNNING, IncidentChange, Schedule, check_schedule
from desk.incidents.lookup import find_incident, is_called_off, was_called_off
from desk.incidents.maintenances.runs import change_to_cancel, change_to_complete, change_to_start
from desk.incidents.maintenances.steps import LATE, zoned_text
from desk.incidents.port import port_of
from desk.transaction import Transaction
from storage.models import ComponentStatus, Incident, IncidentComponent, IncidentStatus, Page

EXTENDED = "This maintenance takes longer than planned: it is now expected to end on {end}."
SHORTENED = "This maintenance is now expected to end on {end}."
MOVED = "This maintenance has been rescheduled: it begins on {start} and ends on {end}."
_STANDING: dict[str, str] = {
    IncidentStatus.SCHEDULED: "has not begun",
    IncidentStatus.IN_PROGRESS: "is in progress",
    IncidentStatus.VERIFYING: "is being verified",
    IncidentStatus.COMPLETED: "is completed",
}


def check_window(schedule: Schedule, now: datetime, *, has_begun: bool = False) -> None:
    """Raises InvalidInputError (field `scheduled_for` or `scheduled_until`) for a window that is not to come; of one
    that `has_begun`, its end alone."""
    check_schedule(schedule)
    if schedule.scheduled_until <= now and has_begun:
        raise InvalidInputError(
            "That time is over.", "Choose a time to come, or complete it now.", field="scheduled_until"
        )
    if schedule.scheduled_until <= now:
        raise InvalidInputError(
            "That time is over.", f"Write down what is past with {slash('incident backfill')}.", field="scheduled_for"
        )
    if has_begun:
        return
    # Whoever takes the minute that it is now, and a while to fill in the rest, means now.
    if now - schedule.scheduled_for > LATE:
        raise InvalidInputError(
            "That start has passed.",
            "Where the work begins at once, say: from now. "
            f"One that is planned begins early with {slash('maintenance start')}.",
            field="scheduled_for",
        )


def schedule_of(incident: Incident) -> Schedule:
    """A maintenance's window and flags. It must have an end."""
    assert incident.scheduled_for is not None
    assert incident.scheduled_until is not None
    return Schedule(
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        remind_prior=incident.scheduled_remind_prior,
        auto_in_progress=incident.scheduled_auto_in_progress,
        auto_completed=incident.scheduled_auto_completed,
        to_maintenance_state=incident.auto_transition_to_maintenance_state,
        to_operational_state=incident.auto_transition_to_operational_state,
        notify_at_start=incident.auto_transition_deliver_notifications_at_start,
        notify_at_end=incident.auto_transition_deliver_notifications_at_end,
    )


def list_overlapping(
    session: Session, page_id: str, schedule: Schedule, component_ids: Collection[str], *, besides: str | None = None
) -> Sequence[Incident]:
    """Maintenances that are not over and, in the same window, are about any of these components; the next first."""
    about = select(IncidentComponent.incident_id).where(IncidentComponent.component_id.in_(component_ids))
    query = (
        select(Incident)
        .where(
            Incident.page_id == page_id,
            Incident.id.in_(about),
            Incident.status.not_in(list(ENDED)),
            Incident.scheduled_for < schedule.scheduled_until,
            Incident.scheduled_until > schedule.scheduled_for,
        )
        .order_by(Incident.scheduled_for, Incident.id)
    )
    return [incident for incident in session.scalars(query) if incident.id != besides]


def get_manageable(tx: Transaction, incident_id: str) -> Incident:
    """The maintenance, for whoever may publish about it. Raises NotFoundError; NotAllowedError names whom to ask."""
    incident = find_incident(tx.session, incident_id)
    if incident is None:
        raise NotFoundError("There is no such maintenance.", "It may have been deleted.")
    if incident.scheduled_for is None:
        raise NotFoundError(f"“{incident.name}” is an incident.", f"For incidents there is {slash('incident')}.")
    require_publisher(tx, role_of(incident), tx.session.get_one(Page, incident.page_id))
    return incident


def plan_start(tx: Transaction, incident_id: str) -> IncidentChange:
    """What starting it now changes. Raises as `get_manageable`, and ConflictError when it began already."""
    incident = get_manageable(tx, incident_id)
    if incident.status != IncidentStatus.SCHEDULED:
        raise _not_now(tx, incident, "It can only start once." if incident.status in RUNNING else _again())
    return change_to_start(incident)


def plan_completion(tx: Transaction, incident_id: str) -> IncidentChange:
    """What completing it now changes. Raises as `get_manageable`, and ConflictError when it does not go on."""
    incident = get_manageable(tx, incident_id)
    if incident.status not in RUNNING:
        waits = incident.status == IncidentStatus.SCHEDULED
        raise _not_now(tx, incident, "Start it, or cancel it." if waits else "Nothing needs to be done.")
    return change_to_complete(incident)


def plan_cancellation(tx: Transaction, incident_id: str, *, reason: str = "") -> IncidentChange:
    """What calling it off changes. Raises as `get_manageable`, and ConflictError once its time has come."""
    incident = get_manageable(tx, incident_id)
    _require_scheduled(tx, incident)
    if incident.scheduled_for is not None and incident.scheduled_for <= tx.now:
        raise ConflictError(
            f"The time for which “{incident.name}” was scheduled has come.",
            f"Move it to a later time first: {slash('maintenance reschedule')}. "
            "Or start and complete it, saying what happened.",
        )
    return change_to_cancel(reason=reason)


def check_move(tx: Transaction, incident_id: str) -> Incident:
    """The maintenance, if it can be moved: whole, or while it runs its end. Raises as `get_manageable`, and
    ConflictError once it is over."""
    incident = get_manageable(tx, incident_id)
    if incident.status not in RUNNING:
        _require_scheduled(tx, incident)
    return incident


def plan_move(
    tx: Transaction,
    incident_id: str,
    scheduled_for: datetime,
    scheduled_until: datetime,
    *,
    body: str = "",
    auto_completed: bool | None = None,
) -> IncidentChange:
    """What moving it to another window changes: the window alone, what happens by itself stays as it is, but for
    `auto_completed` where that is said. Of one that runs, the end can be moved. Without a `body` the public reads the
    new times.

    Raises as `check_move` and `check_window`, and InvalidInputError (`scheduled_for`) for the window that it has.
    """
    incident = check_move(tx, incident_id)
    kept = schedule_of(incident)
    runs = incident.status in RUNNING
    if runs and scheduled_for != kept.scheduled_for:
        raise InvalidInputError("It has begun: only its end can be moved.", "Say until when.", field="scheduled_for")
    schedule = replace(
        kept,
        scheduled_for=scheduled_for,
        scheduled_until=scheduled_until,
        auto_completed=kept.auto_completed if auto_completed is None else auto_completed,
    )
    if schedule == kept:
        raise InvalidInputError(
            "That is when it is scheduled already.",
            "Choose another time.",
            field="scheduled_until" if runs else "scheduled_for",
        )
    check_window(schedule, tx.now, has_begun=runs)
    zone = ZoneInfo(tx.session.get_one(Page, incident.page_id).time_zone)
    moved = _end_moved_text(kept, schedule, zone) if runs else moved_text(schedule, zone)
    return IncidentChange(status=IncidentStatus(incident.status), body=body.strip() or moved, schedule=schedule)


def complete_by_itself(tx: Transaction, incident_id: str, *, does: bool) -> Incident:
    """Let a maintenance be completed when its time is over, or leave that to people. The public is told nothing.

    Raises as `check_move`, and ConflictError where that time is over: it would be completed unseen, or never.
    """
    incident = check_move(tx, incident_id)
    if does and incident.scheduled_until is not None and incident.scheduled_until <= tx.now:
        raise ConflictError(
            f"The time for which “{incident.name}” was scheduled is over.",
            f"Complete it, or say until when it goes on: {slash('maintenance extend')}",
        )
    schedule = replace(schedule_of(incident), auto_completed=does)
    change = IncidentChange(schedule=schedule)
    port_of(tx, incident.page_id).update_incident(tx, incident_id, change, version=incident.version)
    return incident


def _end_moved_text(kept: Schedule, schedule: Schedule, zone: ZoneInfo) -> str:
    words = EXTENDED if schedule.scheduled_until > kept.scheduled_until else SHORTENED
    return words.format(end=zoned_text(schedule.scheduled_until, zone))


def propose_states(
    session: Session, incident: Incident, status: IncidentStatus
) -> Mapping[str, ComponentStatus | None]:
    """The states that an incident's components take on with an update of this status; None: they stay as they are.

    Ending it brings them back to operational, as far as nothing else holds them when it is published; reopening it
    takes that back. Those of a maintenance go under maintenance with its start, and back with its end.
    """
    move = Move.of(incident, IncidentStatus(incident.status), status)
    rows = list_incident_components(session, incident.id)
    if move.scheduled and move.is_step:
        others = read_holding(session, [row.id for row in rows], besides=incident.id)
        return {row.id: move.plan_of(ComponentStatus(row.status), others.get(row.id, NOTHING)) for row in rows}
    if move.scheduled:
        return {row.id: None for row in rows}
    if status not in ENDED:
        before = states_before_end(session, incident)
        return {row.id: before.get(row.id) for row in rows}
    ill = [row.id for row in rows if row.status != ComponentStatus.OPERATIONAL]
    return {row.id: ComponentStatus.OPERATIONAL if row.id in ill else None for row in rows}


def moved_text(schedule: Schedule, zone: ZoneInfo) -> str:
    """What is said of a maintenance that was moved, by the page's clock."""
    return MOVED.format(
        start=zoned_text(schedule.scheduled_for, zone), end=zoned_text(schedule.scheduled_until, zone)
    )


def _require_scheduled(tx: Transaction, incident: Incident) -> None:
    if incident.status != IncidentStatus.SCHEDULED:
        running = incident.status in RUNNING
        raise _not_now(tx, incident, "Complete it when it is done." if running else _again())


def _again() -> str:
    return f"To go on with it: {slash('maintenance reopen')}"


def _not_now(tx: Transaction, incident: Incident, hint: str) -> ConflictError:
    if incident.status in ENDED and was_called_off(tx.session, incident):
        return is_called_off(incident)
    return ConflictError(f"“{incident.name}” {_STANDING[incident.status]}.", hint)
