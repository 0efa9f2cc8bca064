"""Maintenances that run by themselves, and what their steps change.

Locks are taken in the order in which `update_incident` takes them, for one maintenance in a transaction, so that
neither two sweeps nor a sweep and a person wait for one another in a circle.
"""

import secrets
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from desk.incidents.default_texts import CANCELLED
from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.steps import (
    COMPLETED,
    REMIND_BEFORE,
    STARTED,
    Due,
    Plan,
    Step,
    decide_step,
    end_text,
    reminder_text,
    start_text,
)
from desk.incidents.port import port_of
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction
from storage.models import (
    Incident,
    IncidentStatus,
    IncidentUpdate,
    Page,
)

_log = structlog.get_logger(__name__)


def sweep_maintenances(tx: Transaction) -> int:
    """Let one maintenance do what is due: be reminded of, start or end. Gives 1, or 0 when nothing is left to do.

    One that cannot be carried out is logged and holds up no other; the next minute tries it again.
    """
    require_duty(tx, Duty.TIME)
    for incident_id in _list_due(tx):
        try:
            with tx.session.begin_nested():
                if _carry_out(tx, incident_id):
                    return 1
        except OperationalError:
            # The database's trouble, not that of one maintenance.
            raise
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("maintenance_failed", incident_id=incident_id, reference=reference, exc_info=error)
    return 0


def _list_due(tx: Transaction) -> Sequence[str]:
    """Those with something to do, in the order of their windows; nothing is locked yet."""
    waits = and_(Incident.status == IncidentStatus.SCHEDULED, Incident.scheduled_for <= tx.now + REMIND_BEFORE)
    ends = and_(Incident.status.in_(list(RUNNING)), Incident.scheduled_until <= tx.now)
    plans = _read_plans(tx.session, and_(or_(waits, ends), Incident.backfilled.is_(False)))
    due = [incident for incident, plan in plans if decide_step(plan, tx.now).step is not Step.NOTHING]
    return [incident.id for incident in sorted(due, key=lambda row: (row.scheduled_for, row.id))]


def _read_plans(session: Session, condition: ColumnElement[bool]) -> Sequence[tuple[Incident, Plan]]:
    said = select(IncidentUpdate.id).where(IncidentUpdate.incident_id == Incident.id).correlate(Incident)
    started = said.where(
        IncidentUpdate.status == IncidentStatus.IN_PROGRESS, IncidentUpdate.created_at >= Incident.scheduled_for
    ).exists()
    completed = said.where(
        IncidentUpdate.status == IncidentStatus.COMPLETED, IncidentUpdate.created_at >= Incident.scheduled_until
    ).exists()
    rows = session.execute(select(Incident, started, completed).where(Incident.scheduled_for.is_not(None), condition))
    return [(row, Plan.of(row, was_started=bool(a), was_completed=bool(b))) for row, a, b in rows]


def _carry_out(tx: Transaction, incident_id: str) -> bool:
    """Whether this call did the maintenance's step; not when somebody has it in hand or was first."""
    incident = _lock(tx, incident_id, skip_locked=True)
    if incident is None:
        return False
    # What was said is read after the lock, or it could be from before somebody else's step.
    [(_, plan)] = _read_plans(tx.session, Incident.id == incident_id)
    due = decide_step(plan, tx.now)
    if due.step is Step.NOTHING:
        return False
    change = _change_for(tx, incident, plan, due)
    port_of(tx, incident.page_id).update_incident(tx, incident_id, change, version=incident.version)
    if due.step is Step.REMIND:
        incident.scheduled_reminded_at = tx.now
        # A reminder is no news: what somebody wrote before it still fits.
        incident.version -= 1
        tx.session.flush()
    return True


def _change_for(tx: Transaction, incident: Incident, plan: Plan, due: Due) -> IncidentChange:
    if due.step is Step.REMIND:
        return IncidentChange(status=IncidentStatus.SCHEDULED, body=reminder_text(plan, tx.now))
    zone = ZoneInfo(tx.session.get_one(Page, incident.page_id).time_zone)
    if due.step is Step.START:
        return change_to_start(incident, body=start_text(plan, due, zone))
    return change_to_complete(incident, body=end_text(plan, due, zone))


def _lock(tx: Transaction, incident_id: str, *, skip_locked: bool = False) -> Incident | None:
    """The incident as it is now, ours until the commit; None when it is gone or, skipping, somebody else's."""
    # Not the whole row's lock: that would collide with drafts that merely refer to it.
    query = (
        select(Incident).where(Incident.id == incident_id).with_for_update(key_share=True, skip_locked=skip_locked)
    )
    return tx.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def change_to_start(incident: Incident, *, body: str = STARTED) -> IncidentChange:
    """What starting a maintenance changes; its components go under it by its own flags."""
    notify = incident.auto_transition_deliver_notifications_at_start
    return IncidentChange(status=IncidentStatus.IN_PROGRESS, body=body, as_planned=True, deliver_notifications=notify)


def change_to_complete(incident: Incident, *, body: str = COMPLETED) -> IncidentChange:
    """What ending a maintenance changes; its components come back by its own flags."""
    notify = incident.auto_transition_deliver_notifications_at_end
    return IncidentChange(status=IncidentStatus.COMPLETED, body=body, as_planned=True, deliver_notifications=notify)


def change_to_cancel(*, reason: str = "", deliver_notifications: bool = True) -> IncidentChange:
    """What cancelling a maintenance changes: Statuspage has no word for it, so it is completed and says so."""
    return IncidentChange(
        status=IncidentStatus.COMPLETED,
        body=f"{CANCELLED} {reason.strip()}".strip(),
        deliver_notifications=deliver_notifications,
    )
