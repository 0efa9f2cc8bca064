"""Incident templates: words kept for the next time, with placeholders such as `{{region}}` to fill in."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from desk.audit import trail as audit
from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotFoundError, Problems
from desk.identifiers import new_id
from desk.incidents.authority import require_publisher
from desk.incidents.components import get_components, list_incident_components
from desk.incidents.inputs import MAX_NAME, check_body, check_incident_name
from desk.incidents.lookup import get_incident, list_updates
from desk.masking import refuse_secrets
from desk.pages.pages import get_page, list_pages
from desk.permissions import roles_of_actor
from desk.reasons import check_name
from desk.transaction import Transaction
from storage.folding import fold, folded
from storage.models import IncidentStatus, IncidentTemplate, Page, Role

_MOST_NAMED = 10
_MOST_SHOWN = 80
_INSTANT = timedelta(microseconds=1)
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_ -]{0,39}?)\s*\}\}")


def list_templates(session: Session, page_id: str) -> Sequence[IncidentTemplate]:
    """A page's templates by name."""
    return session.scalars(
        select(IncidentTemplate).where(IncidentTemplate.page_id == page_id).order_by(folded(IncidentTemplate.name))
    ).all()


def get_template(session: Session, page_id: str, word: str) -> IncidentTemplate:
    """The page's template of that id or name, in any case. Raises NotFoundError."""
    for template in list_templates(session, page_id):
        if word == template.id or fold(word.strip()) == fold(template.name):
            return template
    known = ", ".join(f"“{template.name}”" for template in list_templates(session, page_id)) or "none yet"
    raise NotFoundError(f"There is no template “{word}”.", f"Templates of this page: {known}.")


def get_template_by_word(tx: Transaction, word: str, *, page_id: str | None = None) -> IncidentTemplate:
    """The template of that id or name (of that page), of those that the actor may use.

    Raises NotAllowedError, NotFoundError, and InvalidInputError when several pages have one of that name.
    """
    wanted = " ".join(word.split())
    templates = list_usable_templates(tx, page_id)
    found = [each for each in templates if wanted == each.id or fold(wanted) == fold(each.name)]
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
        _require_manager(tx, page_id)
    pages = [page.id for page in list_pages(tx.session) if page_id in (None, page.id)]
    usable = [page for page in pages if roles.has(Role.INCIDENT_MANAGER, page)]
    return [template for page in usable for template in list_templates(tx.session, page)]


def _require_manager(tx: Transaction, page_id: str | None) -> None:
    require_publisher(tx, Role.INCIDENT_MANAGER, get_page(tx.session, page_id) if page_id is not None else None)


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
    _require_manager(tx, page_id)
    template = IncidentTemplate(
        id=new_id(),
        page_id=page_id,
        **_checked(tx, page_id, name, title, body, component_ids),
        update_status=update_status,
        should_send_notifications=should_send_notifications,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _claim_name(tx, page_id, template.name)
    tx.session.add(template)
    tx.session.flush()
    audit.record(tx, audit.Action.TEMPLATE_CREATED, "template", template.id, name=template.name, page_id=page_id)
    return template


def get_template_to_change(tx: Transaction, template_id: str) -> IncidentTemplate:
    """The template of that id. Raises NotFoundError, and NotAllowedError unless the actor may change it."""
    template = tx.session.get(IncidentTemplate, template_id)
    if template is None:
        raise NotFoundError(
            "There is no such template any more.", f"Use {slash('incident template list')} to see which there are."
        )
    _require_manager(tx, template.page_id)
    return template


def change_template(
    tx: Transaction,
    template_id: str,
    *,
    seen_at: datetime,
    name: str,
    title: str,
    body: str,
    update_status: IncidentStatus | None,
    component_ids: Sequence[str],
    should_send_notifications: bool,
) -> IncidentTemplate:
    """Change a template that the actor saw as of `seen_at`, its `updated_at`; what is as it was is no change.

    Raises as `create_template`, NotFoundError, and ConflictError where somebody changed it since.
    """
    template = get_template_to_change(tx, template_id)
    wanted = {
        **_checked(tx, template.page_id, name, title, body, component_ids),
        "update_status": update_status,
        "should_send_notifications": should_send_notifications,
    }
    changed = [field for field, value in wanted.items() if getattr(template, field) != value]
    if not changed:
        return template
    if "name" in changed:
        _claim_name(tx, template.page_id, wanted["name"], besides=template.id)
    won = tx.session.execute(
        update(IncidentTemplate)
        .where(IncidentTemplate.id == template.id, IncidentTemplate.updated_at == seen_at)
        # It always moves on, since the next change is compared with it.
        .values(**wanted, updated_at=max(tx.now, seen_at + _INSTANT))
        .returning(IncidentTemplate.id),
        execution_options={"synchronize_session": False},
    ).first()
    if won is None:
        raise ConflictError("Somebody changed this template since you looked.", "Look at what it says now.")
    tx.session.refresh(template)
    audit.record(
        tx,
        audit.Action.TEMPLATE_CHANGED,
        "template",
        template.id,
        name=template.name,
        page_id=template.page_id,
        fields=changed,
    )
    return template


def _checked(
    tx: Transaction, page_id: str, name: str, title: str, body: str, component_ids: Sequence[str]
) -> dict[str, Any]:
    problems, kept = Problems(), dict[str, Any](component_ids=list(dict.fromkeys(component_ids)))
    with problems.gathered():
        hint = "By it people choose the template."
        kept["name"] = check_name(name, of="A template", limit=MAX_NAME, hint=hint)
    with problems.gathered():
        kept["title"] = check_incident_name(title, field="title")
    with problems.gathered():
        refuse_secrets(body, field="body")
        kept["body"] = check_body(body)
    with problems.gathered():
        get_components(tx.session, page_id, kept["component_ids"])
    problems.refuse()
    return kept


def _claim_name(tx: Transaction, page_id: str, name: str, *, besides: str | None = None) -> None:
    # Who names a template waits here for whoever names another on the page: no two get the same name.
    tx.session.execute(select(Page.id).where(Page.id == page_id).with_for_update(key_share=True))
    taken = {fold(each.name) for each in list_templates(tx.session, page_id) if each.id != besides}
    if fold(name) in taken:
        raise InvalidInputError(f"There is a template “{name}” already.", "Choose another name.", field="name")


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
    _require_manager(tx, page_id)
    template = get_template(tx.session, page_id, word)
    gone = delete(IncidentTemplate).where(IncidentTemplate.id == template.id).returning(IncidentTemplate.id)
    if tx.session.execute(gone).first() is None:
        raise NotFoundError(f"“{template.name}” was deleted already.", "Nothing needs to be done.")
    audit.record(tx, audit.Action.TEMPLATE_DELETED, "template", template.id, name=template.name, page_id=page_id)
    return template


def list_placeholders(*texts: str) -> tuple[str, ...]:
    """The names in `{{…}}`, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(name for text in texts for name in _PLACEHOLDER.findall(text)))


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; a name without a value stays as it is, so that a preview shows it."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1)) or found.group(0), text)
