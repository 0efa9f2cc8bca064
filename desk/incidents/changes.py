"""How every change of an incident begins and ends: with the incident locked for who may, and with all that show it
and the audit trail told."""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.audit import trail as audit
from desk.errors import ConflictError
from desk.incidents.announcements import announce, announce_beside
from desk.incidents.components import record_statuses
from desk.incidents.drafts.decision import role_of
from desk.incidents.drafts.review import show_waiting
from desk.incidents.inputs import IncidentChange
from desk.incidents.lookup import own_incident
from desk.incidents.maintenances.steps import is_step
from desk.permissions import Duty, has_duty, require_role
from desk.transaction import Transaction, pages_changed
from storage.models import Incident, IncidentUpdate, Page


def lock_incident(
    tx: Transaction, incident_id: str, version: int | None = None, change: IncidentChange | None = None
) -> Incident:
    """The incident, for who manages such, or whose duty the change is; it is ours until the commit, and its version
    is one more now."""
    incident = own_incident(tx.session, incident_id)
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


def finish_change(
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
