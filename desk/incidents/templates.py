"""Incident templates: words kept for the next time, with placeholders such as `{{region}}` to fill in."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import audit
from desk.errors import InvalidInputError, NotFoundError
from desk.identifiers import new_id
from desk.incidents.components import get_components, list_incident_components
from desk.incidents.inputs import check_body, check_name
from desk.incidents.lookup import get_incident, list_updates
from desk.transaction import Transaction
from storage.models import IncidentStatus, IncidentTemplate

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_ -]{0,39}?)\s*\}\}")


def list_templates(session: Session, page_id: str) -> Sequence[IncidentTemplate]:
    """A page's templates by name."""
    return session.scalars(
        select(IncidentTemplate)
        .where(IncidentTemplate.page_id == page_id)
        .order_by(func.lower(IncidentTemplate.name))
    ).all()


def get_template(session: Session, page_id: str, word: str) -> IncidentTemplate:
    """The page's template of that id or name, in any case. Raises NotFoundError."""
    for template in list_templates(session, page_id):
        if word == template.id or word.strip().lower() == template.name.lower():
            return template
    known = ", ".join(f"“{template.name}”" for template in list_templates(session, page_id)) or "none yet"
    raise NotFoundError(f"There is no template “{word}”.", f"Templates of this page: {known}.")


def create_template(
    tx: Transaction,
    page_id: str,
    *,
    name: str,
    title: str,
    body: str,
    update_status: IncidentStatus | None = None,
    component_ids: Sequence[str] = (),
    should_send_notifications: bool = True,
) -> IncidentTemplate:
    """Keep a template. Raises InvalidInputError where its name is taken or something does not fit."""
    name = check_name(name)
    taken = {template.name.lower() for template in list_templates(tx.session, page_id)}
    if name.lower() in taken:
        raise InvalidInputError(f"There is a template “{name}” already.", "Choose another name.", field="name")
    get_components(tx.session, page_id, component_ids)
    template = IncidentTemplate(
        id=new_id(),
        page_id=page_id,
        name=name,
        title=check_name(title),
        body=check_body(body),
        update_status=update_status,
        component_ids=list(component_ids),
        should_send_notifications=should_send_notifications,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.session.add(template)
    tx.session.flush()
    audit.record(tx, audit.Action.TEMPLATE_CREATED, "template", template.id, name=name, page_id=page_id)
    return template


def create_template_from(tx: Transaction, incident_id: str, *, name: str) -> IncidentTemplate:
    """Keep what an incident first said, and its components, as a template."""
    incident = get_incident(tx.session, incident_id)
    first = list_updates(tx.session, [incident_id])[-1:]
    return create_template(
        tx,
        incident.page_id,
        name=name,
        title=incident.name,
        body=first[0].body if first else "",
        update_status=IncidentStatus(first[0].status) if first else None,
        component_ids=[component.id for component in list_incident_components(tx.session, incident_id)],
    )


def delete_template(tx: Transaction, page_id: str, word: str) -> IncidentTemplate:
    """Forget a template. Raises NotFoundError."""
    template = get_template(tx.session, page_id, word)
    tx.session.delete(template)
    tx.session.flush()
    audit.record(tx, audit.Action.TEMPLATE_DELETED, "template", template.id, name=template.name, page_id=page_id)
    return template


def list_placeholders(*texts: str) -> tuple[str, ...]:
    """The names in `{{…}}`, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; a name without a value stays as it is, so that a preview shows it."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1)) or found.group(0), text)
