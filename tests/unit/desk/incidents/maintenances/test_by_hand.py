"""Maintenances that people start, end or call off, and the clock beside them."""

from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.incidents.authority import list_meant
from desk.incidents.incidents import update_incident
from desk.incidents.inputs import RUNNING, Schedule
from desk.incidents.lookup import get_incident
from desk.incidents.maintenances.plans import (
    complete_by_itself,
    plan_cancellation,
    plan_completion,
    plan_move,
    plan_start,
    propose_states,
    schedule_of,
)
from desk.incidents.maintenances.steps import zoned_text
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Actor, Desk, Transaction
from storage.models import IncidentStatus, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, add_grant, add_member, add_page
from tests.unit.desk.incidents.maintenances.maintenance_stage import (
    HOUR,
    INES_ACTS,
    LEAD,
    LENGTH,
    MINUTE,
    Maintenances,
    set_maintenances,
)

DONE = "The scheduled maintenance has been completed."
OPERATIONAL, AT_WORK, OUTAGE = "operational", "under_maintenance", "major_outage"
START, END = NOW + LEAD, NOW + LEAD + LENGTH


@pytest.fixture
def stage(desk: Desk) -> Maintenances:
    """A page with API and Website."""
    return set_maintenances(desk)


def test_people_start_and_end_it_by_hand(stage: Maintenances, clock: HeldClock) -> None:
    """The same changes as by itself, once; what was done by hand is not done again by the clock."""
    about = stage.plan()
    stage.break_down("API")
    with pytest.raises(ConflictError, match="has not begun"):
        stage.do(lambda tx: update_incident(tx, about, plan_completion(tx, about)))
    stage.do(lambda tx: update_incident(tx, about, replace(plan_start(tx, about), body="We begin early.")))
    assert stage.states() == {"API": OUTAGE, "Website": AT_WORK}
    with pytest.raises(ConflictError, match="is in progress"):
        stage.do(lambda tx: plan_start(tx, about))
    assert stage.sweep_at(START) == 0
    seen = stage.read(about).version
    stage.change(about, body="Half done.")
    clock.advance(MINUTE)
    with pytest.raises(ConflictError, match="changed since you looked"):
        stage.do(lambda tx: update_incident(tx, about, plan_completion(tx, about), version=seen))
    stage.do(lambda tx: update_incident(tx, about, plan_completion(tx, about)))
    assert stage.states() == {"API": OUTAGE, "Website": OPERATIONAL}
    assert stage.sweep_at(END) == 0
    assert stage.said(about) == [
        ("in_progress", "We begin early."),
        ("in_progress", "Half done."),
        ("completed", DONE),
    ]


def test_only_who_may_works_by_hand(stage: Maintenances) -> None:
    """Without the role nothing changes; an incident is no maintenance."""
    about, incident = stage.plan(), stage.break_down("API")
    with stage.desk.database.write() as session:
        add_member(session, MAX, NOW)
    for work in (plan_start, plan_completion, plan_cancellation):
        with pytest.raises(NotAllowedError, match="maintenance_manager"):
            stage.do(lambda tx, work=work: work(tx, about), Actor.member(MAX))  # type: ignore[misc]
        with pytest.raises(NotFoundError):
            stage.do(lambda tx, work=work: work(tx, incident))  # type: ignore[misc]
    assert stage.steps(about) == []


def test_a_cancelled_maintenance_does_not_run(stage: Maintenances, clock: HeldClock) -> None:
    """It says that it was cancelled and why, and nothing of it happens; the public is told the difference."""
    about, other = stage.plan(), stage.plan()
    stage.do(lambda tx: update_incident(tx, about, plan_cancellation(tx, about, reason="The new disks are late.")))
    stage.change(other, status=IncidentStatus.IN_PROGRESS)
    stage.change(other, status=IncidentStatus.COMPLETED)
    assert [stage.sweep_at(instant) for instant in (START - HOUR, START, END)] == [0, 0, 0]
    assert stage.said(about) == [("completed", "This maintenance has been cancelled. The new disks are late.")]
    with stage.desk.database.read() as session:
        view = read_page_view(session, list_public_pages(session)[0], clock.now())
    assert {row.id: row.is_cancelled for row in view.maintenances} == {about: True, other: False}


def test_what_has_begun_cannot_be_cancelled(stage: Maintenances, clock: HeldClock) -> None:
    """Nor can what should have begun: who cancels is told how it stands, and nothing is said in public."""
    about = stage.plan()
    clock.set(START)
    for status, words in (
        (IncidentStatus.SCHEDULED, "has come"),
        (IncidentStatus.IN_PROGRESS, "is in progress"),
        (IncidentStatus.VERIFYING, "is being verified"),
        (IncidentStatus.COMPLETED, "is completed"),
    ):
        stage.change(about, status=status)
        with pytest.raises(ConflictError, match=words):
            stage.do(lambda tx: plan_cancellation(tx, about))
    assert len(stage.steps(about)) == 4


def _meant(stage: Maintenances, *, who: Actor = INES_ACTS, **said: Any) -> str | None:
    said = {"incident_id": None, "called": None, "page": None, "scheduled": True} | said
    found: list[str] = stage.do(lambda tx: [one.id for one in list_meant(tx, **said)], who)
    return found[0] if len(found) == 1 else None


def test_which_one_is_meant(stage: Maintenances) -> None:
    """The one that was named by id or name; else the only one in a state in which it can be done; none of several."""
    planned: dict[str, Any] = {"statuses": [IncidentStatus.SCHEDULED]}
    with pytest.raises(ConflictError, match="No maintenance is planned"):
        _meant(stage, **planned)
    first = stage.plan()
    assert _meant(stage, **planned) == _meant(stage) == first
    with pytest.raises(ConflictError, match="No maintenance is in progress"):
        _meant(stage, statuses=RUNNING)
    with pytest.raises(ConflictError, match="No incident is open"):
        _meant(stage, scheduled=False)
    outage = stage.break_down("API")
    assert _meant(stage, scheduled=False) == _meant(stage, called="down") == outage
    second = stage.plan()
    assert _meant(stage, **planned) is None
    assert _meant(stage, incident_id=second, **planned) == second
    stage.change(first, status=IncidentStatus.IN_PROGRESS)
    assert _meant(stage, **planned) == second
    assert _meant(stage, statuses=RUNNING) == first
    assert _meant(stage) is None


def test_what_is_meant_is_on_a_page_of_theirs(stage: Maintenances) -> None:
    """Of what is open elsewhere nothing is meant, and who may publish nowhere is told whom to ask."""
    stage.plan()
    with stage.desk.database.write() as session:
        other = add_page(session, NOW, name="Other", subdomain="other")
        add_member(session, MAX, NOW)
    with pytest.raises(NotAllowedError, match="maintenance_manager"):
        _meant(stage, who=Actor.member(MAX))
    with stage.desk.database.write() as session:
        add_grant(session, MAX, Role.MAINTENANCE_MANAGER, NOW, page_id=other.id)
    with pytest.raises(ConflictError, match="No maintenance is open"):
        _meant(stage, who=Actor.member(MAX))


def _proposed(stage: Maintenances, incident_id: str, status: IncidentStatus) -> dict[str, str | None]:
    names = {component_id: name for name, component_id in stage.components.items()}

    def work(tx: Transaction) -> dict[str, str | None]:
        states = propose_states(tx.session, get_incident(tx.session, incident_id), status)
        return {names[one]: wanted for one, wanted in states.items()}

    return stage.do(work)


def test_a_status_proposes_states(stage: Maintenances) -> None:
    """The start of a maintenance and its end move its components, and so does the end of an incident; other updates
    leave them."""
    about = stage.plan("Website")
    assert _proposed(stage, about, IncidentStatus.SCHEDULED) == {"Website": None}
    assert _proposed(stage, about, IncidentStatus.COMPLETED) == {"Website": None}
    assert _proposed(stage, about, IncidentStatus.IN_PROGRESS) == {"Website": AT_WORK}
    stage.do(lambda tx: update_incident(tx, about, plan_start(tx, about)))
    assert _proposed(stage, about, IncidentStatus.VERIFYING) == {"Website": None}
    assert _proposed(stage, about, IncidentStatus.COMPLETED) == {"Website": OPERATIONAL}
    outage = stage.break_down("API")
    assert _proposed(stage, outage, IncidentStatus.MONITORING) == {"API": None}
    assert _proposed(stage, outage, IncidentStatus.RESOLVED) == {"API": OPERATIONAL}
    stage.change(outage, status=IncidentStatus.RESOLVED, components={stage.components["API"]: OPERATIONAL})
    assert _proposed(stage, outage, IncidentStatus.INVESTIGATING) == {"API": OUTAGE}


def test_a_move_moves_the_window_alone(stage: Maintenances) -> None:
    """What happens by itself stays as it was chosen; the public reads the new times by the page's clock, or what
    somebody wrote. The window that it has is no new one, nor is one that has passed."""
    about = stage.plan(auto_in_progress=False, notify_at_end=False)
    change = stage.do(lambda tx: plan_move(tx, about, START + HOUR, END + HOUR))
    kept = schedule_of(stage.read(about))
    assert change.schedule == replace(kept, scheduled_for=START + HOUR, scheduled_until=END + HOUR)
    assert change.body is not None and "begins on 2 March 2026, 13:00" in change.body
    assert stage.do(lambda tx: plan_move(tx, about, START, END + HOUR, body=" Later. ")).body == "Later."
    with pytest.raises(InvalidInputError, match="scheduled already") as same:
        stage.do(lambda tx: plan_move(tx, about, START, END))
    assert same.value.field == "scheduled_for"
    with pytest.raises(InvalidInputError, match="is over"):
        stage.do(lambda tx: plan_move(tx, about, NOW - 2 * HOUR, NOW - HOUR))


def test_the_end_of_one_that_runs_is_moved(stage: Maintenances, clock: HeldClock) -> None:
    """Later or earlier, and not into the past; its start stays. It is said in words, or in those of who moves it."""
    about = stage.plan()
    clock.set(START)
    stage.change(about, status=IncidentStatus.IN_PROGRESS)
    longer = stage.do(lambda tx: plan_move(tx, about, START, END + HOUR))
    assert (longer.status, longer.body) == (
        IncidentStatus.IN_PROGRESS,
        "This maintenance takes longer than planned: it is now expected to end on "
        + f"{zoned_text(END + HOUR, ZoneInfo('Europe/Zurich'))}.",
    )
    shorter = stage.do(lambda tx: plan_move(tx, about, START, END - HOUR / 2))
    assert (shorter.body or "").startswith("This maintenance is now expected to end on ")
    clock.set(END)
    for window, words in (
        ((START, END), "scheduled already"),
        ((START, END - HOUR / 2), "That time is over."),
        ((START + HOUR, END + HOUR), "only its end can be moved"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            stage.do(partial(plan_move, incident_id=about, scheduled_for=window[0], scheduled_until=window[1]))
    stage.change(about, status=IncidentStatus.COMPLETED)
    with pytest.raises(ConflictError, match="is completed"):
        stage.do(lambda tx: plan_move(tx, about, START, END + HOUR))


@both_databases
def test_what_is_taken_up_again_is_left_to_people(stage: Maintenances, clock: HeldClock) -> None:
    """Completed before its time and reopened, it is not completed by the clock."""
    about = stage.plan()
    clock.set(START)
    stage.change(about, status=IncidentStatus.IN_PROGRESS)
    stage.change(about, status=IncidentStatus.COMPLETED)
    stage.change(about, status=IncidentStatus.IN_PROGRESS)
    clock.set(END + HOUR)
    stage.sweep()
    assert stage.read(about).status == IncidentStatus.IN_PROGRESS


def test_what_was_called_off_and_is_planned_again_ends_by_itself(stage: Maintenances, clock: HeldClock) -> None:
    """A maintenance that comes after all begins and ends as it was planned; one whose time has come by then is left
    to people."""
    about = stage.plan()
    stage.change(about, status=IncidentStatus.COMPLETED)
    clock.advance(minutes=5)
    stage.change(about, status=IncidentStatus.SCHEDULED)
    assert (stage.sweep_at(START), stage.sweep_at(END)) == (1, 1)
    assert stage.read(about).status == IncidentStatus.COMPLETED
    stage.change(about, status=IncidentStatus.SCHEDULED)
    assert stage.sweep_at(END + HOUR) == 0
    assert stage.read(about).status == IncidentStatus.SCHEDULED


@pytest.mark.parametrize("was_completed", [True, False])
def test_what_is_over_does_not_complete_by_itself(stage: Maintenances, clock: HeldClock, was_completed: bool) -> None:
    """Once its time is over nobody can leave its completion to the clock, taken up again or never completed: it would
    come within a minute or not at all. With another end they can."""
    about = stage.plan(auto_completed=was_completed)
    stage.sweep_at(START)
    stage.sweep_at(END)
    if was_completed:
        stage.change(about, status=IncidentStatus.IN_PROGRESS)
    clock.advance(minutes=10)
    with pytest.raises(ConflictError, match="is over"):
        stage.do(partial(complete_by_itself, incident_id=about, does=True))
    stage.do(partial(complete_by_itself, incident_id=about, does=False))
    stage.change(about, schedule=Schedule(scheduled_for=START, scheduled_until=END + HOUR, auto_completed=False))
    stage.do(partial(complete_by_itself, incident_id=about, does=True))
    assert (stage.sweep(), stage.sweep_at(END + HOUR)) == (0, 1)
    assert stage.read(about).status == IncidentStatus.COMPLETED
