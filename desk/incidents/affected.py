"""What an incident does to its components: the states that it brings them into, and which of them its end changed."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.incidents.components import bring_statuses, list_incident_components
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import list_updates
from desk.pages.status import Impact, impact_of
from desk.transaction import Transaction
from storage.models import ComponentStatus, Incident, IncidentComponent, IncidentStatus, IncidentUpdate

_IMPACTS = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


def bring_components(
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


def states_after_end(session: Session, incident_id: str) -> Mapping[str, ComponentStatus]:
    """The components of an incident that ending it brings into another state, and that state.

    One that another open incident is about stays as it is. One that a running maintenance works on goes back to it;
    any other is operational again.
    """
    components = [
        row for row in list_incident_components(session, incident_id) if row.status != ComponentStatus.OPERATIONAL
    ]
    others = session.execute(
        select(IncidentComponent.component_id, Incident.scheduled_for.is_not(None))
        .join(Incident, Incident.id == IncidentComponent.incident_id)
        .where(
            IncidentComponent.component_id.in_([row.id for row in components]),
            Incident.id != incident_id,
            Incident.status.not_in([*ENDED, IncidentStatus.SCHEDULED]),
        )
    ).all()
    held = {component_id for component_id, is_maintenance in others if not is_maintenance}
    at_work = {component_id for component_id, is_maintenance in others if is_maintenance}
    ends = {
        row.id: ComponentStatus.UNDER_MAINTENANCE if row.id in at_work else ComponentStatus.OPERATIONAL
        for row in components
        if row.id not in held
    }
    return {row.id: ends[row.id] for row in components if row.id in ends and ends[row.id] != row.status}


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
