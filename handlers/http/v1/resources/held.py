"""What is answered where a person reads first what a key says: how it would be, under the id that it will have."""

from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.effects import expected_impact
from desk.incidents.incidents import draw_change, draw_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import find_incident, get_incident, list_updates
from desk.pages.pages import get_page
from desk.transaction import Transaction
from handlers.http.answers import Answer
from handlers.http.v1.documents import json_document
from handlers.http.v1.resources.incidents import component_shapes, read_components
from handlers.http.v1.shapes.incidents import IncidentShape, PostmortemShape, incident_shape, postmortem_shape
from handlers.http.v1.shapes.times import zone_of
from storage.models import Incident, IncidentDraft, IncidentUpdate, Page
from storage.models.base import with_defaults

WAITS = "This is not public yet: on this page a person reads first what an API key says. It waits for one in Slack."


def answer_held(tx: Transaction, draft: IncidentDraft) -> Answer:
    """202, with the document and a `message` that it waits."""
    content, page = content_of(draft), get_page(tx.session, draft.page_id)
    if isinstance(content, str):
        incident = get_incident(tx.session, draft.incident_id or "")
        shape: PostmortemShape | IncidentShape = postmortem_shape(incident, zone_of(page))
    else:
        shape = _shape(tx, draft, content, page)
    return Answer(202, json_document({**shape, "message": WAITS}))


def _shape(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange, page: Page) -> IncidentShape:
    before = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if isinstance(content, NewIncident):
        base_url = tx.policy.base_url
        incident = draw_incident(content, page.id, now=draft.created_at, base_url=base_url, by=tx.actor)
        says = True
    else:
        assert before is not None
        incident, says = draw_change(before, content, now=draft.created_at), content.says_something
    incident.impact = str(expected_impact(tx, draft))
    about = read_components(tx.session, [incident.id]).get(incident.id, ())
    shown = component_shapes(tx.session, page, {*about, *content.components})
    said = [_update(draft, content, incident)] if says else []
    said += list_updates(tx.session, [incident.id])
    return incident_shape(with_defaults(incident), list(shown.values()), said, zone_of(page))


def _update(draft: IncidentDraft, content: NewIncident | IncidentChange, incident: Incident) -> IncidentUpdate:
    return with_defaults(
        IncidentUpdate(
            id=draft.id,
            incident_id=incident.id,
            status=incident.status,
            body=content.body or "",
            created_at=draft.created_at,
            updated_at=draft.created_at,
            display_at=incident.created_at if incident.backfilled else draft.created_at,
            deliver_notifications=content.deliver_notifications,
        )
    )
