"""Words kept for the next time."""

from collections.abc import Mapping, Sequence

from desk.incidents.components import get_component_by_word
from desk.incidents.lookup import get_incident
from desk.incidents.templates import (
    change_template,
    create_template,
    create_template_from,
    delete_template,
    get_template,
    list_templates,
)
from desk.pages.pages import get_page
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape, part_of
from handlers.http.own.shapes.incidents import Template, template_of
from storage.models import IncidentStatus

_TEMPLATES = "pages/{page_id}/templates"
_ONE = f"{_TEMPLATES}/{{template_id}}"


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of the page's templates, by name."""
    page = get_page(tx.session, asked.path["page_id"])
    found, wanted = list_templates(tx.session, page.id), asked.query
    items = [template_of(one) for one in part_of(found, wanted)]
    return Part[Template](items=items, total=len(found), page=wanted.page, per_page=wanted.per_page)


def show(tx: Transaction, asked: Asked) -> Shape:
    """One of them."""
    return template_of(get_template(tx.session, asked.path["page_id"], asked.path["template_id"]))


def create(tx: Transaction, asked: Asked) -> Shape:
    """A new one."""
    body, page = asked.body, get_page(tx.session, asked.path["page_id"])
    made = create_template(
        tx,
        page.id,
        name=body.name,
        title=body.title,
        body=body.body,
        update_status=body.update_status,
        component_ids=_components(tx, page.id, body.components),
        should_send_notifications=body.should_send_notifications,
    )
    return template_of(made)


def change(tx: Transaction, asked: Asked) -> Shape:
    """Change what is said of it, and leave the rest."""
    body, page_id = asked.body, asked.path["page_id"]
    seen = get_template(tx.session, page_id, asked.path["template_id"])
    components = body.components
    changed = change_template(
        tx,
        seen.id,
        seen_at=seen.updated_at,
        name=seen.name if body.name is None else body.name,
        title=seen.title if body.title is None else body.title,
        body=seen.body if body.body is None else body.body,
        update_status=IncidentStatus(seen.update_status) if seen.update_status else None,
        component_ids=seen.component_ids if components is None else _components(tx, page_id, components),
        should_send_notifications=(
            seen.should_send_notifications
            if body.should_send_notifications is None
            else body.should_send_notifications
        ),
    )
    return template_of(changed)


def delete(tx: Transaction, asked: Asked) -> Shape:
    """Forget it."""
    return template_of(delete_template(tx, asked.path["page_id"], asked.path["template_id"]))


def save(tx: Transaction, asked: Asked) -> Shape:
    """Keep what an incident first said."""
    incident = get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"])
    return template_of(create_template_from(tx, incident.id, name=asked.body.name))


def _components(tx: Transaction, page_id: str, words: Sequence[str]) -> list[str]:
    return [get_component_by_word(tx.session, page_id, word).id for word in words]


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", _TEMPLATES): list_,
    ("GET", _ONE): show,
    ("POST", _TEMPLATES): create,
    ("POST", f"{_ONE}/change"): change,
    ("POST", f"{_ONE}/delete"): delete,
    ("POST", "pages/{page_id}/incidents/{incident_id}/save-as-template"): save,
}
