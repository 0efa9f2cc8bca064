"""What a key may not do to components by way of incidents and maintenances. People and jobs are not asked.

People move states with their incidents; of a key's scopes each is given for itself, and a key for certain components
has to do with no others.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.acting_keys import acting_key
from desk.incidents.effects import Move, Turn
from desk.incidents.inputs import IncidentChange, Schedule
from desk.permissions import require_components, require_write
from desk.transaction import ActorKind, Transaction
from storage.models import ComponentStatus, Incident, IncidentComponent, IncidentStatus, Scope


def require_states(tx: Transaction, page_id: str, states: Mapping[str, ComponentStatus | None]) -> None:
    """Raises NotAllowedError for a key that may not bring components into states, or is for other components."""
    if tx.actor.kind == ActorKind.KEY and any(states.values()):
        require_write(tx, Scope.COMPONENT_STATUS_WRITE, page_id, of=states.keys())
    # An incident says on the page that its components have trouble, whatever state it leaves them in.
    require_components(tx, states.keys())


def require_transitions(
    tx: Transaction,
    page_id: str,
    schedule: Schedule | None,
    named: Collection[str],
    *,
    incident: Incident | None = None,
) -> None:
    """Raises NotAllowedError for a key that may not bring components into states, and would have a maintenance do so:
    where it turns that on, or names components for one that does. `schedule`: as it is to be; None: as it is."""
    if tx.actor.kind != ActorKind.KEY:
        return
    own = _list_about(tx.session, incident.id) if incident is not None else ()
    before = _transitions_of(incident) if incident is not None else set()
    after = _transitions(schedule) if schedule is not None else before
    added = set(named).difference(own)
    if after - before:
        require_write(tx, Scope.COMPONENT_STATUS_WRITE, page_id, of=added.union(own))
    elif after and added:
        require_write(tx, Scope.COMPONENT_STATUS_WRITE, page_id, of=added)


def require_about(
    tx: Transaction, incident: Incident, change: IncidentChange | None = None, *, removes: bool = False
) -> None:
    """Raises NotAllowedError for a key that is for none of the components that the incident is about. Where the
    change begins or ends it, or it `removes` it, the key must be for each of them: all are spoken of."""
    if tx.actor.kind != ActorKind.KEY:
        return
    before = IncidentStatus(incident.status)
    move = Move.of(incident, before, before if change is None or change.status is None else change.status)
    all_of_it = removes or move.turn in {Turn.BEGINS, Turn.ENDS}
    about = _list_about(tx.session, incident.id)
    if about and (all_of_it or not any(acting_key(tx).is_for([one]) for one in about)):
        require_components(tx, about)


def _list_about(session: Session, incident_id: str) -> Sequence[str]:
    about = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident_id)
    return session.scalars(about.order_by(IncidentComponent.component_id)).all()


def _transitions(schedule: Schedule) -> set[str]:
    wanted = {"under_maintenance": schedule.to_maintenance_state, "operational": schedule.to_operational_state}
    return {state for state, is_on in wanted.items() if is_on}


def _transitions_of(incident: Incident) -> set[str]:
    wanted = {
        "under_maintenance": incident.auto_transition_to_maintenance_state,
        "operational": incident.auto_transition_to_operational_state,
    }
    return {state for state, is_on in wanted.items() if is_on}
