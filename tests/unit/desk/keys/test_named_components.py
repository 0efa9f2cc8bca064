"""A key for named components changes no others, whatever it is called with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from desk.configuration.components import create_component, edit_component, retire_component
from desk.configuration.groups import create_group
from desk.errors import NotAllowedError
from desk.incidents.drafts.posting import post_change
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import list_updates
from desk.incidents.port import LocalPages, port_of
from desk.transaction import Actor, Desk, Transaction
from storage.models import Component, ComponentStatus, Incident, IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import add_component, add_key, add_page

DOWN, UP, AT_WORK = (
    ComponentStatus.MAJOR_OUTAGE,
    ComponentStatus.OPERATIONAL,
    ComponentStatus.UNDER_MAINTENANCE,
)
OPERATOR = Actor.operator("ann")
_SCOPES = ["components:write", "incidents:write", "maintenances:write"]


@dataclass(frozen=True, slots=True)
class Place:
    """A page with two components, and a key for one of them."""

    desk: Desk
    key: Actor
    page: str
    own: str
    other: str

    def do(self, work: Callable[[Transaction], object]) -> bool:
        """Whether the key may; what it does is kept."""
        try:
            self.desk.write_now(self.key, work)
        except NotAllowedError as refusal:
            assert refusal.sentence == "This key is for certain components, and changes no others."
            return False
        return True

    def sets(self, wanted: Mapping[str, ComponentStatus | None]) -> bool:
        """Whether it may bring components into states."""
        return self.do(lambda tx: port_of(tx, self.page).set_statuses(tx, self.page, wanted))

    def updates(self, incident_id: str, change: IncidentChange) -> bool:
        """Whether it may change an incident so."""
        return self.do(lambda tx: port_of(tx, self.page).update_incident(tx, incident_id, change))

    def states(self) -> tuple[str, str]:
        """Of both components."""
        with self.desk.database.read() as session:
            return session.get_one(Component, self.own).status, session.get_one(Component, self.other).status

    def open(self) -> Incident:
        """Something that an operator opens on both."""
        new = NewIncident(name="Slow", components={self.own: DOWN, self.other: DOWN})
        return self.desk.write_now(OPERATOR, lambda tx: port_of(tx, self.page).create_incident(tx, self.page, new))


@pytest.fixture
def place(desk: Desk) -> Place:
    """The key may write components, incidents and maintenances, of its own component."""
    with desk.database.write() as session:
        page = add_page(session, NOW)
        own, other = (add_component(session, page, NOW, name=name).id for name in ("Own", "Other"))
        key = add_key(session, NOW, scopes=_SCOPES, components=[own])
        return Place(desk, Actor.key(key.id), page.id, own, other)


def test_it_brings_its_own_into_states(place: Place) -> None:
    """Alone; with another, nothing of it happens."""
    assert place.sets({place.own: DOWN})
    assert not place.sets({place.other: DOWN})
    assert not place.sets({place.own: UP, place.other: DOWN})
    assert not place.sets({place.other: None})
    assert place.states() == (DOWN, UP)


def test_its_incidents_are_about_its_own(place: Place) -> None:
    """Or about none; an incident says on the page that its components have trouble, so that naming is enough."""
    for components, may in (
        ({}, True),
        ({place.own: DOWN}, True),
        ({place.other: DOWN}, False),
        ({place.own: None, place.other: None}, False),
    ):
        new = NewIncident(name="Slow", components=components)
        assert place.do(partial(create_incident, page_id=place.page, new=new)) is may
    assert place.states() == (DOWN, UP)


def test_it_speaks_where_its_own_is_concerned_and_moves_nothing_else(place: Place) -> None:
    """It may say something, and name its own component; to begin, end or delete what is about another too would be to
    speak of that one."""
    incident = place.open()
    assert place.updates(incident.id, IncidentChange(body="We look."))
    assert place.updates(incident.id, IncidentChange(body="Better.", components={place.own: UP}))
    assert not place.updates(incident.id, IncidentChange(body="Better.", components={place.other: UP}))
    assert place.states() == (UP, DOWN)
    assert not place.updates(
        incident.id, IncidentChange(status=IncidentStatus.RESOLVED, components={place.other: UP})
    )
    assert not place.updates(incident.id, IncidentChange(status=IncidentStatus.RESOLVED, body="Over."))
    assert not place.do(lambda tx: port_of(tx, place.page).delete_incident(tx, incident.id))


@pytest.mark.parametrize("status", [IncidentStatus.INVESTIGATING, IncidentStatus.RESOLVED])
def test_it_has_nothing_to_do_with_incidents_of_others_alone(place: Place, status: IncidentStatus) -> None:
    """It neither says nor corrects anything of them, open or over, though nothing would move; nor deletes them."""
    new = NewIncident(name="Slow", body="It is.", status=status, components={place.other: None})
    port = LocalPages()
    incident = place.desk.write_now(OPERATOR, lambda tx: port.create_incident(tx, place.page, new))
    with place.desk.database.read() as session:
        said = list_updates(session, [incident.id])[0].id
    for work in (
        lambda tx: port.update_incident(tx, incident.id, IncidentChange(body="We look.")),
        lambda tx: port.update_incident(tx, incident.id, IncidentChange(name="Fast")),
        lambda tx: post_change(tx, incident.id, IncidentChange(body="We look.")),
        lambda tx: port.edit_update(tx, said, body="It is not."),
        lambda tx: port.write_postmortem(tx, incident.id, "A disk."),
        lambda tx: port.delete_incident(tx, incident.id),
    ):
        assert not place.do(work)


@both_databases
def test_it_lets_no_maintenance_move_another(place: Place) -> None:
    """Neither by telling a maintenance to, nor by naming a component for one that does; its own it may."""
    window = Schedule(scheduled_for=NOW + timedelta(hours=1), scheduled_until=NOW + timedelta(hours=2))
    still = replace(window, to_maintenance_state=False, to_operational_state=False)
    moves, port = replace(still, to_operational_state=True), LocalPages()

    def plan(*names: str) -> str:
        new = NewIncident(name="Disks", schedule=still, components=dict.fromkeys(names))
        return place.desk.write_now(OPERATOR, lambda tx: port.create_incident(tx, place.page, new)).id

    mixed, own = plan(place.own, place.other), plan(place.own)
    assert not place.updates(mixed, IncidentChange(schedule=moves))
    assert place.updates(mixed, IncidentChange(schedule=replace(still, auto_completed=False)))
    assert place.updates(own, IncidentChange(schedule=moves))
    assert not place.updates(own, IncidentChange(components={place.other: None}))


def test_it_ends_no_maintenance_that_holds_another(place: Place) -> None:
    """Completing it, or deleting it, would bring that one back."""
    window = Schedule(scheduled_for=NOW, scheduled_until=NOW + timedelta(hours=1))
    new = NewIncident(name="Disks", schedule=window, components={place.other: AT_WORK})

    def begin(tx: Transaction) -> str:
        port = port_of(tx, place.page)
        incident = port.create_incident(tx, place.page, new)
        change = IncidentChange(status=IncidentStatus.IN_PROGRESS, components={place.other: AT_WORK})
        port.update_incident(tx, incident.id, change)
        return incident.id

    incident_id = place.desk.write_now(OPERATOR, begin)
    assert place.states() == (UP, AT_WORK)
    end = IncidentChange(status=IncidentStatus.COMPLETED, body="Done.")
    assert not place.updates(incident_id, end)
    assert not place.do(lambda tx: port_of(tx, place.page).delete_incident(tx, incident_id))
    assert place.states() == (UP, AT_WORK)


def test_it_changes_its_own_where_it_stands(place: Place) -> None:
    """Its name and whether it is there; others, new ones, groups and places, which move others, are not for it."""
    assert place.do(lambda tx: edit_component(tx, place.own, {"name": "Ours"}))
    assert not place.do(lambda tx: edit_component(tx, place.other, {"name": "Ours"}))
    assert not place.do(lambda tx: edit_component(tx, place.own, {"position": 2}))
    assert not place.do(lambda tx: create_component(tx, place.page, {"name": "New"}))
    assert not place.do(lambda tx: create_group(tx, place.page, {"name": "New", "components": [place.own]}))
    assert not place.do(lambda tx: retire_component(tx, place.other))
    assert place.do(lambda tx: retire_component(tx, place.own))
