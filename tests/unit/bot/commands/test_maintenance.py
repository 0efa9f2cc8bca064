"""`keydesk maintenance`."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from desk.transaction import Desk
from storage.models import Component, ComponentStatus, Incident, IncidentStatus, IncidentUpdate, Page
from tests.factories import add_component
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = ("maintenance", "schedule", "Upgrade", "-c", "search", "--from", "in 2h", "--for", "3h", "--yes")


@pytest.fixture
def page(seeded: Desk, now: datetime) -> Desk:
    """A page with the component Search."""
    with seeded.database.write() as session:
        add_component(session, session.scalars(select(Page)).one(), now, name="Search")
    return seeded


def the_only(desk: Desk) -> Incident:
    """The only maintenance."""
    with desk.database.read() as session:
        return session.scalars(select(Incident)).one()


def state(desk: Desk) -> str:
    """That of the component."""
    with desk.database.read() as session:
        return session.scalars(select(Component.status)).one()


def last_words(desk: Desk) -> str:
    """What was said last."""
    with desk.database.read() as session:
        return session.scalars(select(IncidentUpdate.body).order_by(IncidentUpdate.created_at.desc())).all()[0]


def test_scheduled_begun_and_completed(keydesk_on: Run, page: Desk) -> None:
    """Its component goes along, and each step has its usual words; none needs a name where there is but one."""
    assert keydesk_on(*NEW).exit_code == 0
    planned = the_only(page)
    assert planned.scheduled_until is not None
    assert planned.scheduled_for is not None
    assert planned.scheduled_until - planned.scheduled_for == timedelta(hours=3)
    assert "It can only start once." not in keydesk_on("maintenance", "start", "--yes").stderr
    assert (the_only(page).status, state(page)) == (IncidentStatus.IN_PROGRESS, ComponentStatus.UNDER_MAINTENANCE)
    verified = keydesk_on("maintenance", "update", "--status", "verifying", "--body", "We look.", "--yes")
    assert (verified.exit_code, last_words(page)) == (0, "We look.")
    assert keydesk_on("maintenance", "complete", "--yes").exit_code == 0
    assert (the_only(page).status, state(page)) == (IncidentStatus.COMPLETED, ComponentStatus.OPERATIONAL)
    assert last_words(page) == "The scheduled maintenance has been completed."
    assert keydesk_on("maintenance", "reopen", "upgrade", "--yes").exit_code == 0
    assert the_only(page).status == IncidentStatus.IN_PROGRESS


def test_moved_extended_and_called_off(keydesk_on: Run, page: Desk) -> None:
    """The public reads the new times, or why it does not happen."""
    keydesk_on(*NEW)
    before = the_only(page)
    assert keydesk_on("maintenance", "reschedule", "--from", "in 5h", "--yes").exit_code == 0
    after = the_only(page)
    assert before.scheduled_for is not None
    assert after.scheduled_for is not None
    assert timedelta(hours=2, minutes=59) < after.scheduled_for - before.scheduled_for < timedelta(hours=3, minutes=1)
    assert "has been rescheduled" in last_words(page)
    assert keydesk_on("maintenance", "extend", "upgrade", "--for", "1h", "--yes").exit_code == 0
    longer = the_only(page)
    assert after.scheduled_until is not None
    assert longer.scheduled_until == after.scheduled_until + timedelta(hours=1)
    assert keydesk_on("maintenance", "cancel", "--body", "No time.", "--yes").exit_code == 0
    assert last_words(page) == "This maintenance has been cancelled. No time."


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("schedule", "Upgrade", "--from", "whenever", "--for", "3h"), "“whenever” is no time that I know."),
        (("schedule", "Upgrade", "--from", "in 2h"), "Say until when."),
        (("schedule", "Upgrade", "--for", "3h"), "Say from when."),
        (("schedule", "Upgrade", "--for", "3h", "--until", "23:00"), "Give one of them."),
        (("schedule", "Upgrade", "--from", "in 2h", "--for", "long"), "says not when it ends"),
        (("schedule", "Upgrade", "--from", "in 2h", "--for", "3h", "-c", "search=down"), "leave out “=major_outage”"),
        (("start",), "No maintenance is planned."),
        (("extend", "--for", "2h"), "No maintenance is in progress."),
        (("reschedule", "Upgrade", "--for", "2h"), "There is no incident “Upgrade”."),
    ],
)
def test_what_cannot_be(keydesk_on: Run, page: Desk, typed: tuple[str, ...], said: str) -> None:
    """It is refused in Slack's words, with status 1."""
    refused = keydesk_on("maintenance", *typed, "--yes")
    assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr


def test_who_completes_it(keydesk_on: Run, page: Desk) -> None:
    """Changed alone it is no news; with another time it goes along."""
    keydesk_on(*NEW)
    alone = keydesk_on("maintenance", "reschedule", "--no-auto-complete")
    assert alone.stdout == "“Upgrade” does not end by itself: somebody must complete it.\n"
    assert the_only(page).scheduled_auto_completed is False
    assert keydesk_on("maintenance", "reschedule", "--from", "in 5h", "--auto-complete", "--yes").exit_code == 0
    assert the_only(page).scheduled_auto_completed is True


def test_a_draft_is_moved(keydesk_on: Run, page: Desk) -> None:
    """Its times are changed while nobody has read it; those of an incident's draft cannot be."""
    keydesk_on(*NEW[:-1], "--draft")
    [draft] = json.loads(keydesk_on("drafts", "list", "--json").stdout)
    moved = keydesk_on("drafts", "edit", draft["id"], "--from", "in 10h", "--for", "1h", "--body", "Later.")
    assert moved.exit_code == 0, moved.stderr
    said = json.loads(keydesk_on("drafts", "show", draft["id"], "--json").stdout)["content"]
    window = [datetime.fromisoformat(said["schedule"][name]) for name in ("scheduled_for", "scheduled_until")]
    assert (window[1] - window[0], said["body"]) == (timedelta(hours=1), "Later.")
    keydesk_on("incident", "new", "Slow", "--draft")
    other = next(
        one["id"] for one in json.loads(keydesk_on("drafts", "list", "--json").stdout) if one["about"] == "Slow"
    )
    assert keydesk_on("drafts", "edit", other, "--from", "in 10h").exit_code == 1
    assert keydesk_on("drafts", "edit", other, "--status", "identified").exit_code == 0
    assert "An incident cannot be “completed”." in keydesk_on("drafts", "edit", other, "--status", "completed").stderr


def test_lists_and_one(keydesk_on: Run, page: Desk) -> None:
    """What goes on and what is planned; its window in both forms."""
    assert "No maintenance is planned" in keydesk_on("maintenance", "list").stdout
    keydesk_on(*NEW, "--no-auto-start", "--no-remind")
    row = the_only(page)
    assert (row.scheduled_auto_in_progress, row.scheduled_remind_prior) == (False, False)
    assert (row.scheduled_auto_completed, row.auto_transition_deliver_notifications_at_end) == (True, True)
    [listed] = json.loads(keydesk_on("maintenance", "list", "--page", "acme", "--json").stdout)
    assert datetime.fromisoformat(listed["begins"]) == row.scheduled_for
    assert "status      scheduled\n" in keydesk_on("maintenance", "show", row.id).stdout
