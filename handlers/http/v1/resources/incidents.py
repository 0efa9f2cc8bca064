"""Incidents, maintenances and templates, as they are: read from the database at each call."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from desk.incidents.inputs import ENDED, RUNNING
from desk.incidents.lookup import list_updates
from desk.texts import can_be_kept
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.errors import not_found
from handlers.http.v1.documents import json_array, json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.paging import window
from handlers.http.v1.remembered import RememberedAnswers
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.components import ComponentShape, component_shape
from handlers.http.v1.shapes.incidents import incident_shape, template_shape
from handlers.http.v1.writing import reading
from storage.folding import holds
from storage.models import (
    Component,
    ComponentStatus,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentTemplate,
    IncidentUpdate,
    Page,
)

_MOST_WORDS = 10
_IS_PLANNED = Incident.scheduled_for.is_not(None)
LISTS: Mapping[str, ColumnElement[bool]] = {
    "unresolved": ~_IS_PLANNED & Incident.status.not_in(list(ENDED)),
    "scheduled": _IS_PLANNED,
    "upcoming": Incident.status == IncidentStatus.SCHEDULED,
    "active_maintenance": Incident.status.in_(list(RUNNING)),
}
"""What is in each list of incidents but the one of all."""


def incident_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations that read incidents and templates, each key its organization's."""

    def of_page(look: Callable[[Session, Page, Call], Answer]) -> Handler:
        def on_its_page(tx: Transaction, call: Call) -> Answer:
            page = tx.session.get(Page, call.path["page_id"])
            return not_found() if page is None else look(tx.session, page, call)

        return reading(desk, on_its_page)

    remembered = RememberedAnswers()

    def listing(name: str, condition: ColumnElement[bool], size: str = "per_page") -> Handler:
        def read(session: Session, page: Page, call: Call) -> Answer:
            asked = window(call.query, size=size)
            which = (page.id, name, asked.start, asked.stop)
            return remembered.get(session, which, lambda: _list(session, page, asked, condition))

        return of_page(read)

    list_all = listing("", true(), size="limit")
    search = of_page(_search)
    lists = {f"pages/{{page_id}}/incidents/{name}": listing(name, condition) for name, condition in LISTS.items()}
    handlers: dict[Key, Handler] = {("GET", path): handler for path, handler in lists.items()}
    return handlers | {
        ("GET", "pages/{page_id}/incidents"): lambda call: (search if call.query.get("q") else list_all)(call),
        ("GET", "pages/{page_id}/incidents/{incident_id}"): of_page(_get),
        ("GET", "pages/{page_id}/incident_templates"): of_page(_list_templates),
    }


def _search(session: Session, page: Page, call: Call) -> Answer:
    # What is left after so many words is looked for as it stands.
    words = call.query["q"].split(maxsplit=_MOST_WORDS - 1)
    return _list(session, page, window(call.query, size="limit"), and_(true(), *map(_says, words)))


def _says(word: str) -> ColumnElement[bool]:
    if not can_be_kept(word):
        return false()
    of_it = select(IncidentUpdate.id).where(IncidentUpdate.incident_id == Incident.id)
    texts = (Incident.name, Incident.status, Incident.postmortem_body)
    return or_(*(holds(text, word) for text in texts), of_it.where(holds(IncidentUpdate.body, word)).exists())


def _get(session: Session, page: Page, call: Call) -> Answer:
    incident = session.get(Incident, call.path["incident_id"])
    if incident is None or incident.page_id != page.id:
        return not_found()
    return Answer(200, render_incidents(session, page, [incident])[0])


def _newest(page: Page, condition: ColumnElement[bool]) -> Any:
    newest = select(Incident).order_by(Incident.created_at.desc(), Incident.number.desc())
    return newest.where(Incident.page_id == page.id, condition)


def _list(session: Session, page: Page, asked: slice, condition: ColumnElement[bool]) -> Answer:
    rows = _newest(page, condition).offset(asked.start).limit(asked.stop - asked.start)
    return Answer(200, json_array(render_incidents(session, page, session.scalars(rows).all())))


def _list_templates(session: Session, page: Page, call: Call) -> Answer:
    asked = window(call.query)
    by_name = select(IncidentTemplate).order_by(IncidentTemplate.name, IncidentTemplate.id)
    rows = by_name.where(IncidentTemplate.page_id == page.id)
    templates = session.scalars(rows.offset(asked.start).limit(asked.stop - asked.start)).all()
    return Answer(200, json_array(render_templates(session, page, templates)))


def render_templates(session: Session, page: Page, templates: Sequence[IncidentTemplate]) -> Sequence[bytes]:
    """Each as JSON, with its components as they are now."""
    shown = component_shapes(session, page, {one for template in templates for one in template.component_ids})
    return [
        json_document(template_shape(one, [shown[each] for each in one.component_ids if each in shown]))
        for one in templates
    ]


def render_incidents(session: Session, page: Page, incidents: Sequence[Incident]) -> Sequence[bytes]:
    """Each as JSON, with its components as they are now and all that was said."""
    ids, zone = [incident.id for incident in incidents], ZoneInfo(page.time_zone)
    said: dict[str, list[Any]] = {}
    for update in list_updates(session, ids):
        said.setdefault(update.incident_id, []).append(update)
    about = read_components(session, ids)
    shown = component_shapes(session, page, {one for those in about.values() for one in those})
    return [
        json_document(
            incident_shape(
                incident,
                [shape for key, shape in shown.items() if key in about.get(incident.id, ())],
                said.get(incident.id, ()),
                zone,
            )
        )
        for incident in incidents
    ]


def read_components(session: Session, incident_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The components of each of the incidents, by id."""
    about: dict[str, list[str]] = {}
    links = select(IncidentComponent.incident_id, IncidentComponent.component_id)
    for incident_id, component_id in session.execute(links.where(IncidentComponent.incident_id.in_(incident_ids))):
        about.setdefault(incident_id, []).append(component_id)
    return about


def component_shapes(session: Session, page: Page, ids: Collection[str]) -> Mapping[str, ComponentShape]:
    """Those of the components that are on the page, by id, in its order."""
    shown = select(Component).where(Component.id.in_(ids), Component.retired_at.is_(None))
    rows = shown.order_by(Component.position, Component.id)
    zone = ZoneInfo(page.time_zone)
    return {row.id: component_shape(row, ComponentStatus(row.status), zone) for row in session.scalars(rows)}
