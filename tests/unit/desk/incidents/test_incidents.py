"""Incidents and maintenances: what opening, updating and ending them changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.components import list_components, set_statuses
from desk.incidents.incidents import create_incident, delete_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import get_incident, list_open, list_open_on, list_updates
from desk.incidents.updates import edit_update
from desk.pages.intervals import reminder_hours
from desk.pages.status import Impact
from desk.transaction import Actor, Desk, Transaction
from storage.models import (
    AuditEvent,
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    Role,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, add_component, add_grant, add_member, add_page
from tests.reaching import Branch

INES_ACTS = Actor.member(INES)
HOUR = timedelta(hours=1)
WINDOW = Schedule(scheduled_for=NOW + HOUR, scheduled_until=NOW + 3 * HOUR)


@pytest.fixture
def page(desk: Desk) -> str:
    """A page with the components API (in the group Europe) and Website, which Ines manages; gives its id."""
    with desk.database.write() as session:
        page = add_page(session, NOW)
        add_member(session, INES, NOW)
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            add_grant(session, INES, role, NOW, page_id=page.id)
        group = add_component(session, page, NOW, name="Europe", group=True, position=1)
        add_component(session, page, NOW, name="API", group_id=group.id, position=1)
        add_component(session, page, NOW, name="Website", position=2)
        return page.id


def _component(desk: Desk, name: str) -> Component:
    with desk.database.read() as session:
        return session.scalars(select(Component).where(Component.name == name)).one()


def _open(desk: Desk, page: str, new: NewIncident) -> Incident:
    return desk.write_now(INES_ACTS, lambda tx: create_incident(tx, page, new))


def _change(desk: Desk, incident: Incident, change: IncidentChange) -> IncidentUpdate | None:
    return desk.write_now(INES_ACTS, lambda tx: update_incident(tx, incident.id, change))


def _read(desk: Desk, incident: Incident) -> Incident:
    with desk.database.read() as session:
        return get_incident(session, incident.id)


@both_databases
def test_opening_brings_components_along(desk: Desk, page: str) -> None:
    """The component takes on its state, its history and the update keep old and new, and the impact follows."""
    api = _component(desk, "API")
    incident = _open(
        desk, page, NewIncident(name="Slow", body="We look.", components={api.id: ComponentStatus.PARTIAL_OUTAGE})
    )
    assert (incident.status, incident.impact) == (IncidentStatus.INVESTIGATING, Impact.MAJOR)
    assert _component(desk, "API").status == ComponentStatus.PARTIAL_OUTAGE
    with desk.database.read() as session:
        (said,) = list_updates(session, [incident.id])
        (change,) = session.scalars(select(ComponentStatusChange).where(ComponentStatusChange.component_id == api.id))
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)).all()
    assert said.affected_components == [
        {"code": api.id, "name": "Europe - API", "old_status": "operational", "new_status": "partial_outage"}
    ]
    assert (change.status, change.at, change.incident_id) == (ComponentStatus.PARTIAL_OUTAGE, NOW, incident.id)
    assert actions == ["component.changed", "incident.created"]


def test_impact_does_not_fall_while_open_or_after(desk: Desk, page: str, clock: HeldClock) -> None:
    """An incident that was critical stays critical when its components recover and when it is resolved."""
    api = _component(desk, "API").id
    incident = _open(desk, page, NewIncident(name="Down", components={api: ComponentStatus.MAJOR_OUTAGE}))
    clock.advance(HOUR)
    _change(
        desk,
        incident,
        IncidentChange(status=IncidentStatus.RESOLVED, components={api: ComponentStatus.OPERATIONAL}),
    )
    now = _read(desk, incident)
    assert (now.impact, now.resolved_at, now.status) == (Impact.CRITICAL, clock.now(), IncidentStatus.RESOLVED)
    with desk.database.read() as session:
        assert list_open(session, page) == []


def test_reopening_takes_the_end_away(desk: Desk, page: str, clock: HeldClock) -> None:
    """A resolved incident that is investigated again is open and has no end."""
    incident = _open(desk, page, NewIncident(name="Down"))
    _change(desk, incident, IncidentChange(status=IncidentStatus.RESOLVED))
    _change(desk, incident, IncidentChange(status=IncidentStatus.INVESTIGATING, body="It is back."))
    assert _read(desk, incident).resolved_at is None
    with desk.database.read() as session:
        assert [one.id for one in list_open(session, page)] == [incident.id]


def test_an_incident_is_as_grave_as_its_components_are(desk: Desk, page: str) -> None:
    """What another incident made worse counts from the next update on, also from one that names no component."""
    api = _component(desk, "API").id
    slow = _open(desk, page, NewIncident(name="Slow", components={api: ComponentStatus.DEGRADED_PERFORMANCE}))
    _open(desk, page, NewIncident(name="Down", components={api: ComponentStatus.MAJOR_OUTAGE}))
    assert _read(desk, slow).impact == Impact.MINOR
    _change(desk, slow, IncidentChange(body="We look."))
    assert _read(desk, slow).impact == Impact.CRITICAL


def test_no_wish_for_a_component_is_none(desk: Desk, page: str) -> None:
    """Who wants to bring nothing anywhere is told of no change."""
    assert desk.write_now(Actor.operator("ann"), lambda tx: set_statuses(tx, page, {})) == []


@both_databases
def test_what_is_open_is_told_by_page_and_kind(desk: Desk, page: str, clock: HeldClock) -> None:
    """Incidents apart from maintenances, a page's apart from another's, the newest first; nothing that is over."""
    with desk.database.write() as session:
        other = add_page(session, NOW, name="Other", subdomain="other").id
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            add_grant(session, INES, role, NOW, page_id=other)
    made = {}
    for place, schedule in ((page, None), (page, WINDOW), (other, None), (other, WINDOW)):
        made[place, schedule] = _open(desk, place, NewIncident(name="It", schedule=schedule)).id
        clock.advance(minutes=1)
    over = _open(desk, page, NewIncident(name="Over"))
    _change(desk, over, IncidentChange(status=IncidentStatus.RESOLVED))
    with desk.database.read() as session:
        assert [row.id for row in list_open(session)] == list(reversed(made.values()))
        for (place, schedule), incident_id in made.items():
            found = list_open(session, place, scheduled=schedule is not None)
            assert [row.id for row in found] == [incident_id]


def test_one_change_makes_one_update_and_a_name_alone_none(desk: Desk, page: str) -> None:
    """Status and text together are one update; changing the name is none."""
    incident = _open(desk, page, NewIncident(name="Slow", body="We look."))
    assert _change(desk, incident, IncidentChange(name="Slower")) is None
    said = _change(desk, incident, IncidentChange(status=IncidentStatus.MONITORING, body="A fix is in."))
    assert said is not None
    assert said.deliver_notifications
    with desk.database.read() as session:
        updates = list_updates(session, [incident.id])
    assert len(updates) == 2
    assert _read(desk, incident).name == "Slower"
    assert _read(desk, incident).monitoring_at == said.display_at


def test_a_maintenance_waits_for_its_time(desk: Desk, page: str) -> None:
    """Scheduling leaves components alone, and the impact is maintenance whatever they are."""
    api = _component(desk, "API").id
    incident = _open(desk, page, NewIncident(name="Upgrade", schedule=WINDOW, components={api: None}))
    assert (incident.status, incident.impact) == (IncidentStatus.SCHEDULED, Impact.MAINTENANCE)
    assert _component(desk, "API").status == ComponentStatus.OPERATIONAL


def test_a_backfilled_incident_lies_in_the_past(desk: Desk, page: str) -> None:
    """It is resolved, dated back, and tells nobody."""
    incident = _open(desk, page, NewIncident(name="Old", body="It was short.", backfilled_at=NOW - 5 * HOUR))
    with desk.database.read() as session:
        (said,) = list_updates(session, [incident.id])
    assert (incident.status, incident.created_at) == (IncidentStatus.RESOLVED, NOW - 5 * HOUR)
    assert not said.deliver_notifications
    assert said.display_at == NOW - 5 * HOUR


@pytest.mark.parametrize(
    ("case", "new", "field"),
    [
        ("no name", NewIncident(name="  "), "name"),
        ("name too long", NewIncident(name="x" * 256), "name"),
        ("text too long", NewIncident(name="x", body="x" * 25_001), "body"),
        ("a maintenance's state", NewIncident(name="x", status=IncidentStatus.SCHEDULED), "status"),
        ("an incident's state", NewIncident(name="x", status=IncidentStatus.RESOLVED, schedule=WINDOW), "status"),
        (
            "ends before it begins",
            NewIncident(name="x", schedule=replace(WINDOW, scheduled_until=NOW)),
            "scheduled_until",
        ),
        ("unknown component", NewIncident(name="x", components={"nosuchthing1": None}), "components"),
        ("loose metadata", NewIncident(name="x", metadata={"jira": "X-1"}), "metadata"),
        ("reminders that fall", NewIncident(name="x", reminder_intervals="[3,1]"), "reminder_intervals"),
        ("backfilled into the future", NewIncident(name="x", backfilled_at=NOW + HOUR), "backfill_date"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_by_field(desk: Desk, page: str, case: str, new: NewIncident, field: str) -> None:
    """Nothing is kept of an incident that cannot be, and the error names the field."""
    with pytest.raises(InvalidInputError) as refusal:
        _open(desk, page, new)
    assert refusal.value.field == field, case
    with desk.database.read() as session:
        assert session.scalars(select(Incident)).all() == []


def test_what_fits_just_so(desk: Desk, page: str) -> None:
    """The longest name and text, in numbers that Slack and the public page take, are kept whole."""
    incident = _open(desk, page, NewIncident(name="x" * 255, body="x" * 25_000))
    with desk.database.read() as session:
        (said,) = list_updates(session, [incident.id])
    assert (len(incident.name), len(said.body)) == (255, 25_000)


def test_a_group_has_no_state_of_its_own(desk: Desk, page: str) -> None:
    """An incident about a group is refused: its state follows from its components."""
    group = _component(desk, "Europe").id
    with pytest.raises(InvalidInputError, match="is a group"):
        _open(desk, page, NewIncident(name="x", components={group: ComponentStatus.MAJOR_OUTAGE}))


def test_a_change_of_what_was_not_seen_is_refused(desk: Desk, page: str) -> None:
    """Whoever looked at an older state is told, and nothing changes."""
    incident = _open(desk, page, NewIncident(name="Slow"))
    seen = incident.version
    _change(desk, incident, IncidentChange(status=IncidentStatus.IDENTIFIED))

    def late(tx: Transaction) -> None:
        update_incident(tx, incident.id, IncidentChange(status=IncidentStatus.RESOLVED), version=seen)

    with pytest.raises(ConflictError, match="identified"):
        desk.write_now(INES_ACTS, late)
    assert _read(desk, incident).status == IncidentStatus.IDENTIFIED


def test_words_can_be_corrected_later(desk: Desk, page: str, clock: HeldClock) -> None:
    """Correcting an update changes its words and when it was changed, not when it is shown."""
    incident = _open(desk, page, NewIncident(name="Slow", body="We lok."))
    with desk.database.read() as session:
        (said,) = list_updates(session, [incident.id])
    clock.advance(HOUR)
    now = desk.write_now(INES_ACTS, lambda tx: edit_update(tx, said.id, body="We look."))
    assert (now.body, now.display_at, now.updated_at) == ("We look.", NOW, NOW + HOUR)


def test_deleting_leaves_components_as_they_are(desk: Desk, page: str) -> None:
    """The incident and its updates are gone; the component keeps its state and its history."""
    api = _component(desk, "API").id
    incident = _open(desk, page, NewIncident(name="Down", components={api: ComponentStatus.MAJOR_OUTAGE}))
    desk.write_now(INES_ACTS, lambda tx: delete_incident(tx, incident.id))
    with desk.database.read() as session:
        with pytest.raises(NotFoundError):
            get_incident(session, incident.id)
        assert list_updates(session, [incident.id]) == []
    assert _component(desk, "API").status == ComponentStatus.MAJOR_OUTAGE


def test_open_incidents_on_the_same_components(desk: Desk, page: str) -> None:
    """Only open realtime incidents that are about one of the components count as possible doubles."""
    api, website = _component(desk, "API").id, _component(desk, "Website").id
    first = _open(desk, page, NewIncident(name="A", components={api: None}))
    _open(desk, page, NewIncident(name="B", components={website: None}))
    _open(desk, page, NewIncident(name="C", schedule=WINDOW, components={api: None}))
    done = _open(desk, page, NewIncident(name="D", components={api: None}))
    _change(desk, done, IncidentChange(status=IncidentStatus.RESOLVED))
    with desk.database.read() as session:
        assert [one.id for one in list_open_on(session, page, [api])] == [first.id]
        assert [row.name for row in list_components(session, page)] == ["Europe", "API", "Website"]


def test_numbers_count_up(desk: Desk, page: str) -> None:
    """Each incident has the next decimal number."""
    assert [_open(desk, page, NewIncident(name="x")).number for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "hours", "every"),
    [
        (None, (3, 6, 12, 24), None),
        ("", (3, 6, 12, 24), None),
        ("[1,5,7]", (1, 5, 7), None),
        ("4", (), 4),
        ("[]", (), None),
    ],
)
def test_reminder_intervals(text: str | None, hours: tuple[int, ...], every: int | None) -> None:
    """Statuspage's three forms are understood."""
    assert reminder_hours(text) == (hours, every)


intervals = st.lists(st.integers(0, 30), max_size=4).map(str) | st.integers(-1, 30).map(str)
understood = Branch(0.1)


@understood
@given(st.text(max_size=20) | intervals)
def test_reminder_intervals_never_break(text: str) -> None:
    """Whatever is handed in, it is either understood or refused with the field's name."""
    try:
        hours, every = reminder_hours(text)
    except InvalidInputError as refusal:
        assert refusal.field == "reminder_intervals"
    else:
        understood.reached()
        assert list(hours) == sorted(set(hours))
        assert every is None or 1 <= every <= 24
