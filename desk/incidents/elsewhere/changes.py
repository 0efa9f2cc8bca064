"""What a Statuspage elsewhere is to be told: written beside the change here, brought there by a delivery each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.identifiers import new_id
from desk.incidents.announcements import HEAD_CARD, UPDATE_CARD
from desk.incidents.elsewhere.forms import COMPONENTS
from desk.messages.outbox import enqueue, refresh_card
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction, elsewhere_changed
from storage.models import (
    ChangeKind,
    Channel,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentUpdate,
    UpstreamChange,
)

STEP_WAITS = timedelta(minutes=3)
"""So long a Statuspage has to do by itself what it does when it is time."""
_UNDER_WAY = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
_UNSHOWN = frozenset({ChangeKind.STATES, ChangeKind.WRITE_POSTMORTEM})
"""Of these no message says whether they are there."""


@dataclass(frozen=True, slots=True)
class There:
    """What a Statuspage said of an incident that was brought there."""

    id: str
    shortlink: str = ""
    update_id: str | None = None
    """Of what was said with the change."""


def owe_change(
    tx: Transaction,
    kind: ChangeKind,
    incident: Incident,
    body: Mapping[str, Any],
    *,
    said: IncidentUpdate | None = None,
) -> None:
    """Owe a change of an incident to the Statuspage that keeps its page.

    Changes of one incident arrive in their order, and wait for nothing else.
    """
    change = _add(tx, kind, incident.page_id, body, name=incident.name)
    change.incident_id, change.update_id = incident.id, said.id if said is not None else None
    waits = STEP_WAITS if kind is ChangeKind.STEP else timedelta()
    # A step is looked for before it is taken, so that it may come behind what is said later, and holds up none of it.
    lane = f"{incident.page_id}/{'steps' if waits else 'incidents'}/{incident.id}"
    enqueue(tx, Channel.ATLASSIAN, lane=lane, subject=change.id, due_at=tx.now + waits)


def owe_states(tx: Transaction, page_id: str, states: Mapping[str, Any], *, name: str) -> None:
    """Owe states of components alone. `name` says in a line which."""
    change = _add(tx, ChangeKind.STATES, page_id, states, name=name)
    enqueue(tx, Channel.ATLASSIAN, lane=f"{page_id}/components", subject=change.id)


def _add(tx: Transaction, kind: ChangeKind, page_id: str, body: Mapping[str, Any], *, name: str) -> UpstreamChange:
    change = UpstreamChange(
        id=new_id(),
        page_id=page_id,
        kind=kind,
        body=dict(body),
        name=name[:255],
        author=str(tx.actor),
        created_at=tx.now,
    )
    tx.session.add(change)
    tx.session.flush()
    return change


def find_creation(session: Session, incident_id: str) -> UpstreamChange | None:
    """The change by which an incident came to be there; None where it began there, or long ago."""
    of_incident = (UpstreamChange.incident_id == incident_id, UpstreamChange.kind == ChangeKind.CREATE)
    return session.scalars(select(UpstreamChange).where(*of_incident)).first()


def find_status(session: Session, change: UpstreamChange) -> DeliveryStatus | None:
    """How the delivery of a change stands; None where it was forgotten by now."""
    last = select(Delivery.status).where(Delivery.subject == change.id).order_by(Delivery.id.desc()).limit(1)
    status = session.scalar(last)
    return DeliveryStatus(status) if status is not None else None


def list_said_after(session: Session, change: UpstreamChange) -> Collection[str]:
    """The components whose states are there by a later change than this one already: they are left as they are."""
    return {component_id for one in _list_later(session, change) for component_id in one.body.get(COMPONENTS, ())}


def is_outdated(session: Session, change: UpstreamChange) -> bool:
    """Whether a change would bring an incident into a status, and a later one that did is there already."""
    later = [one for one in _list_later(session, change) if one.incident_id == change.incident_id]
    return _moves(change) and any(_moves(one) for one in later)


def _moves(change: UpstreamChange) -> bool:
    return change.kind in (ChangeKind.UPDATE, ChangeKind.STEP) and "status" in change.body


def _list_later(session: Session, change: UpstreamChange) -> Sequence[UpstreamChange]:
    """Changes of the same page that were made later than this one, and are there."""
    own = select(Delivery.id).where(Delivery.subject == change.id).order_by(Delivery.id).limit(1)
    later = (
        select(UpstreamChange)
        .join(Delivery, Delivery.subject == UpstreamChange.id)
        .where(
            UpstreamChange.page_id == change.page_id,
            UpstreamChange.there_at.is_not(None),
            Delivery.id > own.scalar_subquery(),
        )
    )
    return session.scalars(later).all()


def list_moving(session: Session, page_id: str, since: datetime) -> Collection[str]:
    """The components whose states are on their way to a page's Statuspage, or arrived there after `since`: what it
    said of them then is out of date."""
    of_page = UpstreamChange.page_id == page_id
    arrived = select(UpstreamChange).where(of_page, UpstreamChange.there_at >= since)
    waits = select(UpstreamChange).join(Delivery, Delivery.subject == UpstreamChange.id)
    waits = waits.where(of_page, UpstreamChange.there_at.is_(None), Delivery.status.in_(_UNDER_WAY))
    changes = [*session.scalars(arrived), *session.scalars(waits)]
    return {component_id for one in changes for component_id in one.body.get(COMPONENTS, ())}


def note_there(tx: Transaction, change_id: str, there: There | None) -> None:
    """A change is there; `there` says what its incident is called by now. Whoever reads of it is shown so."""
    require_duty(tx, Duty.DELIVERY)
    change = tx.session.get_one(UpstreamChange, change_id)
    change.there_at = change.there_at or tx.now
    incident = tx.session.get(Incident, change.incident_id) if change.incident_id else None
    said = tx.session.get(IncidentUpdate, change.update_id) if change.update_id else None
    if there is not None:
        if change.kind == ChangeKind.CREATE:
            change.upstream_id = change.upstream_id or there.id
        if incident is not None:
            incident.upstream_id = incident.upstream_id or there.id
            incident.shortlink = there.shortlink[:255] or incident.shortlink
        if said is not None:
            said.upstream_id = said.upstream_id or there.update_id
    tx.session.flush()
    show_change(tx, change)
    # What the gateway may have kept of its answers is from before.
    elsewhere_changed(tx)


def show_change(tx: Transaction, change: UpstreamChange) -> None:
    """Bring the messages up to date that say how a change stands."""
    if change.incident_id is None or change.kind in _UNSHOWN:
        return
    refresh_card(tx, HEAD_CARD, change.incident_id)
    if change.update_id is not None:
        refresh_card(tx, UPDATE_CARD, change.update_id)
