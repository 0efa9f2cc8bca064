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
from desk.pages import list_pages
from desk.permissions import require_role, roles_of_actor
from desk.secret import refuse_secrets
from desk.transaction import Transaction
from storage.models import IncidentStatus, IncidentTemplate, Page, Role

_MOST_NAMED = 10
_MOST_SHOWN = 80
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


def get_template_by_word(tx: Transaction, word: str, *, page_id: str | None = None) -> IncidentTemplate:
    """The template of that id or name (of that page), of those that the actor may use.

    Raises NotAllowedError, NotFoundError, and InvalidInputError when several pages have one of that name.
    """
    wanted = " ".join(word.split())
    templates = list_usable_templates(tx, page_id)
    found = [each for each in templates if wanted == each.id or wanted.lower() == each.name.lower()]
    if len(found) > 1:
        pages = dict(tx.session.execute(select(Page.id, Page.name)).all())
        named = ", ".join(pages[template.page_id] for template in found)
        raise InvalidInputError(f"Several pages have a template “{wanted}”: {named}.", "Say which: on PAGE.")
    if not found:
        known = ", ".join(f"“{template.name}”" for template in templates[:_MOST_NAMED]) or "none yet"
        raise NotFoundError(f"There is no template “{wanted[:_MOST_SHOWN]}”.", f"Templates: {known}.")
    return found[0]


def list_usable_templates(tx: Transaction, page_id: str | None = None) -> Sequence[IncidentTemplate]:
    """The templates of the pages (or of that page) whose incidents the actor manages, by page and name.

    Raises NotAllowedError when they manage none.
    """
    roles = roles_of_actor(tx)
    if page_id is not None or not roles.has_anywhere(Role.INCIDENT_MANAGER):
        require_role(tx, Role.INCIDENT_MANAGER, page_id)
    pages = [page.id for page in list_pages(tx.session) if page_id in (None, page.id)]
    usable = [page for page in pages if roles.has(Role.INCIDENT_MANAGER, page)]
    return [template for page in usable for template in list_templates(tx.session, page)]


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
    """Keep a template. For incident managers of the page.

    Raises NotAllowedError, and InvalidInputError where its name is taken or something does not fit.
    """
    require_role(tx, Role.INCIDENT_MANAGER, page_id)
    refuse_secrets(name, title, body, field="name")
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
    """Forget a template. For incident managers of the page. Raises NotAllowedError, NotFoundError."""
    require_role(tx, Role.INCIDENT_MANAGER, page_id)
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
