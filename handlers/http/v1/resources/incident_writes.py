"""Incidents and maintenances: opened, changed and deleted, and what was said of them corrected."""

from collections.abc import Mapping
from dataclasses import replace

from desk.errors import NotFoundError
from desk.incidents.drafts.posting import find_promised, post_change, post_incident, promised_id
from desk.incidents.lookup import find_incident, get_incident
from desk.incidents.port import port_of
from desk.pages.pages import get_page
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body
from handlers.http.v1.documents import json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.resources.held import answer_held
from handlers.http.v1.resources.incident_inputs import read_change, read_new, without_groups
from handlers.http.v1.resources.incidents import render_incidents
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.incidents import update_shape
from handlers.http.v1.shapes.times import zone_of
from handlers.http.v1.writing import Made, creating, writing
from storage.models import DraftStatus, Incident, IncidentDraft, IncidentUpdate

_ONE = "pages/{page_id}/incidents/{incident_id}"
_UPDATE = f"{_ONE}/incident_updates/{{incident_update_id}}"


def incident_write_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations that write incidents and their updates."""
    # A change that says something makes an update, and clients send it again as they do what makes an incident.
    change, correct = creating(desk, _change, _find_changed), writing(desk, _correct)
    return {
        ("POST", "pages/{page_id}/incidents"): creating(desk, _open, _find_made),
        ("PUT", _ONE): change,
        ("PATCH", _ONE): change,
        ("DELETE", _ONE): writing(desk, _delete),
        ("PUT", _UPDATE): correct,
        ("PATCH", _UPDATE): correct,
    }


def incident_of(tx: Transaction, call: Call) -> Incident:
    """The incident that the address names. Raises NotFoundError."""
    return get_incident(tx.session, call.path["incident_id"], page_id=call.path["page_id"])


def _open(tx: Transaction, call: Call, body: Body) -> Made:
    fields, page = body.fields("incident"), get_page(tx.session, call.path["page_id"])
    new = read_new(fields, tx.now, zone_of(page))
    new = replace(new, components=without_groups(tx.session, page.id, new.components))
    return _made(tx, post_incident(tx, page.id, new, fields.problems))


def _find_made(tx: Transaction, _call: Call, made_id: str) -> Made | None:
    found = find_incident(tx.session, made_id) or find_promised(tx, made_id)
    if isinstance(found, IncidentDraft):
        # Of what waited, there is the incident by now.
        found = find_incident(tx.session, promised_id(found) or "") or found
    return None if found is None else _made(tx, found, drafted_as=made_id)


def _made(tx: Transaction, made: Incident | IncidentDraft, *, drafted_as: str | None = None) -> Made:
    if isinstance(made, IncidentDraft):
        return Made(answer_held(tx, made), made.id, mark="1")
    return Made(_answer(tx, made, status=201), drafted_as or made.id, mark=str(made.version))


def _change(tx: Transaction, call: Call, body: Body) -> Made:
    incident, fields = incident_of(tx, call), body.fields("incident")
    change = read_change(fields, incident, zone_of(get_page(tx.session, incident.page_id)))
    change = replace(change, components=without_groups(tx.session, incident.page_id, change.components))
    return _changed(tx, post_change(tx, incident.id, change, fields.problems))


def _find_changed(tx: Transaction, _call: Call, changed_id: str) -> Made | None:
    found = find_incident(tx.session, changed_id) or find_promised(tx, changed_id)
    return None if found is None else _changed(tx, found)


def _changed(tx: Transaction, changed: Incident | IncidentDraft) -> Made:
    if not isinstance(changed, IncidentDraft):
        return Made(_answer(tx, changed), changed.id, mark=str(changed.version))
    # Of what waited, there is the changed incident by now.
    public = changed.status == DraftStatus.PUBLISHED
    answer = _answer(tx, get_incident(tx.session, changed.incident_id or "")) if public else answer_held(tx, changed)
    return Made(answer, changed.id, mark="held")


def _delete(tx: Transaction, call: Call, _body: Body) -> Answer:
    incident = incident_of(tx, call)
    answer = _answer(tx, incident)
    port_of(tx, incident.page_id).delete_incident(tx, incident.id)
    return answer


def _correct(tx: Transaction, call: Call, body: Body) -> Answer:
    incident, fields = incident_of(tx, call), body.fields("incident_update")
    said = tx.session.get(IncidentUpdate, call.path["incident_update_id"])
    if said is None or said.incident_id != incident.id:
        raise NotFoundError("There is no such update.")
    zone = zone_of(get_page(tx.session, incident.page_id))
    words, at = fields.text("body", "message"), fields.instant("display_at", zone=zone)
    notify = fields.flag("deliver_notifications")
    fields.problems.refuse()
    port = port_of(tx, incident.page_id)
    said = port.edit_update(tx, said.id, body=words, deliver_notifications=notify, display_at=at)
    return Answer(200, json_document(update_shape(said, zone)))


def _answer(tx: Transaction, incident: Incident, *, status: int = 200) -> Answer:
    page = get_page(tx.session, incident.page_id)
    return Answer(status, render_incidents(tx.session, page, [incident])[0])
