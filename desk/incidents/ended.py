"""What the components of an incident that is over were like until its end, and at it."""

from collections.abc import Mapping
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.incidents.holding import is_worse
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import list_updates
from storage.models import Component, ComponentStatus, ComponentStatusChange, Incident, IncidentComponent

_AT_WORK = ComponentStatus.UNDER_MAINTENANCE


def states_at_end(session: Session, incident: Incident) -> Mapping[str, ComponentStatus]:
    """The states that the components of an incident which is over had when it ended."""
    since = list(takewhile(lambda said: said.status in ENDED, list_updates(session, [incident.id])))
    if not since:
        return {}
    end = since[-1]
    named = {one["code"]: ComponentStatus(one["new_status"]) for one in end.affected_components or ()}
    own = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident.id)
    then = session.execute(
        select(ComponentStatusChange.component_id, ComponentStatusChange.status)
        .where(ComponentStatusChange.component_id.in_(own), ComponentStatusChange.at <= end.created_at)
        .order_by(ComponentStatusChange.at, ComponentStatusChange.id)
    )
    before = {component_id: ComponentStatus(status) for component_id, status in then}
    well = dict.fromkeys(session.scalars(own), ComponentStatus.OPERATIONAL)
    return well | before | named


def states_before_end(session: Session, incident: Incident) -> Mapping[str, ComponentStatus]:
    """The components that an incident which is over held in a state until its end, and that are well since or under a
    maintenance, each with that state; empty for an incident that is open, and for a maintenance."""
    if incident.status not in ENDED:
        return {}
    own = (
        select(Component.id, IncidentComponent.holds)
        .join(IncidentComponent, IncidentComponent.component_id == Component.id)
        .where(
            IncidentComponent.incident_id == incident.id,
            IncidentComponent.holds.is_not(None),
            Component.status.in_([ComponentStatus.OPERATIONAL, _AT_WORK]),
            Component.retired_at.is_(None),
        )
    )
    states = {component_id: ComponentStatus(holds) for component_id, holds in session.execute(own) if holds}
    return {component_id: holds for component_id, holds in states.items() if is_worse(holds, _AT_WORK)}
