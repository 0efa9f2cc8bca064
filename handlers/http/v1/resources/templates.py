"""Templates that clients keep: made and, though Statuspage documents that not, read, changed and deleted."""

from collections.abc import Mapping

from desk.errors import NotFoundError
from desk.incidents.templates import change_template, create_template, delete_template
from desk.pages.pages import get_page
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body, Fields
from handlers.http.v1.operations import Key
from handlers.http.v1.resources.incidents import render_templates
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.writing import Made, creating, reading, writing
from storage.models import IncidentStatus, IncidentTemplate

_ALL = "pages/{page_id}/incident_templates"
_ONE = f"{_ALL}/{{template_id}}"


def template_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations about single templates."""
    change = writing(desk, _change)
    return {
        ("POST", _ALL): creating(desk, _make, _find_made),
        ("GET", _ONE): reading(desk, lambda tx, call: _answer(tx, _template_of(tx, call))),
        ("PUT", _ONE): change,
        ("PATCH", _ONE): change,
        ("DELETE", _ONE): writing(desk, _delete),
    }


def _template_of(tx: Transaction, call: Call) -> IncidentTemplate:
    template = tx.session.get(IncidentTemplate, call.path["template_id"])
    if template is None or template.page_id != call.path["page_id"]:
        raise NotFoundError("There is no such template.")
    return template


def _fields_of(body: Body) -> Fields:
    return body.fields("template", "incident_template")


def _make(tx: Transaction, call: Call, body: Body) -> Made:
    fields = _fields_of(body)
    page = get_page(tx.session, call.path["page_id"])
    given = {name: fields.text(name) for name in ("name", "title", "body")}
    status, ids = fields.choice(IncidentStatus, "update_status"), fields.ids("component_ids")
    notify = fields.flag("should_send_notifications")
    for name, text in given.items():
        if text is None:
            fields.problems.add(f"A template needs {name}.", field=name)
    if None in given.values():
        fields.problems.refuse()
    with fields.problems.gathered():
        template = create_template(
            tx,
            page.id,
            **{name: text or "" for name, text in given.items()},
            update_status=status,
            component_ids=ids or (),
            should_send_notifications=notify is not False,
        )
    fields.problems.refuse()
    return _made(tx, template)


def _find_made(tx: Transaction, _call: Call, template_id: str) -> Made | None:
    template = tx.session.get(IncidentTemplate, template_id)
    return None if template is None else _made(tx, template)


def _made(tx: Transaction, template: IncidentTemplate) -> Made:
    return Made(_answer(tx, template, status=201), template.id, template.updated_at.isoformat())


def _change(tx: Transaction, call: Call, body: Body) -> Answer:
    template, fields = _template_of(tx, call), _fields_of(body)
    words = {name: fields.text(name) or getattr(template, name) for name in ("name", "title", "body")}
    status, ids = fields.choice(IncidentStatus, "update_status"), fields.ids("component_ids")
    before = IncidentStatus(template.update_status) if template.update_status else None
    notify = fields.flag("should_send_notifications")
    with fields.problems.gathered():
        changed = change_template(
            tx,
            template.id,
            seen_at=template.updated_at,
            **words,
            update_status=status or before,
            component_ids=template.component_ids if ids is None else ids,
            should_send_notifications=template.should_send_notifications if notify is None else notify,
        )
    fields.problems.refuse()
    return _answer(tx, changed)


def _delete(tx: Transaction, call: Call, _body: Body) -> Answer:
    template = _template_of(tx, call)
    answer = _answer(tx, template)
    delete_template(tx, template.page_id, template.id)
    return answer


def _answer(tx: Transaction, template: IncidentTemplate, *, status: int = 200) -> Answer:
    page = get_page(tx.session, template.page_id)
    return Answer(status, render_templates(tx.session, page, [template])[0])
