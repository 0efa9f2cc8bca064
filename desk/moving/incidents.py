"""An incident of a Statuspage elsewhere, written down here with what it made of components."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from desk.incidents.incidents import next_number
from desk.incidents.inputs import ENDED
from desk.moving.records import MovedIncident
from desk.permissions import require_owner
from desk.transaction import Transaction, pages_changed
from storage.models import (
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentComponent,
    IncidentUpdate,
)

_WELL = ComponentStatus.OPERATIONAL


def mark_of_incident(incident: Incident) -> str:
    """Tells whether somebody changed it here."""
    return str(incident.version)


def write_incident(tx: Transaction, page_id: str, there: MovedIncident, row: Incident | None) -> Incident:
    """Write it down, or anew where it is here already. For owners and operators."""
    require_owner(tx)
    if row is None:
        row = Incident(
            id=there.id,
            page_id=page_id,
            number=next_number(tx),
            created_by=str(tx.actor),
            shortlink=f"{tx.policy.base_url}/incidents/{there.id}",
            **there.columns,
        )
        tx.session.add(row)
        tx.session.flush()
    else:
        for name, value in there.columns.items():
            setattr(row, name, value)
        row.version += 1
        for model in (IncidentUpdate, IncidentComponent):
            tx.session.execute(delete(model).where(model.incident_id == row.id))
        changes = delete(ComponentStatusChange).where(ComponentStatusChange.incident_id == row.id)
        tx.session.execute(changes)
    for update in there.updates:
        said = IncidentUpdate(id=update.id, incident_id=row.id, created_by=str(tx.actor), **update.columns)
        tx.session.add(said)
    _write_components(tx, row, there)
    tx.session.flush()
    return row


def _write_components(tx: Transaction, row: Incident, there: MovedIncident) -> None:
    own = select(Component.id).where(Component.page_id == row.page_id, Component.group.is_(False))
    on_page = set(tx.session.scalars(own))
    said = _states_said(there, on_page)
    mentioned = [*there.components, *(component_id for component_id, _, _ in said)]
    last = {component_id: new for component_id, _, new in said}
    worst_said = {component_id: new for component_id, _, new in said if new != _WELL}
    is_open, planned = row.status not in ENDED, row.scheduled_for is not None
    # What an incident said until its end is what opening it again proposes; what a maintenance left, nobody says.
    holds: Mapping[str, ComponentStatus] = last if is_open else {} if planned else worst_said
    for component_id in dict.fromkeys(one for one in mentioned if one in on_page):
        hold = holds.get(component_id)
        tx.session.add(IncidentComponent(incident_id=row.id, component_id=component_id, holds=hold))
    for component_id, at, new in said:
        change = ComponentStatusChange(
            component_id=component_id, at=at, status=new, incident_id=row.id, actor=row.created_by
        )
        tx.session.add(change)


def _states_said(there: MovedIncident, on_page: set[str]) -> list[tuple[str, datetime, ComponentStatus]]:
    """Which component was brought into which state at which instant, in order of time."""
    found = []
    for update in sorted(there.updates, key=lambda one: one.columns["display_at"]):
        for one in update.columns["affected_components"] or ():
            code, new, old = one.get("code"), one.get("new_status"), one.get("old_status")
            if code in on_page and new in set(ComponentStatus) and new != old:
                found.append((str(code), update.columns["display_at"], ComponentStatus(new)))
    return found


def settle_states(tx: Transaction, page_id: str) -> int:
    """Let the history of each component end with the state that it has: what changed it besides incidents is not
    told there. Gives how many it was. For owners and operators."""
    require_owner(tx)
    settled = 0
    instant = ComponentStatusChange.at
    on_page = select(Component).where(Component.page_id == page_id, Component.group.is_(False))
    for row in tx.session.scalars(on_page.order_by(Component.id).with_for_update()).all():
        own = ComponentStatusChange.component_id == row.id
        latest = select(ComponentStatusChange).where(own).order_by(instant.desc(), ComponentStatusChange.id.desc())
        last = tx.session.scalars(latest.limit(1)).first()
        if (last.status if last is not None else _WELL) == row.status:
            continue
        at = max(row.updated_at, last.at) if last is not None else row.updated_at
        tx.session.add(ComponentStatusChange(component_id=row.id, at=at, status=row.status, actor=str(tx.actor)))
        settled += 1
    if settled:
        tx.session.flush()
        pages_changed(tx)
    return settled
