"""Maintenances under many hands: several sweeps, people beside them, processes that die, clocks that stood still."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from structlog.testing import capture_logs

from desk.audit.chain import verify
from desk.audit.trail import Action, record
from desk.errors import ConflictError
from desk.incidents.components import bring_statuses, set_statuses
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.incidents import delete_incident, update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.maintenances.plans import schedule_of
from desk.policy import Policy
from desk.transaction import Desk, Transaction, pages_changed
from storage.models import ComponentStatus, DraftKind, Incident, IncidentStatus, Page
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database, url_on_both
from tests.forking import Fork
from tests.unit.desk.incidents.maintenances import dying_sweeper
from tests.unit.desk.incidents.maintenances.maintenance_stage import (
    HOUR,
    LEAD,
    LENGTH,
    MINUTE,
    OPERATOR,
    Maintenances,
    set_maintenances,
)
from tests.unit.desk.racing import somebody_waits
from tests.waiting import wait_until

database_url = url_on_both

OPERATIONAL = ComponentStatus.OPERATIONAL
START, END = NOW + LEAD, NOW + LEAD + LENGTH
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def stage(desk: Desk) -> Maintenances:
    """A page with API and Website."""
    return set_maintenances(desk)


def _at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads that start together; gives what each returned, or the conflict that it met."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return work()
        except ConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(len(works)) as threads, capture_logs() as logs:
        results = [future.result(30) for future in [threads.submit(run, work) for work in works]]
    assert logs == []
    return results


def test_sweeps_of_several_replicas_take_each_step_once(stage: Maintenances, clock: HeldClock) -> None:
    """Three sweeps in the same instant, of maintenances on the same components, at each of the three steps."""
    plans = [stage.plan() for _ in range(4)]
    for instant in (START - HOUR, START, END):
        clock.set(instant)
        assert sum(_at_once(*[stage.sweep] * 3)) + stage.sweep() == len(plans)
    for about in plans:
        assert stage.steps(about) == ["scheduled", "in_progress", "completed"]
    for name in ("API", "Website"):
        assert stage.history(name) == [(START, "under_maintenance"), (END, "operational")]
    assert stage.desk.read_now(OPERATOR, verify).is_intact


def test_a_sweep_beside_people_ends_in_one_of_two_ways(stage: Maintenances, clock: HeldClock) -> None:
    """Who completes what is just starting is first, and it never starts, or is told that it changed meanwhile."""
    for _ in range(4):
        clock.set(NOW)
        about = stage.plan()
        clock.set(START)
        seen = stage.read(about).version
        change = IncidentChange(status=IncidentStatus.COMPLETED, components={stage.components["API"]: OPERATIONAL})
        work = partial(update_incident, incident_id=about, change=change, version=seen)
        said, *_ = _at_once(partial(stage.do, work), stage.sweep, stage.sweep)
        stage.sweep()
        steps = ["in_progress"] if isinstance(said, ConflictError) else ["completed"]
        assert stage.steps(about) == steps


def test_many_hands_on_the_same_components_never_wait_in_a_circle(stage: Maintenances, clock: HeldClock) -> None:
    """People break and mend components, rename and say things, while maintenances on them start and end."""
    plans = [stage.plan() for _ in range(3)]
    incident = stage.break_down("API", ComponentStatus.DEGRADED_PERFORMANCE)
    api, website = stage.components["API"], stage.components["Website"]
    for instant in (START, END):
        clock.set(instant)
        _at_once(
            partial(stage.change, incident, components={api: ComponentStatus.MAJOR_OUTAGE}),
            partial(stage.change, incident, body="Still.", components={website: ComponentStatus.PARTIAL_OUTAGE}),
            partial(stage.change, plans[0], name="Renamed"),
            *[stage.sweep] * 2,
        )
        stage.sweep()
    assert [stage.steps(about) for about in plans] == [["in_progress", "completed"]] * 3
    assert stage.states() == {"API": "major_outage", "Website": "partial_outage"}


def _while(stage: Maintenances, change: Callable[[Transaction], object], work: Callable[[], Any]) -> Any:
    """`work` while Ines is in the middle of `change`, just before it is recorded; gives its result."""
    halfway, worked = threading.Event(), threading.Event()

    def slowly(tx: Transaction) -> None:
        change(tx)
        halfway.set()
        wait_until(lambda: worked.is_set() or somebody_waits(stage.desk))
        record(tx, Action.INCIDENT_EDITED, "incident", "someincident")

    def work_and_say() -> Any:
        try:
            return work()
        finally:
            worked.set()

    with ThreadPoolExecutor(2) as threads:
        changing = threads.submit(stage.do, slowly)
        assert halfway.wait(10)
        working = threads.submit(work_and_say)
        changing.result(30)
        return working.result(30)


@on_postgresql
def test_what_somebody_has_in_hand_is_left_to_the_next_minute(stage: Maintenances, clock: HeldClock) -> None:
    """A sweep does not wait for a person who is in the middle of a maintenance: it goes around it, to the others."""
    held, free = stage.plan("API"), stage.plan("Website")
    clock.set(START)

    def hold(tx: Transaction) -> None:
        tx.session.get(Incident, held, with_for_update=True)

    with capture_logs() as logs:
        assert _while(stage, hold, stage.sweep) == 1
    assert [entry for entry in logs if entry["event"] == "maintenance_failed"] == []
    assert (stage.steps(held), stage.steps(free)) == ([], ["in_progress"])
    assert stage.sweep() == 1


@on_postgresql
def test_what_another_sweep_did_since_the_look_is_not_done_again(stage: Maintenances, clock: HeldClock) -> None:
    """Between finding what is due and taking it, another replica does all of it: then nothing is left."""
    plans = [stage.plan(), stage.plan()]
    clock.set(START)
    between: list[int] = []

    @event.listens_for(stage.desk.database.engine, "before_cursor_execute")
    def look_away(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "SKIP LOCKED" in statement and not between:
            between.append(0)
            between[0] = stage.sweep()

    assert (stage.sweep(), between) == (0, [2])
    assert [stage.steps(about) for about in plans] == [["in_progress"]] * 2


@on_postgresql
@pytest.mark.parametrize("in_hand", [True, False])
def test_an_end_that_is_moved_meanwhile_is_not_announced(
    stage: Maintenances, clock: HeldClock, in_hand: bool
) -> None:
    """Two hours longer, said between a sweep's look and its step or about to be: nothing is completed, and components
    stay under maintenance until the new end."""
    about = stage.plan()
    stage.sweep_at(START)
    clock.set(END)
    kept = schedule_of(stage.read(about))
    longer = IncidentChange(body="Longer.", schedule=replace(kept, scheduled_until=END + 2 * HOUR))
    move = partial(update_incident, incident_id=about, change=longer)
    if in_hand:
        assert _while(stage, move, stage.sweep) == 0
    else:
        moved: list[object] = []

        @event.listens_for(stage.desk.database.engine, "before_cursor_execute")
        def look_away(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if "SKIP LOCKED" in statement and not moved:
                moved.append(None)
                stage.do(move)

        assert (stage.sweep(), len(moved)) == (0, 1)
    assert stage.sweep() == 0
    assert stage.steps(about) == ["in_progress", "in_progress"]
    assert set(stage.states().values()) == {"under_maintenance"}
    assert stage.sweep_at(END + 2 * HOUR) == 1


@on_postgresql
def test_two_ends_at_once_leave_nothing_down(stage: Maintenances) -> None:
    """Two incidents that hold the same component are resolved together: neither leaves it to the other."""
    first, other = stage.break_down("API"), stage.break_down("API", ComponentStatus.DEGRADED_PERFORMANCE)
    over = IncidentChange(status=IncidentStatus.RESOLVED, components={stage.components["API"]: OPERATIONAL})
    end = partial(update_incident, change=over)
    _while(stage, partial(end, incident_id=first), lambda: stage.do(partial(end, incident_id=other)))
    assert stage.states()["API"] == OPERATIONAL


@on_postgresql
def test_a_draft_that_refers_to_a_maintenance_does_not_hold_it_up(stage: Maintenances, clock: HeldClock) -> None:
    """While somebody keeps a draft of an update of it, the maintenance starts all the same."""
    about = stage.plan()
    clock.set(START)
    draft = partial(
        write_draft,
        page_id=stage.page,
        kind=DraftKind.UPDATE,
        content=IncidentChange(body="Soon."),
        incident_id=about,
    )
    assert _while(stage, draft, stage.sweep) == 1


def _break_api(stage: Maintenances, tx: Transaction) -> None:
    bring_statuses(tx, stage.page, {stage.components["API"]: ComponentStatus.MAJOR_OUTAGE})


def _change_page(stage: Maintenances, tx: Transaction) -> None:
    tx.session.get_one(Page, stage.page).updated_at = tx.now
    pages_changed(tx)


@on_postgresql
@pytest.mark.parametrize(("change", "state"), [(_break_api, "major_outage"), (_change_page, "under_maintenance")])
def test_a_sweep_that_waits_for_a_person_holds_nothing_that_they_need(
    stage: Maintenances, clock: HeldClock, change: Callable[[Maintenances, Transaction], None], state: str
) -> None:
    """Who changed a component or the page and is about to record it is not held up by a sweep that waits for them."""
    about = stage.plan()
    clock.set(START)
    assert _while(stage, partial(change, stage), stage.sweep) == 1
    assert stage.steps(about) == ["in_progress"]
    assert stage.states()["API"] == state


@pytest.mark.parametrize(("where", "number", "left"), [("before", 2, 2), ("after", 2, 1)])
def test_a_process_that_dies_leaves_no_step_out_and_none_doubled(
    stage: Maintenances, clock: HeldClock, database_url: str, where: str, number: int, left: int
) -> None:
    """An end, a start and a reminder are due; killed among them, the next sweep does what was not committed."""
    plans = [stage.plan(lead=lead) for lead in (LEAD, LEAD + LENGTH, LEAD + LENGTH + HOUR)]
    clock.set(START)
    assert stage.sweep() == 1
    dying = Fork(dying_sweeper.main, database_url, clock.advance(LENGTH).isoformat(), where, str(number))
    assert wait_until(dying.poll, 60) == -signal.SIGKILL
    assert (stage.sweep(), stage.sweep()) == (left, 0)
    assert [stage.steps(about) for about in plans] == [["in_progress", "completed"], ["in_progress"], ["scheduled"]]
    assert stage.states() == {"API": "under_maintenance", "Website": "under_maintenance"}
    assert stage.desk.read_now(OPERATOR, verify).is_intact


FLAGS = ("remind_prior", "auto_in_progress", "auto_completed", "to_maintenance_state", "to_operational_state")
ORDER = ["scheduled", "in_progress", "completed"]
DUE = {"scheduled": -HOUR, "in_progress": 0 * HOUR, "completed": LENGTH}


def test_no_step_comes_twice_early_or_out_of_order(sqlite_template: Path, tmp_path: Path) -> None:
    """Whatever the flags, the instants at which somebody sweeps, and the restarts between; in the end all is well."""
    url, clock = copy_sqlite(sqlite_template, tmp_path), HeldClock()
    stage = set_maintenances(Desk(open_database(url), clock, Policy()))

    @settings(max_examples=20, deadline=None)
    @given(
        flags=st.fixed_dictionaries(dict.fromkeys(FLAGS, st.sampled_from([True, True, False]))),
        lead=st.integers(5, 150),
        looks=st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=5),
    )
    def live(flags: dict[str, bool], lead: int, looks: list[tuple[int, bool]]) -> None:
        nonlocal stage
        about = stage.plan(lead=lead * MINUTE, length=LENGTH, **flags)
        start = clock.now() + lead * MINUTE
        for minutes, restarts in [*looks, (lead, True), (int(LENGTH / MINUTE), False), (1, False)]:
            clock.advance(minutes=minutes)
            if restarts:
                stage.desk.database.close()
                stage = replace(stage, desk=Desk(open_database(url), clock, Policy()))
            stage.sweep()
        steps = stage.steps(about)
        assert steps == [step for step in ORDER if step in steps]
        assert all(row.created_at >= start + DUE[row.status] for row in stage.updates(about))
        wanted = dict(zip(ORDER, (flags[name] for name in FLAGS), strict=False))
        assert all(wanted[step] for step in steps)
        if all(flags.values()):
            assert (stage.read(about).status, stage.states()["API"]) == ("completed", "operational")
        # The page is left as it was found.
        stage.do(lambda tx: delete_incident(tx, about))
        stage.do(lambda tx: set_statuses(tx, stage.page, dict.fromkeys(stage.components.values(), OPERATIONAL)))

    live()
    stage.desk.database.close()
