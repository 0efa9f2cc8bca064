"""Maintenances that run by themselves: what each step changes, what it leaves alone, and what follows downtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from desk.audit.chain import verify
from desk.errors import ConflictError
from desk.incidents.components import set_statuses
from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.maintenances.plans import schedule_of
from desk.transaction import Desk
from handlers.jobs.sweep import sweep
from storage.models import AuditEvent, Component, ComponentStatus, IncidentComponent, IncidentStatus, Page
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import add_component, add_page
from tests.unit.desk.incidents.maintenances.maintenance_stage import (
    HOUR,
    LEAD,
    LENGTH,
    MINUTE,
    OPERATOR,
    Maintenances,
    set_maintenances,
)

REMINDED, DONE = "Maintenance will begin as scheduled in 60 minutes.", "The scheduled maintenance has been completed."
BEGUN = "Scheduled maintenance is currently in progress. We will provide updates as necessary."
OPERATIONAL, AT_WORK, OUTAGE = "operational", "under_maintenance", "major_outage"
START, END = NOW + LEAD, NOW + LEAD + LENGTH


@pytest.fixture
def stage(desk: Desk) -> Maintenances:
    """A page with API and Website."""
    return set_maintenances(desk)


def test_a_maintenance_runs_by_itself(stage: Maintenances) -> None:
    """Reminder, start and end come in the minute they are due, with Statuspage's words, and components follow."""
    about = stage.plan()
    minutes = [START - HOUR - MINUTE, START - HOUR, START - MINUTE, START, END - MINUTE, END, END + MINUTE]
    assert [stage.sweep_at(minute) for minute in minutes] == [0, 1, 0, 1, 0, 1, 0]
    assert stage.said(about) == [("scheduled", REMINDED), ("in_progress", BEGUN), ("completed", DONE)]
    assert [(row.created_at, row.created_by) for row in stage.updates(about)] == [
        (at, "job:sweep") for at in (START - HOUR, START, END)
    ]
    assert all(row.deliver_notifications for row in stage.updates(about))
    kept = stage.read(about)
    assert (kept.scheduled_reminded_at, kept.resolved_at) == (START - HOUR, END)
    for name in ("API", "Website"):
        assert stage.history(name) == [(START, AT_WORK), (END, OPERATIONAL)]
    with stage.desk.database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [event.action for event in events if event.actor == "job:sweep"] == [
        "incident.updated",
        *["component.changed", "component.changed", "incident.updated"] * 2,
    ]


@both_databases
async def test_the_minutes_sweep_has_maintenances_in_it(stage: Maintenances, clock: HeldClock) -> None:
    """The scheduled job carries out everything that is due, of however many maintenances."""
    for _ in range(3):
        stage.plan()
    clock.set(START)
    assert (await sweep(stage.desk, clock.now()))["maintenances"] == 3


def test_flags_turn_each_thing_off(stage: Maintenances) -> None:
    """Components stay where they may not be moved, and nobody is notified where nobody shall be."""
    about = stage.plan(
        remind_prior=False,
        to_maintenance_state=False,
        to_operational_state=False,
        notify_at_start=False,
        notify_at_end=False,
    )
    assert stage.sweep_at(START - HOUR) == 0
    assert stage.sweep_at(START) == 1
    assert stage.states() == {"API": OPERATIONAL, "Website": OPERATIONAL}
    stage.change(about, components={stage.components["API"]: ComponentStatus.UNDER_MAINTENANCE})
    assert stage.sweep_at(END) == 1
    assert stage.states() == {"API": AT_WORK, "Website": OPERATIONAL}
    assert [row.deliver_notifications for row in stage.updates(about)] == [False, False]


def test_without_auto_flags_it_is_left_to_people(stage: Maintenances) -> None:
    """Nothing happens by itself, neither at the start nor at the end."""
    about = stage.plan(remind_prior=False, auto_in_progress=False, auto_completed=False)
    assert [stage.sweep_at(instant) for instant in (START - HOUR, START, END, END + HOUR)] == [0] * 4
    stage.change(about, status=IncidentStatus.IN_PROGRESS)
    assert stage.sweep() == 0


@both_databases
def test_a_later_time_makes_a_new_reminder_due(stage: Maintenances) -> None:
    """Moved after its reminder, it is reminded of again, and starts at the new time only."""
    about = stage.plan()
    assert stage.sweep_at(START - HOUR) == 1
    stage.move(about, 3 * HOUR)
    assert [stage.sweep_at(START + hours * HOUR) for hours in (0, 1, 2, 3)] == [0, 0, 1, 1]
    assert stage.steps(about) == ["scheduled", "scheduled", "in_progress"]


@both_databases
@pytest.mark.parametrize(("left", "said", "steps"), [(29, True, 1), (61, True, 1), (29, False, 2), (70, True, 2)])
def test_whoever_is_told_the_new_time_is_not_reminded_right_behind(
    stage: Maintenances, clock: HeldClock, left: int, said: bool, steps: int
) -> None:
    """Moved with a word to within the hour, or to right before its reminder, it has just been announced; moved
    without a word, or earlier, the reminder is what tells people."""
    about = stage.plan(lead=5 * HOUR)
    clock.set(START)
    kept = schedule_of(stage.read(about))
    start = START + left * MINUTE
    window = replace(kept, scheduled_for=start, scheduled_until=start + HOUR)
    words = {"status": IncidentStatus.SCHEDULED, "body": "Moved."} if said else {}
    stage.change(about, schedule=window, **words)
    for minutes in (0, 1, 2, 15):
        stage.sweep_at(START + minutes * MINUTE)
    assert stage.steps(about) == ["scheduled"] * (steps - (not said))
    assert stage.sweep_at(start) == 1


@both_databases
def test_whoever_is_told_another_end_or_that_it_is_on_again_is_not_reminded_right_behind(
    stage: Maintenances, clock: HeldClock
) -> None:
    """Its end moved with a word right before the reminder; called off and taken up again, or begun early and put
    back, within the hour. Without a word, the reminder is what tells people."""
    longer, unsaid, again, back = (stage.plan("Website") for _ in range(4))
    clock.set(START - 61 * MINUTE)
    for about, words in ((longer, {"status": IncidentStatus.SCHEDULED, "body": "Longer."}), (unsaid, {})):
        kept = schedule_of(stage.read(about))
        stage.change(about, schedule=replace(kept, scheduled_until=kept.scheduled_until + HOUR), **words)
    stage.change(again, status=IncidentStatus.COMPLETED, body="Cancelled.")
    stage.change(back, status=IncidentStatus.IN_PROGRESS, body="Early.")
    assert stage.sweep_at(START - HOUR) == 1
    clock.set(START - 30 * MINUTE)
    for about in (again, back):
        stage.change(about, status=IncidentStatus.SCHEDULED, body="As planned.")
    assert stage.sweep_at(START - 29 * MINUTE) == 0
    assert [stage.steps(about)[-1:] for about in (longer, unsaid)] == [["scheduled"], ["scheduled"]]


def test_a_reminder_holds_up_nothing_that_was_written_before_it(stage: Maintenances) -> None:
    """Whoever looked at a maintenance before its reminder has seen all that there is to it; before its start, not."""
    about = stage.plan()
    seen = stage.read(about).version
    assert stage.sweep_at(START - HOUR) == 1
    words = IncidentChange(status=IncidentStatus.SCHEDULED, body="We begin with the website.")
    stage.do(partial(update_incident, incident_id=about, change=words, version=seen))
    seen = stage.read(about).version
    assert stage.sweep_at(START) == 1
    with pytest.raises(ConflictError, match="was changed since you looked"):
        stage.do(partial(update_incident, incident_id=about, change=words, version=seen))


def test_what_a_person_took_back_is_not_done_again(stage: Maintenances) -> None:
    """A start that was taken back, or an end that was reopened, stays as the person left it until a new window."""
    about = stage.plan()
    stage.sweep_at(START)
    stage.change(about, status=IncidentStatus.SCHEDULED, body="Not yet.")
    assert stage.sweep_at(START + MINUTE) == 0
    stage.move(about, timedelta(days=1))
    assert stage.sweep_at(START + timedelta(days=1)) == 1
    assert stage.sweep_at(END + timedelta(days=1)) == 1
    stage.change(about, status=IncidentStatus.IN_PROGRESS, body="One more thing.")
    assert stage.sweep_at(END + timedelta(days=1, hours=1)) == 0


def test_words_alone_do_not_count_as_a_step(stage: Maintenances, clock: HeldClock) -> None:
    """What a person says after its start, or its end, that moves it nowhere leaves the step to be made."""
    about = stage.plan(remind_prior=False)
    for moment in (START, END):
        clock.set(moment)
        stage.change(about, body="Any minute now.")
        assert stage.sweep_at(moment + MINUTE) == 1
    assert stage.steps(about) == ["scheduled", "in_progress", "in_progress", "completed"]


def test_a_start_makes_nothing_better(stage: Maintenances) -> None:
    """What an open incident holds at an outage is left there by the start and by the end; the others move."""
    about = stage.plan()
    stage.break_down("API")
    stage.sweep_at(START)
    assert stage.states() == {"API": OUTAGE, "Website": AT_WORK}
    stage.sweep_at(END)
    assert stage.states() == {"API": OUTAGE, "Website": OPERATIONAL}
    changed = stage.updates(about)[0].affected_components or []
    assert [(one["name"], one["old_status"], one["new_status"]) for one in changed] == [
        ("API", OUTAGE, OUTAGE),
        ("Website", OPERATIONAL, AT_WORK),
    ]


def test_an_outage_in_the_middle_outlives_the_end(stage: Maintenances) -> None:
    """An incident that broke a component during the maintenance keeps it at its state after the end."""
    stage.plan("API")
    stage.sweep_at(START)
    stage.break_down("API", ComponentStatus.DEGRADED_PERFORMANCE)
    stage.sweep_at(END)
    assert stage.states()["API"] == "degraded_performance"


def test_what_another_maintenance_works_on_stays_under_maintenance(stage: Maintenances) -> None:
    """The first of two to end leaves the common component; the last one gives it back, also when both end at once."""
    stage.plan("API")
    stage.plan("API", "Website", lead=LEAD + HOUR)
    stage.plan("Website", lead=LEAD + HOUR)
    stage.sweep_at(START)
    stage.sweep_at(START + HOUR)
    stage.sweep_at(END)
    assert stage.states() == {"API": AT_WORK, "Website": AT_WORK}
    assert stage.sweep_at(END + HOUR) == 2
    assert stage.states() == {"API": OPERATIONAL, "Website": OPERATIONAL}


def test_a_missed_start_is_made_at_once_and_says_so(stage: Maintenances) -> None:
    """The reminder is left out, the words say since when, and the component's history has the real instant."""
    about = stage.plan("API")
    assert stage.sweep_at(START + HOUR) == 1
    assert stage.said(about) == [
        ("in_progress", f"{BEGUN}\n\nIt began as scheduled on 2 March 2026, 12:00 CET; this update comes late.")
    ]
    assert stage.history("API") == [(START + HOUR, AT_WORK)]


def test_after_a_window_that_was_missed_it_is_completed_once(stage: Maintenances) -> None:
    """One update says that it is over and was not reported on; what is under maintenance goes back, no more."""
    about = stage.plan()
    stage.break_down("API")
    stage.do(
        lambda tx: set_statuses(tx, stage.page, {stage.components["Website"]: ComponentStatus.UNDER_MAINTENANCE})
    )
    assert stage.sweep_at(END + HOUR) == 1
    [(status, words)] = stage.said(about)
    assert status == "completed"
    assert words.startswith(
        f"{DONE}\n\nIt was scheduled from 2 March 2026, 12:00 CET, until 2 March 2026, 14:00 CET;"
    )
    assert stage.states() == {"API": OUTAGE, "Website": OPERATIONAL}
    assert stage.history("Website")[-1] == (END + HOUR, OPERATIONAL)


def test_a_late_reminder_tells_the_minutes_that_are_left(stage: Maintenances) -> None:
    """Down for most of the hour, it says how long it is in truth."""
    about = stage.plan()
    assert stage.sweep_at(START - 7 * MINUTE) == 1
    assert stage.said(about) == [("scheduled", "Maintenance will begin as scheduled in 7 minutes.")]


@both_databases
def test_a_component_that_is_gone_holds_nothing_up(stage: Maintenances) -> None:
    """Of components that moved to another page or became a group nothing is said; the others are worked on."""
    with stage.desk.database.write() as session:
        elsewhere = add_page(session, NOW, name="Other", subdomain="other")
        page = session.get_one(Page, stage.page)
        more = [add_component(session, page, NOW, name=name) for name in ("Moved", "Grouped", "Deleted")]
        stage.components.update({row.name: row.id for row in more})
    about = stage.plan()
    with stage.desk.database.write() as session:
        session.get_one(Component, stage.components["Moved"]).page_id = elsewhere.id
        session.get_one(Component, stage.components["Grouped"]).group = True
        gone = stage.components["Deleted"]
        session.delete(session.get_one(IncidentComponent, (about, gone)))
        session.flush()
        session.delete(session.get_one(Component, gone))
    assert (stage.sweep_at(START), stage.sweep_at(END)) == (1, 1)
    assert stage.steps(about) == ["in_progress", "completed"]
    assert stage.states() == {
        "API": OPERATIONAL,
        "Website": OPERATIONAL,
        "Moved": OPERATIONAL,
        "Grouped": OPERATIONAL,
    }


@both_databases
def test_one_that_cannot_be_carried_out_holds_up_no_other(stage: Maintenances, clock: HeldClock) -> None:
    """It is logged with a reference, nothing of it is kept, the others run, and it runs once it can."""
    broken = stage.plan("API", lead=LEAD - MINUTE)
    others = [stage.plan("Website"), stage.plan("Website")]
    version = stage.read(broken).version
    clock.set(START)
    with _refusing_changes_of(stage, "API"), capture_logs() as logs:
        assert stage.sweep() == len(others)
    assert {(entry["event"], entry["incident_id"]) for entry in logs} == {("maintenance_failed", broken)}
    assert all(entry["reference"] for entry in logs)
    assert [stage.steps(one) for one in (broken, *others)] == [[], ["in_progress"], ["in_progress"]]
    assert (stage.read(broken).version, stage.states()["API"]) == (version, OPERATIONAL)
    assert stage.sweep() == 1
    assert (stage.steps(broken), stage.states()["API"]) == (["in_progress"], AT_WORK)
    assert stage.desk.read_now(OPERATOR, verify).is_intact


@contextmanager
def _refusing_changes_of(stage: Maintenances, name: str) -> Iterator[None]:
    """A fault of the database: it refuses to write down that one component's state changes."""
    table, refuses = "component_status_change", f"NEW.component_id = '{stage.components[name]}'"
    if stage.desk.database.engine.dialect.name == "sqlite":
        body = f"WHEN {refuses} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        orders = [f"CREATE TRIGGER broken BEFORE INSERT ON {table} {body}"]
    else:
        body = f"BEGIN IF {refuses} THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END"
        orders = [
            f"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION broken()",
        ]
    with stage.desk.database.write() as session:
        for order in orders:
            session.execute(text(order))
    yield
    with stage.desk.database.write() as session:
        session.execute(text("DROP TRIGGER broken" + (f" ON {table}" if len(orders) > 1 else "")))
