"""Templates that clients keep."""

from collections.abc import Mapping

from desk.incidents.templates import create_template
from desk.pages.pages import get_page
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body
from handlers.http.v1.operations import Key
from handlers.http.v1.resources.incidents import render_templates
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.writing import Made, creating
from storage.models import IncidentStatus, IncidentTemplate


def template_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operation that makes a template."""
    return {("POST", "pages/{page_id}/incident_templates"): creating(desk, _make, _find_made)}


def _make(tx: Transaction, call: Call, body: Body) -> Made:
    fields = body.fields("template", "incident_template")
    page = get_page(tx.session, call.path["page_id"])
    given = {name: fields.text(name) for name in ("name", "title", "body")}
    status, ids = fields.choice(IncidentStatus, "update_status"), fields.ids("component_ids")
    notify = fields.flag("should_send_notifications")
    for name, text in given.items():
        if text is None:
            fields.problems.add(f"A template needs {name}.", field=name)
    fields.problems.refuse()
    template = create_template(
        tx,
        page.id,
        **{name: text or "" for name, text in given.items()},
        update_status=status,
        component_ids=ids or (),
        should_send_notifications=notify is not False,
    )
    return _made(tx, template)


def _find_made(tx: Transaction, _call: Call, template_id: str) -> Made | None:
    template = tx.session.get(IncidentTemplate, template_id)
    return None if template is None else _made(tx, template)


def _made(tx: Transaction, template: IncidentTemplate) -> Made:
    page = get_page(tx.session, template.page_id)
    answer = Answer(201, render_templates(tx.session, page, [template])[0])
    return Made(answer, template.id, template.updated_at.isoformat())
