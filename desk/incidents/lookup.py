"""Incidents, found and listed."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import NotFoundError
from desk.incidents.inputs import ENDED, REALTIME, SCHEDULED
from storage.models import Incident, IncidentComponent, IncidentUpdate


def find_incident(session: Session, incident_id: str) -> Incident | None:
    """The incident, or None."""
    return session.get(Incident, incident_id)


def get_incident(session: Session, incident_id: str, *, page_id: str | None = None) -> Incident:
    """The incident (of that page). Raises NotFoundError."""
    incident = find_incident(session, incident_id)
    if incident is None or (page_id is not None and incident.page_id != page_id):
        raise NotFoundError("There is no such incident.", "It may have been deleted.")
    return incident


def list_updates(session: Session, incident_ids: Collection[str]) -> Sequence[IncidentUpdate]:
    """The updates of some incidents, the newest first."""
    return session.scalars(
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id.in_(incident_ids))
        .order_by(IncidentUpdate.display_at.desc(), IncidentUpdate.created_at.desc(), IncidentUpdate.id)
    ).all()


def list_open(session: Session, page_id: str | None = None, *, scheduled: bool | None = None) -> Sequence[Incident]:
    """Incidents that are not resolved and maintenances that are not completed, the newest first."""
    query = select(Incident).where(Incident.status.not_in(list(ENDED)))
    if page_id is not None:
        query = query.where(Incident.page_id == page_id)
    if scheduled is not None:
        query = query.where(Incident.status.in_(list(SCHEDULED if scheduled else REALTIME)))
    return session.scalars(query.order_by(Incident.created_at.desc(), Incident.id)).all()


def list_open_on(session: Session, page_id: str, component_ids: Collection[str]) -> Sequence[Incident]:
    """Open realtime incidents that are about any of these components: what a new one might double."""
    about = select(IncidentComponent.incident_id).where(IncidentComponent.component_id.in_(component_ids))
    meant = set(session.scalars(about))
    return [incident for incident in list_open(session, page_id, scheduled=False) if incident.id in meant]
