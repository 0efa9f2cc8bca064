"""What opening an ended incident again proposes for its components."""

from datetime import timedelta
from typing import Any

import pytest

from desk.configuration.components import restore_component, retire_component
from desk.incidents.ended import states_at_end, states_before_end
from desk.incidents.holding import read_holding
from desk.incidents.inputs import Schedule
from desk.incidents.lookup import list_updates
from desk.transaction import Desk
from storage.models import Component, ComponentStatus, IncidentStatus
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage

WELL, SLOW = ComponentStatus.OPERATIONAL, ComponentStatus.DEGRADED_PERFORMANCE
BAD, WORSE = ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE
RESOLVED = IncidentStatus.RESOLVED


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page with its components and people."""
    return set_incident_stage(desk)


def proposed(stage: IncidentStage, incident_id: str) -> dict[str, ComponentStatus]:
    """Component ids and the states that reopening proposes."""
    incident = stage.incident(incident_id)
    return dict(stage.see(INES, lambda tx: states_before_end(tx.session, incident)))


def say(stage: IncidentStage, clock: HeldClock, incident_id: str, **values: Any) -> None:
    """One more update, a minute later."""
    clock.advance(minutes=1)
    stage.change(incident_id, **values)


@both_databases
def test_what_the_end_brought_back(stage: IncidentStage, clock: HeldClock) -> None:
    """The state right before the end counts; what was brought back before, was never ill or is ill again is left."""
    one, two, three = stage.components[:3]
    incident_id = stage.open(components={one: BAD, two: WORSE, three: None})
    say(stage, clock, incident_id, body="Worse.", components={one: WORSE})
    say(stage, clock, incident_id, body="Better.", status=IncidentStatus.MONITORING, components={two: WELL})
    assert proposed(stage, incident_id) == {}
    say(stage, clock, incident_id, body="Over.", status=RESOLVED, components={one: WELL})
    assert proposed(stage, incident_id) == {one: WORSE}
    stage.open(name="Another", components={one: SLOW})
    assert proposed(stage, incident_id) == {}


def test_a_maintenance_is_not_reopened_by_states(stage: IncidentStage, clock: HeldClock) -> None:
    """What it brought back when it was completed is nothing that would come back with it."""
    one = stage.components[0]
    start = clock.now() + timedelta(hours=1)
    window = Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=1))
    incident_id = stage.open(schedule=window)
    say(stage, clock, incident_id, status=IncidentStatus.IN_PROGRESS, components={one: SLOW})
    say(stage, clock, incident_id, status=IncidentStatus.COMPLETED, components={one: WELL})
    assert proposed(stage, incident_id) == {}


def test_what_was_brought_back_after_the_end(stage: IncidentStage, clock: HeldClock) -> None:
    """A later word to a resolved incident belongs to its end; an earlier end that was taken back does not."""
    one, two = stage.components[:2]
    incident_id = stage.open(components={one: BAD, two: SLOW})
    say(stage, clock, incident_id, body="Over.", status=RESOLVED, components={one: WELL})
    say(stage, clock, incident_id, body="That too.", components={two: WELL})
    assert proposed(stage, incident_id) == {one: BAD, two: SLOW}
    say(stage, clock, incident_id, body="Again.", status=IncidentStatus.INVESTIGATING, components={two: WORSE})
    say(stage, clock, incident_id, body="Over.", status=RESOLVED, components={two: WELL})
    assert proposed(stage, incident_id) == {two: WORSE}


@both_databases
def test_a_past_incident_that_is_back_is_of_now(stage: IncidentStage, clock: HeldClock) -> None:
    """Written down afterwards and opened again, it is announced, dated now, and reminded of; what was said of the
    past keeps its date."""
    began_at = clock.now() - timedelta(days=3)
    incident_id = stage.open(backfilled_at=began_at)
    assert stage.cards("incident.head") == []
    say(stage, clock, incident_id, body="It is back.", status=IncidentStatus.INVESTIGATING)
    with stage.desk.database.read() as session:
        back, past = list_updates(session, [incident_id])
    assert (past.display_at, back.display_at) == (began_at, clock.now())
    assert [card.subject_id for card in stage.cards("incident.head")] == [incident_id]
    assert [card.subject_id for card in stage.cards("incident.said")] == [back.id]
    assert stage.incident(incident_id).update_due_at is not None
    say(stage, clock, incident_id, body="Over.", status=RESOLVED)
    assert (stage.incident(incident_id).resolved_at, len(stage.cards("incident.said"))) == (clock.now(), 2)


@both_databases
def test_what_was_ill_when_it_ended(stage: IncidentStage, clock: HeldClock) -> None:
    """Whatever became of the components since, named at the end or not."""
    one, two, three = stage.components
    incident_id = stage.open(components={one: BAD, two: SLOW, three: None})
    say(stage, clock, incident_id, body="Over.", status=RESOLVED, components={one: None})
    say(stage, clock, incident_id, body="That too.", components={one: WELL})
    stage.open(name="Another", components={two: WORSE, three: WORSE})
    clock.advance(minutes=1)
    incident = stage.incident(incident_id)
    then = stage.see(INES, lambda tx: states_at_end(tx.session, incident))
    assert then == {one: BAD, two: SLOW, three: WELL}


def test_what_was_retired_since_comes_back_well(stage: IncidentStage, clock: HeldClock) -> None:
    """An incident that is opened again says nothing of a component that is not on the page any more: when that comes
    back, readers find no component that works above an incident which has it down."""
    one, two = stage.components[:2]
    incident_id = stage.open(components={one: BAD, two: BAD})
    say(stage, clock, incident_id, body="Over.", status=RESOLVED, components={one: WELL, two: WELL})
    stage.do(INES, lambda tx: retire_component(tx, one))
    say(stage, clock, incident_id, body="Again.", status=IncidentStatus.INVESTIGATING, components={two: BAD})
    stage.do(INES, lambda tx: restore_component(tx, one))
    holding = stage.see(INES, lambda tx: read_holding(tx.session, [one, two]))
    assert (holding[one].state, holding[two].state) == (WELL, BAD)
    # Whoever sees that it is down as well says so.
    say(stage, clock, incident_id, body="This one too.", components={one: WORSE})
    states = {row.id: row.status for row in stage.all(Component)}
    assert (states[one], states[two]) == (WORSE, BAD)
