"""What holds a component: the rule alone, and the same rule at every door and at every hour."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import ConflictError, InvalidInputError
from desk.incidents.components import set_statuses
from desk.incidents.drafts.concerns import find_concerns
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.effects import expected_impact, foresee
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.steps import find_changes
from desk.incidents.effects import Move, Wanted, decide_effect
from desk.incidents.holding import Hold, Holding, decide_state, is_worse
from desk.incidents.incidents import create_incident, delete_incident
from desk.incidents.inputs import ENDED, REALTIME, RUNNING, SCHEDULED, IncidentChange, NewIncident
from desk.incidents.lookup import get_incident, list_updates
from desk.incidents.maintenances.plans import plan_cancellation, propose_states
from desk.pages.status import Impact, worst
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from storage.models import Component, ComponentStatus, DraftKind, Incident, IncidentDraft, IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.machines import as_found
from tests.unit.desk.incidents.maintenances.maintenance_stage import (
    LEAD,
    LENGTH,
    MINUTE,
    Maintenances,
    set_maintenances,
)

WELL, AT_WORK = ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE
SLOW, BAD, DOWN = (
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.MAJOR_OUTAGE,
)
OPEN, RESOLVED = IncidentStatus.INVESTIGATING, IncidentStatus.RESOLVED
STARTED, COMPLETED = IncidentStatus.IN_PROGRESS, IncidentStatus.COMPLETED
START, END = NOW + LEAD, NOW + LEAD + LENGTH

states = st.sampled_from(ComponentStatus)
holds = st.builds(Hold, st.just("x"), st.just("X"), st.none() | states, st.booleans())
holdings = st.builds(Holding, st.lists(holds, max_size=4).map(tuple))


def test_a_worse_state_is_not_swallowed_by_who_watches() -> None:
    """Where an open incident is about a component, whoever ends another keeps what is out of order, and what they
    say to be worse is worse."""
    watched = Holding((Hold("other", "Strange", None),))
    assert decide_state(SLOW, WELL, watched, ends=True) == SLOW
    assert decide_state(SLOW, DOWN, watched, ends=True) == DOWN


def test_only_the_steps_of_a_maintenance_have_a_plan() -> None:
    """A word in the middle of it plans nothing, and neither does an incident, whatever flags either has."""
    move = Move(before=STARTED, after=COMPLETED, scheduled=True, to_maintenance=True, to_operational=True)
    assert move.plan_of(AT_WORK, Holding(())) == WELL
    assert replace(move, after=IncidentStatus.VERIFYING).plan_of(AT_WORK, Holding(())) is None
    assert replace(move, before=OPEN, after=RESOLVED, scheduled=False).plan_of(AT_WORK, Holding(())) is None


@pytest.mark.parametrize(
    ("before", "after", "flags", "named", "says"),
    [
        (OPEN, IncidentStatus.MONITORING, {}, False, DOWN),
        (OPEN, RESOLVED, {}, False, DOWN),
        (RESOLVED, OPEN, {}, False, None),
        (STARTED, IncidentStatus.VERIFYING, {"scheduled": True}, False, DOWN),
        (IncidentStatus.SCHEDULED, STARTED, {"scheduled": True, "to_maintenance": True}, True, AT_WORK),
        (IncidentStatus.SCHEDULED, STARTED, {"scheduled": True, "to_maintenance": True}, False, None),
    ],
)  # fmt: skip
def test_what_was_said_of_a_component_holds_until_more_is_said(
    before: IncidentStatus, after: IncidentStatus, flags: dict[str, bool], named: bool, says: ComponentStatus | None
) -> None:
    """Words alone leave it, the end keeps it for a reopening, and a reopening begins anew. A maintenance that starts
    says of what is down besides it that it is worked on, where its plan is followed."""
    component = Component(id="api", status=DOWN)
    wanted = Wanted({}, {}, as_planned=named)
    effect = decide_effect(component, Move(before=before, after=after, **flags), wanted, DOWN, Holding(()))
    assert effect.holds == says


@given(now=states, wanted=st.none() | states, others=holdings, ends=st.booleans())
def test_nothing_is_better_than_the_worst_that_is_said_of_it(
    now: ComponentStatus, wanted: ComponentStatus | None, others: Holding, ends: bool
) -> None:
    """Whoever wants whatever; and what is not touched stays. In which order others came does not matter."""
    new = decide_state(now, wanted, others, ends=ends)
    if wanted is None:
        assert new == now
        return
    assert not any(is_worse(hold.status, new) for hold in others.holds if hold.status is not None)
    assert new in {wanted, now, *(hold.status for hold in others.holds)}
    orders = [Holding(order) for order in permutations(others.holds)]
    assert {decide_state(now, wanted, order, ends=ends) for order in orders} == {new}


@given(
    now=states,
    scheduled=st.booleans(),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    mine=st.none() | states,
    others=holdings,
    data=st.data(),
)
def test_no_step_makes_a_component_better_than_what_is_open_says(
    now: ComponentStatus,
    scheduled: bool,
    flags: tuple[bool, bool, bool],
    mine: ComponentStatus | None,
    others: Holding,
    data: st.DataObject,
) -> None:
    """Start, update, end, reopening and a word afterwards: of what held a component, what is not over holds it
    still, the incident itself among them; and what is over makes nothing worse."""
    kinds = st.sampled_from(SCHEDULED if scheduled else REALTIME)
    before, after = data.draw(st.none() | kinds), data.draw(kinds)
    to_maintenance, to_operational, as_planned = flags
    move = Move(
        before=before,
        after=after,
        scheduled=scheduled,
        to_maintenance=to_maintenance,
        to_operational=to_operational,
    )
    wanted = data.draw(st.dictionaries(st.just("x"), st.none() | states))
    mine = mine if before is not None else None
    counts = mine if scheduled or before not in ENDED else WELL
    now = worst([now, counts or WELL, *(hold.status for hold in others.holds if hold.status)])
    effect = decide_effect(Component(id="x", status=now), move, Wanted(wanted, {}, as_planned), mine, others)
    still = [hold.status for hold in others.holds if hold.status is not None and not hold.is_over]
    assert not is_worse(worst(still), effect.new)
    if after not in ENDED and effect.holds is not None:
        assert not is_worse(effect.holds, effect.new)
    assert effect.worsens == (after in ENDED and is_worse(effect.new, now))
    if effect.worsens:
        assert wanted.get("x") is not None


@pytest.fixture
def stage(desk: Desk) -> Maintenances:
    """A page with API and Website."""
    return set_maintenances(desk)


def _write(stage: Maintenances, incident_id: str, status: IncidentStatus) -> IncidentDraft:
    """A draft as the form begins it."""

    def work(tx: Transaction) -> IncidentDraft:
        states = propose_states(tx.session, get_incident(tx.session, incident_id), status)
        content = IncidentChange(status=status, body="So it is.", components=states)
        return write_draft(tx, page_id=stage.page, kind=DraftKind.UPDATE, content=content, incident_id=incident_id)

    return stage.do(work)


def _publish(stage: Maintenances, draft: IncidentDraft) -> None:
    stage.do(lambda tx: publish_draft(tx, draft.id))


def _say(stage: Maintenances, incident_id: str, status: IncidentStatus) -> None:
    _publish(stage, _write(stage, incident_id, status))


@pytest.mark.parametrize("second", [DOWN, BAD])
def test_an_end_that_waited_leaves_what_another_incident_holds_by_then(
    stage: Maintenances, second: ComponentStatus
) -> None:
    """A preview of the end, another incident on the same component, the press: it stays as that one holds it, and is
    well again with the end of that one, whichever preview was the older."""
    first = stage.break_down("API")
    draft = _write(stage, first, RESOLVED)
    other = stage.break_down("API", second)
    waited = _write(stage, other, RESOLVED)
    _publish(stage, draft)
    assert stage.states()["API"] == second
    _publish(stage, waited)
    assert stage.states()["API"] == WELL


def test_an_end_that_waited_goes_back_to_the_maintenance_that_began(stage: Maintenances) -> None:
    """Under maintenance, as that says; and what was to go back to one that is over by then is well."""
    outage, about = stage.break_down("API"), stage.plan("API")
    draft = _write(stage, outage, RESOLVED)
    stage.sweep_at(START)
    assert stage.states()["API"] == DOWN
    _publish(stage, draft)
    assert stage.states()["API"] == AT_WORK
    again = stage.break_down("API")
    draft = _write(stage, again, RESOLVED)
    stage.sweep_at(END)
    assert (stage.read(about).status, stage.states()["API"]) == (COMPLETED, DOWN)
    _publish(stage, draft)
    assert stage.states()["API"] == WELL


@pytest.mark.parametrize("ends", [True, False])
def test_a_completion_that_waited_is_judged_when_it_is_published(stage: Maintenances, ends: bool) -> None:
    """Of what an incident held at the preview, nothing is left under maintenance; what one holds now stays."""
    about = stage.plan("API")
    stage.sweep_at(START)
    outage = stage.break_down("API") if ends else None
    draft = _write(stage, about, COMPLETED)
    if outage:
        _say(stage, outage, RESOLVED)
        assert stage.states()["API"] == AT_WORK
    else:
        stage.break_down("API")
    _publish(stage, draft)
    assert stage.states()["API"] == (WELL if ends else DOWN)


def test_who_takes_a_component_as_it_is_keeps_it_so(stage: Maintenances) -> None:
    """An incident that names no state of it takes over what another one leaves; its own end brings it back."""
    first = stage.break_down("API")
    new = NewIncident(name="Also", body="Hm.", components={stage.components["API"]: None})
    other = stage.do(lambda tx: create_incident(tx, stage.page, new).id)
    _say(stage, first, RESOLVED)
    assert stage.states()["API"] == DOWN
    _say(stage, other, RESOLVED)
    assert stage.states()["API"] == WELL


def test_a_word_is_about_what_says_it_alone(stage: Maintenances) -> None:
    """Neither an update of another incident nor somebody who sets the component itself makes it better than what is
    open says; worse they make it, and the preview says beforehand what comes of it."""
    api = stage.components["API"]
    first, other = stage.break_down("API", BAD), stage.break_down("API", SLOW)
    assert stage.states()["API"] == BAD
    content = IncidentChange(body="Better.", components={api: WELL})
    draft = stage.do(
        lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.UPDATE, content=content, incident_id=other)
    )
    effect = stage.do(lambda tx: foresee(tx, draft)[api])
    assert (effect.now, effect.new, [hold.incident_id for hold in effect.others.holds]) == (BAD, BAD, [first])
    assert stage.do(lambda tx: expected_impact(tx, draft)) == Impact.MAJOR
    _publish(stage, draft)
    assert stage.states()["API"] == BAD
    told = stage.do(lambda tx: set_statuses(tx, stage.page, {api: WELL}))
    assert (told[0]["new_status"], stage.states()["API"]) == (BAD, BAD)
    stage.do(lambda tx: set_statuses(tx, stage.page, {api: DOWN}))
    stage.change(first, body="Well.", components={api: WELL})
    assert stage.states()["API"] == WELL


@pytest.mark.parametrize("status", [RESOLVED, OPEN])
def test_what_is_over_brings_nothing_down(stage: Maintenances, status: IncidentStatus) -> None:
    """A new incident that is born resolved, and a word to one that is over, are refused a component's outage, at the
    preview and by the port; to leave what is down already is theirs to choose."""
    api = stage.components["API"]
    new = NewIncident(name="Gone", body="It was.", status=RESOLVED, components={api: DOWN})
    for work in (
        lambda tx: create_incident(tx, stage.page, new),
        lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new),
    ):
        with pytest.raises(InvalidInputError, match="with nothing open") as refused:
            stage.do(work)
        assert refused.value.field == "components"
    assert stage.states()["API"] == WELL
    over = stage.do(lambda tx: create_incident(tx, stage.page, replace(new, components={api: WELL})).id)
    with pytest.raises(InvalidInputError):
        stage.change(over, body="Hm.", components={api: SLOW})
    stage.change(over, status=OPEN, body="Again.", components={api: SLOW})
    stage.change(over, status=RESOLVED, body="Left so.", components={api: None})
    assert stage.states()["API"] == SLOW


@pytest.mark.parametrize("still_runs", [True, False])
def test_reopened_after_a_maintenance_it_proposes_its_components(stage: Maintenances, still_runs: bool) -> None:
    """Resolved during one, when they went back under it, and opened again during it or afterwards."""
    stage.plan("API")
    outage = stage.break_down("API", BAD)
    stage.sweep_at(START)
    _say(stage, outage, RESOLVED)
    assert stage.states()["API"] == AT_WORK
    if not still_runs:
        stage.sweep_at(END)
        assert stage.states()["API"] == WELL
    _say(stage, outage, OPEN)
    assert stage.states()["API"] == BAD
    _say(stage, outage, RESOLVED)
    assert stage.states()["API"] == (AT_WORK if still_runs else WELL)


def test_a_maintenance_that_is_deleted_or_planned_again_leaves_nothing_under_it(stage: Maintenances) -> None:
    """By the port, as by everybody: what another one works on stays under that."""
    both, one = stage.plan(), stage.plan("Website")
    stage.sweep_at(START)
    assert set(stage.states().values()) == {AT_WORK}
    stage.change(both, status=IncidentStatus.SCHEDULED, body="Later.")
    assert stage.states() == {"API": WELL, "Website": AT_WORK}
    stage.do(lambda tx: delete_incident(tx, one))
    assert stage.states() == {"API": WELL, "Website": WELL}


def test_what_was_down_besides_a_maintenance_is_not_left_under_it(stage: Maintenances) -> None:
    """Somebody says that a component is down while one works on it, and says afterwards, by an incident, that it is
    well: no maintenance that is over takes it back."""
    about = stage.plan("API")
    stage.sweep_at(START)
    stage.do(lambda tx: set_statuses(tx, stage.page, {stage.components["API"]: DOWN}))
    stage.sweep_at(END)
    assert (stage.read(about).status, stage.states()["API"]) == (COMPLETED, DOWN)
    _say(stage, stage.break_down("API"), RESOLVED)
    assert stage.states()["API"] == WELL


def test_a_cancelled_maintenance_touches_nothing(stage: Maintenances) -> None:
    """What is under maintenance for another reason stays so."""
    about = stage.plan()
    stage.do(lambda tx: set_statuses(tx, stage.page, {stage.components["API"]: AT_WORK}))
    assert set(stage.do(lambda tx: propose_states(tx.session, stage.read(about), COMPLETED)).values()) == {None}
    stage.do(lambda tx: plan_cancellation(tx, about))
    stage.change(about, status=COMPLETED, body="Off.")
    assert stage.states() == {"API": AT_WORK, "Website": WELL}


def test_the_preview_of_an_end_says_what_stays_down(stage: Maintenances) -> None:
    """What another incident holds is named before it is public, and holds nobody up."""
    first = stage.break_down("API")
    draft = _write(stage, first, RESOLVED)
    assert stage.do(lambda tx: find_concerns(tx, draft).found) == []
    stage.break_down("API", BAD)
    concerns = stage.do(lambda tx: find_concerns(tx, draft))
    assert [(row.name, state) for row, state in concerns.down] == [("API", BAD)]
    assert stage.do(lambda tx: find_changes(tx, draft)) is None


flags = st.fixed_dictionaries(
    {name: st.booleans() for name in ("to_maintenance_state", "to_operational_state", "auto_completed")}
)
deeds = st.one_of(
    st.tuples(st.just("pass"), st.integers(0, 90), st.just(True)),
    st.tuples(st.just("write"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("publish"), st.integers(0, 5), st.just(True)),
)


def test_a_component_is_under_maintenance_as_long_as_one_of_them_says_so(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Two maintenances with any flags and windows and an incident on one component; each begins, ends and is opened
    again by the clock and by previews that waited: its state is always the worst that they say, in whatever order."""
    clock = HeldClock()
    stage = set_maintenances(Desk(open_database(copy_sqlite(sqlite_template, tmp_path)), clock, Policy()), "API")

    @as_found(lives=15)
    @given(
        plans=st.tuples(*[st.tuples(flags, st.integers(1, 60), st.integers(1, 120))] * 2),
        does=st.lists(deeds, max_size=14),
    )
    def live(plans: tuple[tuple[dict[str, bool], int, int], ...], does: list[tuple[str, int, bool]]) -> None:
        about = [stage.plan(lead=lead * MINUTE, length=length * MINUTE, **own) for own, lead, length in plans]
        about.append(stage.break_down("API"))
        drafts: list[IncidentDraft] = []
        for deed, place, begins in does:
            if deed == "pass":
                clock.advance(minutes=place)
                stage.sweep()
            elif deed == "write":
                drafts.append(_write(stage, about[place], _next(stage.read(about[place]), begins=begins)))
            elif place < len(drafts):
                _try_to(partial(_publish, stage, drafts[place]))
            assert stage.states()["API"] == worst([_says(stage, stage.read(one)) for one in about])
        for one in about:
            stage.do(partial(delete_incident, incident_id=one))
        stage.do(lambda tx: set_statuses(tx, stage.page, {stage.components["API"]: WELL}))

    live()
    stage.desk.database.close()


def _next(incident: Incident, *, begins: bool) -> IncidentStatus:
    if incident.scheduled_for is None:
        return OPEN if begins else RESOLVED
    return STARTED if begins else COMPLETED


def _try_to(do: Callable[[], None]) -> None:
    # It may have been published before, or what it is about has changed since.
    with suppress(ConflictError):
        do()


def _says(stage: Maintenances, incident: Incident) -> ComponentStatus:
    """What one of them says of its component, by its flags and by which statuses it had."""
    if incident.scheduled_for is None:
        return DOWN if incident.status not in ENDED else WELL
    if incident.status in RUNNING:
        return AT_WORK if incident.auto_transition_to_maintenance_state else WELL
    with stage.desk.database.read() as session:
        # One that was missed whole, as while Keydesk was down, leaves nothing behind.
        has_run = any(said.status in RUNNING for said in list_updates(session, [incident.id]))
    left = has_run and incident.status == COMPLETED and not incident.auto_transition_to_operational_state
    return AT_WORK if left and incident.auto_transition_to_maintenance_state else WELL
