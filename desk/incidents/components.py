"""Components' states: changed together with their history."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import audit
from desk.errors import InvalidInputError
from desk.page_signal import pages_changed
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, ComponentStatusChange, IncidentComponent


def list_components(session: Session, page_id: str) -> Sequence[Component]:
    """All components and groups of a page, in the order in which they are shown."""
    rows = session.scalars(select(Component).where(Component.page_id == page_id)).all()
    top = sorted((row for row in rows if row.group_id is None), key=lambda row: (row.position, row.name))
    ordered: list[Component] = []
    for row in top:
        ordered.append(row)
        children = (child for child in rows if child.group_id == row.id)
        ordered += sorted(children, key=lambda child: (child.position, child.name))
    return ordered


def full_name(component: Component, groups: Mapping[str, str]) -> str:
    """A component's name with its group's before it, as in updates: “Europe - API”."""
    group = groups.get(component.group_id or "")
    return f"{group} - {component.name}" if group else component.name


def get_components(session: Session, page_id: str, component_ids: Sequence[str]) -> Sequence[Component]:
    """These components, locked. Raises InvalidInputError (field `components`) on one that is none of it."""
    found = {
        row.id: row
        for row in session.scalars(
            select(Component)
            .where(Component.page_id == page_id, Component.id.in_(component_ids))
            .order_by(Component.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    for component_id in component_ids:
        row = found.get(component_id)
        if row is None:
            raise InvalidInputError(f"There is no component {component_id} on this page.", field="components")
        if row.group:
            raise InvalidInputError(
                f"“{row.name}” is a group; its state follows from its components.", field="components"
            )
    return [found[component_id] for component_id in dict.fromkeys(component_ids)]


def set_statuses(
    tx: Transaction, page_id: str, wanted: Mapping[str, ComponentStatus | None], *, incident_id: str | None = None
) -> list[dict[str, Any]]:
    """Bring components into the wanted states (None: leave it), keep the history, and give what updates record:
    `{code, name, old_status, new_status}` of each. Raises InvalidInputError (field `components`).
    """
    if not wanted:
        return []
    session = tx.session
    groups = dict(
        session.execute(
            select(Component.id, Component.name).where(Component.page_id == page_id, Component.group.is_(True))
        ).all()
    )
    affected = []
    for component in get_components(session, page_id, list(wanted)):
        old = ComponentStatus(component.status)
        new = wanted[component.id] or old
        affected.append(
            {
                "code": component.id,
                "name": full_name(component, groups),
                "old_status": str(old),
                "new_status": str(new),
            }
        )
        if new != old:
            _change(tx, component, old, new, incident_id)
    pages_changed(tx)
    return affected


def _change(
    tx: Transaction, component: Component, old: ComponentStatus, new: ComponentStatus, incident_id: str | None
) -> None:
    component.status = new
    component.updated_at = tx.now
    tx.session.add(
        ComponentStatusChange(
            component_id=component.id, at=tx.now, status=new, incident_id=incident_id, actor=str(tx.actor)
        )
    )
    tx.session.flush()
    audit.record(
        tx,
        audit.Action.COMPONENT_CHANGED,
        "component",
        component.id,
        name=component.name,
        old_status=str(old),
        new_status=str(new),
        incident_id=incident_id,
    )


def list_incident_components(session: Session, incident_id: str) -> Sequence[Component]:
    """The components that an incident is about, in order of position."""
    return session.scalars(
        select(Component)
        .join(IncidentComponent, IncidentComponent.component_id == Component.id)
        .where(IncidentComponent.incident_id == incident_id)
        .order_by(Component.position, Component.name)
    ).all()
