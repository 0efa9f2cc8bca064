"""Maintenances that people start, end or call off, and the clock beside them."""

from dataclasses import replace

import pytest

from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.incidents.incidents import update_incident
from desk.incidents.maintenances.plans import plan_cancellation, plan_completion, plan_start
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Actor, Desk
from storage.models import IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.factories import MAX, add_member
from tests.unit.desk.incidents.maintenances.maintenance_stage import (
    HOUR,
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
