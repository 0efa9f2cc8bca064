"""What a draft says: how it is kept, what it may hold, and what publishing it would bring."""

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select

from desk.errors import InvalidInputError
from desk.incidents.components import get_components
from desk.incidents.drafts.decision import role_for
from desk.incidents.inputs import (
    RUNNING,
    IncidentChange,
    NewIncident,
    check_body,
    check_change,
    check_new,
)
from desk.incidents.lookup import find_incident
from desk.incidents.maintenances.plans import check_window
from desk.masking import refuse_secrets
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, DraftKind, IncidentDraft, Role

_NEW: TypeAdapter[NewIncident] = TypeAdapter(NewIncident)
_CHANGE: TypeAdapter[IncidentChange] = TypeAdapter(IncidentChange)

Content = NewIncident | IncidentChange | str
"""What a draft holds: an incident or maintenance to be, an update, or a postmortem's text."""


def content_of(draft: IncidentDraft) -> Content:
    """What the draft says."""
    if draft.kind == DraftKind.POSTMORTEM:
        return str(draft.content["body"])
    if draft.kind == DraftKind.UPDATE:
        return _CHANGE.validate_python(draft.content)
    return _NEW.validate_python(draft.content)


def stored_form(content: Content) -> dict[str, Any]:
    """The content as a draft's row keeps it."""
    if isinstance(content, str):
        return {"body": content}
    if isinstance(content, NewIncident):
        return dict(_NEW.dump_python(content, mode="json"))
    return dict(_CHANGE.dump_python(content, mode="json"))


def is_scheduled(tx: Transaction, draft: IncidentDraft) -> bool:
    """Whether the draft is about a maintenance."""
    if draft.kind == DraftKind.MAINTENANCE:
        return True
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    return incident is not None and incident.scheduled_for is not None


def check_kind(kind: DraftKind, content: Content) -> None:
    """Raises InvalidInputError unless the draft says what its kind is for: each kind needs a role of its own."""
    of_kind = {
        DraftKind.INCIDENT: isinstance(content, NewIncident)
        and content.schedule is None
        and content.backfilled_at is None,
        DraftKind.MAINTENANCE: isinstance(content, NewIncident) and content.schedule is not None,
        DraftKind.BACKFILL: isinstance(content, NewIncident)
        and content.backfilled_at is not None
        and content.schedule is None,
        DraftKind.UPDATE: isinstance(content, IncidentChange),
        DraftKind.POSTMORTEM: isinstance(content, str),
    }
    if not of_kind[kind]:
        raise InvalidInputError(f"That is not what a draft of the kind “{kind}” says.", "Begin again.")


def check_content(tx: Transaction, page_id: str, content: Content, *, scheduled: bool) -> None:
    """Raises InvalidInputError, whose `field` names what could not be published so."""
    refuse_secrets(*texts_of(content), field="body")
    if isinstance(content, str):
        if not check_body(content):
            raise InvalidInputError("A postmortem needs a text.", field="body")
        return
    if isinstance(content, NewIncident):
        check_new(content, tx.now)
    else:
        check_change(content, scheduled=scheduled)
    if content.schedule is not None:
        check_window(content.schedule, tx.now, has_begun=moves_end(content))
    get_components(tx.session, page_id, list(content.components))


def moves_end(content: NewIncident | IncidentChange) -> bool:
    """Whether it moves the end of a maintenance that runs."""
    return isinstance(content, IncidentChange) and content.status in RUNNING


def texts_of(content: Content) -> tuple[str, ...]:
    """The words of a draft that the public will read."""
    return (content,) if isinstance(content, str) else (content.name or "", content.body or "")


def role_of_draft(tx: Transaction, draft: IncidentDraft) -> Role:
    """The role, on the draft's page, that publishing it needs."""
    return role_for(DraftKind(draft.kind), scheduled=is_scheduled(tx, draft))


def as_seen(tx: Transaction, content: Content) -> Content:
    """The content with the states that its components have now: those in which whoever writes it sees them."""
    if isinstance(content, str):
        return content
    wanted = [component_id for component_id, status in content.components.items() if status is not None]
    rows = tx.session.execute(select(Component.id, Component.status).where(Component.id.in_(wanted))).all()
    return replace(content, seen_states={row.id: ComponentStatus(row.status) for row in rows})


def with_what_no_form_has(content: Content, before: Content) -> Content:
    """What only clients say is kept: the id that was promised, metadata, who hears of it, what happens by itself."""
    if isinstance(content, str) or isinstance(before, str):
        return content
    if isinstance(content, NewIncident) and isinstance(before, NewIncident):
        content = replace(content, id=before.id)
    if content.schedule is not None and before.schedule is not None:
        by_itself = ("to_maintenance_state", "to_operational_state", "notify_at_start", "notify_at_end")
        kept = {name: getattr(before.schedule, name) for name in by_itself}
        content = replace(content, schedule=replace(content.schedule, **kept))
    kept_too: dict[str, Any] = {"metadata": content.metadata or before.metadata}
    return replace(content, deliver_notifications=before.deliver_notifications, **kept_too)
