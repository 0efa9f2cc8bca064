"""Pages that a Statuspage elsewhere keeps: written here as all others, and owed to it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.incidents import incidents, postmortems, updates
from desk.incidents.components import set_statuses
from desk.incidents.elsewhere.changes import find_creation, owe_change, owe_states
from desk.incidents.elsewhere.forms import form_of_change, form_of_correction, form_of_new, form_of_states
from desk.incidents.elsewhere.refused import drop_changes
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import find_incident, list_updates
from desk.transaction import ActorKind, Transaction
from storage.models import (
    ChangeKind,
    Component,
    ComponentStatus,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentUpdate,
)

Wanted = Mapping[str, ComponentStatus | None]


class AtlassianPages:
    """Pages whose record is a Statuspage elsewhere. What is here of them is what it was told, and what it said."""

    def create_incident(self, tx: Transaction, page_id: str, new: NewIncident) -> Incident:
        """As `desk.incidents.incidents.create_incident`."""
        before = _read_states(tx.session, new.components)
        incident = incidents.create_incident(tx, page_id, new)
        incident.shortlink = ""
        form = form_of_new(new, _changed(tx.session, before, new.components))
        owe_change(tx, ChangeKind.CREATE, incident, form, said=list_updates(tx.session, [incident.id])[0])
        return incident

    def update_incident(
        self, tx: Transaction, incident_id: str, change: IncidentChange, *, version: int | None = None
    ) -> IncidentUpdate | None:
        """As `desk.incidents.incidents.update_incident`. What a maintenance does by itself, a Statuspage does too: it
        is only looked after."""
        own = _list_own(tx.session, incident_id)
        before = _read_states(tx.session, {*own, *change.components})
        said = incidents.update_incident(tx, incident_id, change, version=version)
        incident = tx.session.get_one(Incident, incident_id)
        by_itself = tx.actor.kind is ActorKind.JOB
        if by_itself and change.status == IncidentStatus.SCHEDULED:
            # A reminder that its own did not give is none any more when it comes late.
            return said
        states = _changed(tx.session, before, change.components)
        attached = [one for one in change.components if one not in own and one not in states]
        form = form_of_change(change, states, attached)
        if form:
            owe_change(tx, ChangeKind.STEP if by_itself else ChangeKind.UPDATE, incident, form, said=said)
        return said

    def edit_update(
        self,
        tx: Transaction,
        update_id: str,
        *,
        body: str | None = None,
        deliver_notifications: bool | None = None,
        display_at: datetime | None = None,
    ) -> IncidentUpdate:
        """As `desk.incidents.updates.edit_update`."""
        words: dict[str, Any] = {
            "body": body,
            "deliver_notifications": deliver_notifications,
            "display_at": display_at,
        }
        said = updates.edit_update(tx, update_id, **words)
        form = form_of_correction(**words)
        if form:
            owe_change(tx, ChangeKind.CORRECT, tx.session.get_one(Incident, said.incident_id), form, said=said)
        return said

    def delete_incident(self, tx: Transaction, incident_id: str) -> Incident:
        """As `desk.incidents.incidents.delete_incident`."""
        before = _read_states(tx.session, _list_own(tx.session, incident_id))
        incident = incidents.delete_incident(tx, incident_id)
        drop_changes(tx, incident_id)
        if incident.upstream_id is not None or find_creation(tx.session, incident_id) is not None:
            owe_change(tx, ChangeKind.DELETE, incident, {"id": incident.upstream_id})
        freed = _changed(tx.session, before, {})
        if freed:
            owe_states(tx, incident.page_id, form_of_states(freed), name=_names(tx.session, freed))
        return incident

    def set_statuses(self, tx: Transaction, page_id: str, wanted: Wanted) -> list[dict[str, Any]]:
        """As `desk.incidents.components.set_statuses`."""
        before = _read_states(tx.session, wanted)
        affected = set_statuses(tx, page_id, wanted)
        states = _changed(tx.session, before, wanted)
        if states:
            owe_states(tx, page_id, form_of_states(states), name=_names(tx.session, states))
        return affected

    def write_postmortem(self, tx: Transaction, incident_id: str, body: str, *, seen: str | None = None) -> Incident:
        """As `desk.incidents.postmortems.write_postmortem`."""
        incident = postmortems.write_postmortem(tx, incident_id, body, seen=seen)
        owe_change(tx, ChangeKind.WRITE_POSTMORTEM, incident, {"body_draft": incident.postmortem_body_draft})
        return incident

    def publish_postmortem(self, tx: Transaction, incident_id: str, *, notify_subscribers: bool = True) -> Incident:
        """As `desk.incidents.postmortems.publish_postmortem`."""
        incident = postmortems.publish_postmortem(tx, incident_id, notify_subscribers=notify_subscribers)
        form = {"notify_subscribers": notify_subscribers, "notify_twitter": False}
        owe_change(tx, ChangeKind.PUBLISH_POSTMORTEM, incident, form)
        return incident

    def revert_postmortem(self, tx: Transaction, incident_id: str) -> Incident:
        """As `desk.incidents.postmortems.revert_postmortem`."""
        incident = postmortems.revert_postmortem(tx, incident_id)
        owe_change(tx, ChangeKind.REVERT_POSTMORTEM, incident, {})
        return incident

    def delete_postmortem(self, tx: Transaction, incident_id: str) -> Incident:
        """As `desk.incidents.postmortems.delete_postmortem`."""
        incident = postmortems.delete_postmortem(tx, incident_id)
        owe_change(tx, ChangeKind.DELETE_POSTMORTEM, incident, {})
        return incident


def _list_own(session: Session, incident_id: str) -> Collection[str]:
    if find_incident(session, incident_id) is None:
        return ()
    own = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident_id)
    return session.scalars(own).all()


def _read_states(session: Session, component_ids: Iterable[str]) -> Mapping[str, ComponentStatus]:
    rows = select(Component.id, Component.status).where(Component.id.in_(list(component_ids)))
    return {component_id: ComponentStatus(status) for component_id, status in session.execute(rows)}


def _changed(session: Session, before: Mapping[str, ComponentStatus], wanted: Wanted) -> dict[str, ComponentStatus]:
    """The states of the components that have another one now, or of whom somebody said which: theirs may be another
    one there than here."""
    now = _read_states(session, before)
    return {one: state for one, state in now.items() if state != before[one] or wanted.get(one) is not None}


def _names(session: Session, states: Mapping[str, ComponentStatus]) -> str:
    names = session.scalars(select(Component.name).where(Component.id.in_(states)).order_by(Component.position)).all()
    return ", ".join(names)
