"""Postmortems: written, published, taken back and removed."""

from collections.abc import Mapping

from desk.errors import NotFoundError
from desk.incidents.drafts.posting import post_postmortem
from desk.incidents.lookup import get_incident
from desk.incidents.port import port_of
from desk.incidents.postmortems import postmortem_of
from desk.pages.pages import get_page
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.fields import Body
from handlers.http.v1.documents import json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.resources.held import answer_held
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.incidents import postmortem_shape
from handlers.http.v1.shapes.times import zone_of
from handlers.http.v1.writing import reading, writing
from storage.models import Incident, IncidentDraft

_PATH = "pages/{page_id}/incidents/{incident_id}/postmortem"


def postmortem_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations about postmortems."""
    return {
        ("GET", _PATH): reading(desk, _get),
        ("PUT", _PATH): writing(desk, _write),
        ("DELETE", _PATH): writing(desk, _delete),
        ("PUT", f"{_PATH}/publish"): writing(desk, _publish),
        ("PUT", f"{_PATH}/revert"): writing(desk, _revert),
    }


def _incident_of(tx: Transaction, call: Call) -> Incident:
    return get_incident(tx.session, call.path["incident_id"], page_id=call.path["page_id"])


def _get(tx: Transaction, call: Call) -> Answer:
    incident = _incident_of(tx, call)
    if not postmortem_of(incident):
        raise NotFoundError("There is no postmortem of this incident.")
    return _answer(tx, incident)


def _write(tx: Transaction, call: Call, body: Body) -> Answer:
    incident, fields = _incident_of(tx, call), body.fields("postmortem")
    words = fields.text("body_draft", "body")
    fields.problems.refuse()
    return _answer(tx, port_of(tx, incident.page_id).write_postmortem(tx, incident.id, words or ""))


def _publish(tx: Transaction, call: Call, body: Body) -> Answer:
    incident, fields = _incident_of(tx, call), body.fields("postmortem", required=False)
    notify = fields.flag("notify_subscribers") is not False
    fields.problems.refuse()
    published = post_postmortem(tx, incident.id, notify_subscribers=notify)
    return answer_held(tx, published) if isinstance(published, IncidentDraft) else _answer(tx, published)


def _revert(tx: Transaction, call: Call, _body: Body) -> Answer:
    incident = _incident_of(tx, call)
    return _answer(tx, port_of(tx, incident.page_id).revert_postmortem(tx, incident.id))


def _delete(tx: Transaction, call: Call, _body: Body) -> Answer:
    incident = _incident_of(tx, call)
    port_of(tx, incident.page_id).delete_postmortem(tx, incident.id)
    return Answer(204)


def _answer(tx: Transaction, incident: Incident) -> Answer:
    page = get_page(tx.session, incident.page_id)
    return Answer(200, json_document(postmortem_shape(incident, zone_of(page))))
