"""A page with a past, something open and something planned: what the tests of the public face look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import inspect, select, update

from desk.identifiers import new_id
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.transaction import Actor, Desk, Transaction, pages_changed
from storage.models import (
    Base,
    Component,
    ComponentStatus,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    Page,
    Revision,
)
from tests.factories import add_component, add_page
from tests.written_once import write_once

ACTOR = Actor.operator("test")
LIVED = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Story:
    """The ids of what was written."""

    page: str
    components: Mapping[str, str]
    resolved: str
    open: str
    completed: str
    active: str
    upcoming: str


def write_story(desk: Desk, **page: object) -> Story:
    """A page in Zurich: a group of two and one alone, and one incident or maintenance of every kind."""
    return write_once(desk, ACTOR, ("story", repr(sorted(page.items()))), lambda tx: _write(tx, page))


def open_incident(desk: Desk, page_id: str, name: str = "Something new", **values: object) -> str:
    """One more incident; gives its id."""
    new = NewIncident(**({"name": name, "body": "We are looking into it."} | values))  # type: ignore[arg-type]
    return desk.write_now(ACTOR, lambda tx: create_incident(tx, page_id, new).id)


def open_later(desk: Desk, page_id: str, count: int) -> None:
    """Incidents that are over at once, so many that what was before is not among the latest any more.

    The desk writes the first; the others are rows like its own.
    """
    first = open_incident(desk, page_id, "Later 0", status=IncidentStatus.RESOLVED)
    desk.write_now(ACTOR, lambda tx: _repeat(tx, first, count - 1))


def _repeat(tx: Transaction, incident_id: str, times: int) -> None:
    incident = tx.session.get_one(Incident, incident_id)
    said = tx.session.scalars(select(IncidentUpdate).where(IncidentUpdate.incident_id == incident_id)).one()
    numbers = update(Revision).where(Revision.topic == "incidents").values(value=Revision.value + times)
    tx.session.execute(numbers)
    for index in range(1, times + 1):
        id_ = new_id()
        link = incident.shortlink.replace(incident_id, id_)
        number = incident.number + index
        tx.session.add(_twin(incident, id=id_, number=number, name=f"Later {index}", shortlink=link))
        tx.session.add(_twin(said, id=new_id(), incident_id=id_))
    pages_changed(tx)


def _twin(row: Base, **different: object) -> Base:
    values = {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}
    return type(row)(**values | different)


def change_page(desk: Desk, page_id: str, **values: object) -> None:
    """Set fields of a page."""

    def change(tx: Transaction) -> None:
        page = tx.session.get_one(Page, page_id)
        for name, value in values.items():
            setattr(page, name, value)
        page.updated_at = tx.now
        pages_changed(tx)

    desk.write_now(ACTOR, change)


def _write(tx: Transaction, given: dict[str, object]) -> Story:
    page = add_page(tx.session, tx.now - LIVED, **{"time_zone": "Europe/Zurich", **given})
    components = _components(tx, page)

    def at(**ago: float) -> Transaction:
        return replace(tx, now=tx.now - timedelta(**ago))

    website, api = components["Website"], components["API"]
    resolved = create_incident(
        at(days=7),
        page.id,
        NewIncident(name="Orders fail", body="Orders **fail**.", components={website: ComponentStatus.MAJOR_OUTAGE}),
    )
    update_incident(
        at(days=7, hours=-1),
        resolved.id,
        IncidentChange(
            status=IncidentStatus.RESOLVED, body="All is well.", components={website: ComponentStatus.OPERATIONAL}
        ),
    )
    completed = _maintain(at(days=4), page.id, "Upgrade", website, timedelta(days=1))
    for after, status in ((1, IncidentStatus.IN_PROGRESS), (1.05, IncidentStatus.COMPLETED)):
        update_incident(at(days=4 - after), completed, IncidentChange(status=status, body="Step."))
    active = _maintain(at(days=1), page.id, "New disks", website, timedelta(hours=23))
    update_incident(at(hours=1), active, IncidentChange(status=IncidentStatus.IN_PROGRESS, body="We begin."))
    upcoming = _maintain(at(hours=2), page.id, "Index, rebuilt; twice", website, timedelta(days=3))
    opened = create_incident(
        at(minutes=30),
        page.id,
        NewIncident(
            name="API answers <slowly>",
            body="We see it.\n\nMore *soon*.",
            components={api: ComponentStatus.PARTIAL_OUTAGE},
        ),
    )
    update_incident(at(minutes=20), opened.id, IncidentChange(body="Still looking."))
    return Story(page.id, components, resolved.id, opened.id, completed, active, upcoming)


def _components(tx: Transaction, page: Page) -> dict[str, str]:
    born = tx.now - LIVED
    rows: list[Component] = [add_component(tx.session, page, born, name="Website", position=1)]
    group = add_component(tx.session, page, born, name="Europe", position=2, group=True)
    rows.append(group)
    for position, name in enumerate(("API", "Search"), start=1):
        rows.append(add_component(tx.session, page, born, name=name, position=position, group_id=group.id))
    pages_changed(tx)
    return {row.name: row.id for row in rows}


def _maintain(tx: Transaction, page_id: str, name: str, component: str, ahead: timedelta) -> str:
    start = tx.now + ahead
    schedule = Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=2))
    new = NewIncident(name=name, body="Pages may be slow.", components={component: None}, schedule=schedule)
    return create_incident(tx, page_id, new).id
