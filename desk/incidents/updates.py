"""What is said about an incident: written with the change that it tells of, and corrected afterwards."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from desk.audit import trail as audit
from desk.errors import InvalidInputError, NotFoundError
from desk.identifiers import new_id
from desk.incidents.changes import finish_change, lock_incident
from desk.incidents.held import require_unheld
from desk.incidents.inputs import ENDED, check_body
from desk.incidents.limits import require_about
from desk.transaction import Transaction
from storage.models import Incident, IncidentStatus, IncidentUpdate, Page


def edit_update(
    tx: Transaction,
    update_id: str,
    *,
    body: str | None = None,
    deliver_notifications: bool | None = None,
    display_at: datetime | None = None,
) -> IncidentUpdate:
    """Correct an update that was published: its words, and the instant that readers are told. Raises NotFoundError,
    NotAllowedError, InvalidInputError."""
    said = tx.session.get(IncidentUpdate, update_id)
    if said is None:
        raise NotFoundError("There is no such update.")
    incident = lock_incident(tx, said.incident_id)
    require_about(tx, incident)
    if body is not None or display_at is not None:
        require_unheld(tx, incident.page_id)
    if body is not None:
        said.body = check_body(body)
    if deliver_notifications is not None:
        said.deliver_notifications = deliver_notifications
    if display_at is not None:
        if display_at > tx.now:
            raise InvalidInputError("An update was said in the past.", "Choose an earlier time.", field="display_at")
        said.display_at = display_at
    said.updated_at = tx.now
    incident.updated_at = tx.now
    finish_change(tx, incident, tx.session.get_one(Page, incident.page_id), audit.Action.INCIDENT_EDITED, said)
    return said


def say(
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


def stamp(incident: Incident, status: IncidentStatus, said: IncidentUpdate) -> None:
    if status == IncidentStatus.MONITORING:
        incident.monitoring_at = incident.monitoring_at or said.display_at
    if status in ENDED:
        incident.resolved_at = incident.resolved_at or said.display_at
    else:
        incident.resolved_at = None
