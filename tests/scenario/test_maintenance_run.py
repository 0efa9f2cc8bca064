"""A maintenance from its announcement to its end: by itself and by hand, moved and called off."""

import json
from datetime import timedelta

import pytest

from sandbox.player import Json, Player, text_of, words_of
from storage.models import Component, Incident, IncidentDraft, Member, Role
from tests.databases import both_databases
from tests.factories import MAX
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

LINE = '/maintenance schedule "Database upgrade" component:search component:checkout in 3h for 1h We move.'


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, by the clock of Zurich; Ines and Max, who is in Tokyo, manage its maintenances."""
    stage = set_stage(scenario)
    stage.set_page(time_zone="Europe/Zurich")
    for player in (scenario.max, scenario.ines):
        stage.grant(player.user_id, Role.MAINTENANCE_MANAGER)
    with scenario.database.write() as session:
        session.get_one(Member, MAX).time_zone = "Asia/Tokyo"
    return stage


def said(stage: Stage) -> list[str]:
    """The replies in the channel, oldest first, each in a line."""
    return [" ".join(words_of(message).split()) for message in stage.thread()]


def status(stage: Stage) -> str:
    """The one maintenance's status."""
    return str(only(everything(stage.scenario, Incident)).status)


def states(stage: Stage) -> tuple[str, str]:
    """The states of Checkout and Search."""
    found = {row.name: str(row.status) for row in everything(stage.scenario, Component)}
    return found["Checkout"], found["Search"]


def told(player: Player, command: str) -> str:
    """What a command is answered with, in a line."""
    answer = player.type_command(command)
    assert answer is not None
    return " ".join(words_of(answer).split())


def bodies(scenario: Scenario) -> list[str]:
    """What the drafts say."""
    return [draft.content["body"] for draft in everything(scenario, IncidentDraft)]


def labels(message: Json) -> list[str]:
    """The buttons at the bottom of a message."""
    return [text_of(one) for one in message["blocks"][-1]["elements"]]


@pytest.mark.page
def test_it_runs_by_itself_and_the_thread_tells(scenario: Scenario, stage: Stage) -> None:
    """Reminder, start and end come at their minute and once; components go and come back; page and thread agree."""
    publish(stage, LINE)
    steps = [(119, 1), (1, 2), (30, 2), (30, 3), (59, 3), (1, 4)]
    for minutes, count in steps:
        scenario.clock.advance(minutes=minutes)
        stage.sweep()
        stage.sweep()
        assert len(said(stage)) == count, minutes
        if minutes == 30 and count == 3:
            assert states(stage) == ("under_maintenance", "under_maintenance")
            stage.wait_for_state("Search", "under_maintenance")
            shows(stage.channel(), "In progress", "Under maintenance")
    _, reminder, start, end = said(stage)
    assert "Maintenance will begin as scheduled in 60 minutes." in reminder
    assert "Scheduled maintenance is currently in progress." in start
    assert "Search: Operational → Under maintenance" in start
    assert "The scheduled maintenance has been completed." in end
    assert states(stage) == ("operational", "operational")
    stage.wait_for_page(f"/incidents/{only(everything(scenario, Incident)).id}/", "has been completed", "60 minutes")
    shows(stage.channel(), ":white_check_mark: *Database upgrade*", "Completed")
    assert scenario.violations() == []


@pytest.mark.page
def test_it_is_started_and_completed_by_hand(scenario: Scenario, stage: Stage) -> None:
    """Early, typed or pressed, each after a look; what went under maintenance comes back, and what broke stays."""
    publish(stage, LINE)
    scenario.max.press("Start", shows(stage.channel(), "Database upgrade"))
    assert scenario.max.submit(**{"body.0": "We begin early."}) == {}
    preview = words_of(scenario.max.modal)
    assert preview.count("Operational → :large_blue_circle: Under maintenance") == 2
    scenario.max.press("Publish", scenario.max.modal)
    scenario.max.close()
    assert status(stage) == "in_progress"
    assert states(stage) == ("under_maintenance", "under_maintenance")
    assert "“Database upgrade” is in progress. It can only start once." in told(
        scenario.max, '/maintenance start "Database upgrade"'
    )

    publish(stage, '/incident new "Checkout errors" component:checkout=major_outage investigating We look.')
    scenario.clock.advance(minutes=30)
    scenario.max.type_command("/maintenance update verifying Nearly done.")
    scenario.max.press("Publish", scenario.max.modal)
    scenario.max.close()
    scenario.max.type_command("/maintenance complete It is *faster* now.")
    preview = words_of(scenario.max.modal)
    assert "API - Search: :large_blue_circle: Under maintenance → :large_green_circle: Operational" in preview
    assert "API - Checkout: stays :red_circle: Major outage" in preview
    scenario.max.press("Publish", scenario.max.modal)
    stage.wait_for_summary(lambda found: found["scheduled_maintenances"] == [])
    assert states(stage) == ("major_outage", "operational")
    shows(stage.thread(), "It is *faster* now.", "Completed")
    assert scenario.violations() == []


def test_the_update_form_follows_its_status(scenario: Scenario, stage: Stage) -> None:
    """Choosing *In progress* in a planned maintenance's form fills in that its components go under maintenance."""
    publish(stage, LINE)
    scenario.max.press("Update", shows(stage.channel(), "Database upgrade"))
    scenario.max.enter("status.0", "in_progress")
    assert scenario.max.submit() == {}
    assert words_of(scenario.max.modal).count("→ :large_blue_circle: Under maintenance") == 2


@pytest.mark.page
def test_work_that_takes_longer(scenario: Scenario, stage: Stage) -> None:
    """While it runs its end is moved, typed or by the form, the public reads until when, and it is completed then."""
    incident = publish(stage, LINE)
    scenario.clock.advance(minutes=180)
    stage.sweep()
    assert status(stage) == "in_progress"
    scenario.clock.advance(minutes=50)
    publish(stage, "/maintenance extend for 2h The copy is slow.")
    shows(stage.thread(), "The copy is slow.")
    scenario.clock.advance(minutes=60)
    stage.sweep()
    assert (status(stage), states(stage)) == ("in_progress", ("under_maintenance", "under_maintenance"))
    until = only(everything(scenario, Incident)).scheduled_until
    assert incident.scheduled_until is not None
    assert until == incident.scheduled_until + timedelta(hours=2)
    scenario.max.press("Takes longer", shows(stage.channel(), "Database upgrade"))
    assert "Begins" not in words_of(scenario.max.modal)
    assert scenario.max.submit(scheduled_until=until + timedelta(hours=1), flags=[]) == {}
    assert "Somebody must complete it" in words_of(scenario.max.modal)
    assert only(everything(scenario, Incident)).scheduled_auto_completed
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(flags=["auto_completed"], **{"body.0": ""}) == {}
    assert "Somebody must complete it" not in words_of(scenario.max.modal)
    scenario.max.press("Publish", scenario.max.modal)
    shows(stage.thread(), "takes longer than planned: it is now expected to end on")
    scenario.max.close()
    scenario.max.type_command("/maintenance reschedule from tomorrow 10:00 for 1h")
    assert "only its end can be moved" in words_of(scenario.max.modal)
    scenario.max.close()
    scenario.clock.advance(minutes=119)
    stage.sweep()
    assert status(stage) == "in_progress"
    scenario.clock.advance(minutes=11)
    stage.sweep()
    assert (status(stage), states(stage)) == ("completed", ("operational", "operational"))
    assert scenario.violations() == []


def test_people_may_complete_it_themselves(scenario: Scenario, stage: Stage) -> None:
    """*Complete by itself* is switched off while it runs, without a word to the public; and what was completed too
    early and is taken up again is left to people."""
    publish(stage, LINE)
    scenario.clock.advance(minutes=180)
    stage.sweep()
    replies = len(said(stage))
    scenario.max.press("Takes longer", shows(stage.channel(), "Database upgrade"))
    assert scenario.max.submit(flags=[]) == {}
    assert "does not complete by itself" in words_of(scenario.max.modal)
    assert len(said(stage)) == replies
    scenario.max.close()
    scenario.clock.advance(minutes=90)
    stage.sweep()
    assert status(stage) == "in_progress"
    publish(stage, "/maintenance complete Done.")
    scenario.max.press("Reopen", shows(stage.channel(), "Database upgrade"))
    assert scenario.max.submit(**{"body.0": "Not done."}) == {}
    scenario.max.press("Publish", scenario.max.modal)
    assert (status(stage), states(stage)) == ("in_progress", ("under_maintenance", "under_maintenance"))
    scenario.clock.advance(minutes=5)
    stage.sweep()
    assert status(stage) == "in_progress"
    publish(stage, "/maintenance complete Done.")
    publish(stage, '/maintenance reopen "Database upgrade" Still not done.')
    assert status(stage) == "in_progress"
    assert scenario.violations() == []


def test_one_that_has_not_begun_is_extended(scenario: Scenario, stage: Stage) -> None:
    """A span is added to its end, as to that of one that runs; it never becomes shorter by it."""
    planned = publish(stage, LINE)
    publish(stage, '/maintenance extend "Database upgrade" for 30m')
    moved = only(everything(scenario, Incident))
    assert moved.scheduled_for == planned.scheduled_for
    assert planned.scheduled_until is not None
    assert moved.scheduled_until == planned.scheduled_until + timedelta(minutes=30)


def test_what_is_not_over_is_not_taken_up_again(scenario: Scenario, stage: Stage) -> None:
    """`reopen` says how it stands and what there is instead; what ran and ended before its time can be."""
    publish(stage, LINE)
    reopen = '/maintenance reopen "Database upgrade" Once more.'
    assert "is not over: it is scheduled. To begin it: /maintenance start" in told(scenario.max, reopen)
    publish(stage, "/maintenance start")
    assert "is not over: it is in progress. Say more: /maintenance update" in told(scenario.max, reopen)
    scenario.max.type_command("/maintenance extend for 1h")
    assert "By itself: the end" in words_of(scenario.max.modal)
    scenario.max.close()
    publish(stage, "/maintenance complete Done early.")
    scenario.max.press("Reopen", shows(stage.channel(), "Database upgrade"))
    assert "In progress" in words_of(scenario.max.modal)


@pytest.mark.page
def test_it_is_cancelled_with_a_reason(scenario: Scenario, stage: Stage) -> None:
    """The reason is previewed, then public; the page says Cancelled, and it does not run."""
    incident = publish(stage, LINE)
    scenario.max.press("Cancel", shows(stage.channel(), "Database upgrade"))
    assert scenario.max.submit(**{"body.0": "The new server is late."}) == {}
    assert "This maintenance has been cancelled. The new server is late." in words_of(scenario.max.modal)
    assert status(stage) == "scheduled"
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit() == {}
    assert "This maintenance has been cancelled. The new server is late." in words_of(scenario.max.modal)
    assert ":calendar: Scheduled → :no_entry_sign: Cancelled" in words_of(scenario.max.modal)
    scenario.max.press("Publish", scenario.max.modal)
    assert "is on the page: :no_entry_sign: Cancelled." in words_of(scenario.max.modal)
    page = stage.wait_for_page(f"/incidents/{incident.id}/", "Cancelled", "The new server is late.")
    shown = scenario.max.type_command('/maintenance show "Database upgrade"')
    for told_of_it in (page, json.dumps([shown, stage.channel(), stage.thread()])):
        assert "Cancelled" in told_of_it
        assert "Completed" not in told_of_it
    assert "The new server is late." in said(stage)[-1]
    scenario.clock.advance(hours=3, minutes=1)
    stage.sweep()
    assert len(said(stage)) == 2
    assert states(stage) == ("operational", "operational")
    assert labels(shows(stage.channel(), "Database upgrade")) == ["Show"]
    for command in ("cancel", "reschedule", "start", "update", "reopen"):
        answer = told(scenario.max, f'/maintenance {command} "Database upgrade" Once more.')
        assert "“Database upgrade” was cancelled. To announce it anew: /maintenance schedule" in answer
    assert scenario.violations() == []


@pytest.mark.parametrize(
    "line",
    [
        "reschedule by 2 hours",
        "reschedule database upgrade +2h",
        "reschedule database upgrade 2h later",
        "postpone for 2h",
        "delay database upgrade 2 hours",
    ],
)
def test_it_is_moved_by_a_length_of_time_as_a_whole(scenario: Scenario, stage: Stage, line: str) -> None:
    """Who postpones it by two hours does not let it take two hours longer."""
    publish(stage, LINE)
    scenario.max.type_command(f"/maintenance {line}")
    shown = words_of(scenario.max.modal)
    assert "it begins on 2 March 2026, 15:00 CET and ends on 2 March 2026, 16:00 CET" in shown
    assert "*For 1 hour*" in shown


def test_of_one_that_runs_the_end_is_moved_by_a_length_of_time(scenario: Scenario, stage: Stage) -> None:
    """It has begun, and takes so much longer; what stands behind “because” is what people read."""
    publish(stage, LINE)
    publish(stage, "/maintenance start")
    scenario.max.type_command("/maintenance postpone by 30m because the copy is slow")
    shown = words_of(scenario.max.modal)
    assert "*For 90 minutes*" in shown
    assert "because" not in shown
    assert "The copy is slow" in shown


@pytest.mark.parametrize(
    ("line", "told_so"),
    [
        ("update completed", "“Database upgrade” has not begun. Start it, or cancel it."),
        ("abort database upgrade", "/maintenance cancel"),
        ("stop database upgrade", "/maintenance cancel"),
        ("resolve database upgrade", "/maintenance complete"),
    ],
)
def test_what_would_tell_people_something_else_is_answered(
    scenario: Scenario, stage: Stage, line: str, told_so: str
) -> None:
    """One that has not begun is not completed, and nobody who wants to stop it is pointed at starting it."""
    publish(stage, LINE)
    answer = told(scenario.max, f"/maintenance {line}")
    assert told_so in answer
    assert "/maintenance start`" not in answer
    assert status(stage) == "scheduled"


def test_a_word_for_keydesk_is_not_published(scenario: Scenario, stage: Stage) -> None:
    """An update that says “cancelled” would leave it planned. Completed by form before it began, it is called off and
    says so."""
    publish(stage, LINE)
    scenario.max.type_command("/maintenance update cancelled")
    assert "Should people read “cancelled”?" in words_of(scenario.max.modal)
    scenario.max.close()
    scenario.max.type_command("/maintenance update")
    assert scenario.max.submit(**{"status.0": "completed"}) == {}
    assert "This maintenance has been cancelled." in words_of(scenario.max.modal)


@pytest.mark.page
def test_it_is_moved_and_runs_at_its_new_time(scenario: Scenario, stage: Stage) -> None:
    """By line or by form the new window is previewed by both clocks, told, and has its own reminder and start."""
    publish(stage, LINE)
    scenario.clock.advance(hours=2)
    stage.sweep()
    assert "60 minutes" in said(stage)[-1]
    scenario.max.type_command("/maintenance reschedule from tomorrow 22:00 for 2h")
    moved = "This maintenance has been rescheduled: it begins on 3 March 2026, 14:00 CET and ends on"
    preview = words_of(scenario.max.modal)
    assert moved in preview
    assert "Tue 3 Mar 2026 14:00 CET" in preview
    assert "your clock: Asia/Tokyo" in preview

    scenario.max.press("Edit", scenario.max.modal)
    start = scenario.clock.now() + timedelta(hours=24)
    assert scenario.max.submit(scheduled_for=start, **{"body.0": "We need another day."}) == {}
    assert "Tue 3 Mar 2026 12:00 CET" in words_of(scenario.max.modal)
    scenario.max.press("Publish", scenario.max.modal)
    assert "We need another day." in said(stage)[-1]
    stage.wait_for_page("/api/v2/scheduled-maintenances/upcoming.json", "2026-03-03T12:00:00.000+01:00")
    stage.sweep()
    scenario.clock.advance(hours=1)
    stage.sweep()
    assert status(stage) == "scheduled"
    scenario.clock.advance(hours=22)
    stage.sweep()
    assert "60 minutes" in said(stage)[-1]
    scenario.clock.advance(hours=1)
    stage.sweep()
    assert status(stage) == "in_progress"
    assert "1 in progress, 0 planned" in told(scenario.max, "/maintenance list")
    scenario.max.type_command('/maintenance reschedule "Database upgrade" in 1h for 1h')
    assert "It has begun: only its end can be moved." in words_of(scenario.max.modal)
    assert scenario.violations() == []


@both_databases
def test_warnings_and_long_texts_stay_when_it_is_moved_or_cancelled(scenario: Scenario, stage: Stage) -> None:
    """Whom a line named is pointed out after the form that it opened, and *Edit* cuts no long text."""
    publish(stage, LINE)
    long = "\n\n".join(letter * 1400 for letter in "abcd")
    text = f"<@{MAX}> is ill.\n\n{long}"
    scenario.max.type_command(f"/maintenance reschedule until 2026-01-01 10:00 {text}")
    start = scenario.clock.now() + timedelta(hours=24)
    scenario.max.enter("scheduled_for", start)
    assert scenario.max.submit(scheduled_until=start + timedelta(hours=1)) == {}
    assert "It names a person: Max Meyer." in words_of(scenario.max.modal)
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(scheduled_until=start + timedelta(hours=2)) == {}
    assert "It names a person: Max Meyer." in words_of(scenario.max.modal)
    assert f"Max Meyer is ill.\n\n{long}" in bodies(scenario)

    scenario.max.type_command(f"/maintenance cancel {text}")
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit() == {}
    assert "It names a person: Max Meyer." in words_of(scenario.max.modal)
    assert any(body.endswith(f"cancelled. Max Meyer is ill.\n\n{long}") for body in bodies(scenario))
    assert scenario.violations() == []


def test_several_are_told_apart(scenario: Scenario, stage: Stage) -> None:
    """Where several are planned, a command that names none shows each with its buttons; a running one is clear."""
    assert "No maintenance is planned." in told(scenario.max, "/maintenance start")
    publish(stage, LINE)
    publish(stage, '/maintenance schedule "Index rebuild" component:website in 5h for 1h')
    for verb, words in (
        ("start", ""),
        ("cancel", "Because."),
        ("update", "We are ready."),
        ("reschedule", "in 9h for 1h"),
    ):
        answer = scenario.max.type_command(f"/maintenance {verb} {words}") or {}
        for shown in ("Which one?", "*Database upgrade*", "*Index rebuild*"):
            assert shown in words_of(answer)
        second = words_of(answer).index("Index rebuild") > words_of(answer).index("Database upgrade")
        scenario.max.press(verb.capitalize(), answer, nth=int(second))
        assert "Index rebuild" in words_of(scenario.max.modal)
        if not words.startswith("in"):
            assert words in words_of(scenario.max.modal)
        scenario.max.press("Discard", scenario.max.modal)
    publish(stage, '/maintenance start "Index rebuild"')
    scenario.max.type_command("/maintenance complete")
    assert "*Index rebuild*" in words_of(scenario.max.modal)
    assert "Completed" in words_of(scenario.max.modal)
    publish(stage, '/incident new "Errors" component:checkout=major_outage investigating We look.')
    assert "“Errors” is an incident." in told(scenario.max, '/maintenance start "Errors"')
    assert scenario.violations() == []


def test_whoever_is_late_is_told(scenario: Scenario, stage: Stage) -> None:
    """A preview that waits while the maintenance begins by itself does not call it off; once begun it cannot be."""
    publish(stage, LINE)
    scenario.max.type_command("/maintenance cancel The server is late.")
    scenario.clock.advance(hours=3)
    stage.sweep()
    scenario.max.press("Publish", scenario.max.modal)
    assert "was changed" in words_of(scenario.max.modal)
    assert "Your draft is kept" in words_of(scenario.max.modal)
    assert status(stage) == "in_progress"
    late = told(scenario.max, '/maintenance cancel "Database upgrade" It is late.')
    assert "is in progress. Complete it when it is done." in late
    shown = scenario.max.type_command("/incident drafts")
    assert shown is not None
    scenario.max.press("Open", shown)
    scenario.max.press("Edit", scenario.max.modal)
    assert "is in progress." in words_of(scenario.max.modal)
    assert len(everything(scenario, IncidentDraft)) == 2
