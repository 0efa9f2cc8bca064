"""What opening an ended incident again proposes: its components as they were before it ended."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from sqlalchemy.orm import Session

from desk.incidents.components import list_incident_components
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import list_updates
from storage.models import ComponentStatus, Incident, IncidentUpdate


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
