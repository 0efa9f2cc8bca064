"""Which step of a maintenance is due when, and the words in which it is said."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.incidents.inputs import IncidentChange
from desk.incidents.maintenances.steps import (
    NOTHING,
    Due,
    Plan,
    Step,
    decide_step,
    end_text,
    is_step,
    reminder_text,
    start_text,
)
from storage.models import IncidentStatus
from tests.clock import MONDAY_MORNING as NOW

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)
START, END = NOW, NOW + 2 * HOUR
PLAN = Plan(
    status=IncidentStatus.SCHEDULED,
    created_at=START - timedelta(days=3),
    scheduled_for=START,
    scheduled_until=END,
    remind_prior=True,
    auto_in_progress=True,
    auto_completed=True,
)
REMIND, BEGIN, COMPLETE = Due(Step.REMIND), Due(Step.START), Due(Step.COMPLETE)
LATE_START, LATE_END = Due(Step.START, is_late=True), Due(Step.COMPLETE, is_late=True)
RUNNING: dict[str, Any] = {"status": IncidentStatus.IN_PROGRESS, "was_started": True}
REMINDED: dict[str, Any] = {"reminded_at": START - HOUR}
TOLD_NOTHING: dict[str, Any] = {"auto_in_progress": False, "auto_completed": False, "remind_prior": False}


@pytest.mark.parametrize(
    ("case", "changes", "now", "due"),
    [
        ("long before", {}, START - 5 * HOUR, NOTHING),
        ("a second before the reminder", {}, START - HOUR - SECOND, NOTHING),
        ("exactly an hour before", {}, START - HOUR, REMIND),
        ("a minute after that", {}, START - 59 * MINUTE, REMIND),
        ("a late reminder", {}, START - 20 * MINUTE, Due(Step.REMIND, is_late=True)),
        ("a second before the start, never reminded", {}, START - SECOND, Due(Step.REMIND, is_late=True)),
        ("reminded already", REMINDED, START - 30 * MINUTE, NOTHING),
        ("no reminder wanted", {"remind_prior": False}, START - HOUR, NOTHING),
        ("scheduled within the hour", {"created_at": START - 40 * MINUTE}, START - 39 * MINUTE, NOTHING),
        ("scheduled exactly an hour before", {"created_at": START - HOUR}, START - HOUR, NOTHING),
        ("reminded, then moved two hours", {"reminded_at": START - 3 * HOUR}, START - HOUR, REMIND),
        ("reminded, then moved ten minutes", {"reminded_at": START - 70 * MINUTE}, START - HOUR, REMIND),
        ("moved, and reminded of the new time", {"reminded_at": START - 59 * MINUTE}, START - 50 * MINUTE, NOTHING),
        ("reminded, then moved nearer", {"reminded_at": START - 30 * MINUTE}, START - 10 * MINUTE, NOTHING),
        ("exactly at the start", REMINDED, START, BEGIN),
        ("the reminder was missed, and it is time", {}, START, BEGIN),
        ("a minute after the start", REMINDED, START + MINUTE, BEGIN),
        ("five minutes after the start", REMINDED, START + 5 * MINUTE, BEGIN),
        ("the start was missed", REMINDED, START + 5 * MINUTE + SECOND, LATE_START),
        ("the start was missed, a second before the end", REMINDED, END - SECOND, LATE_START),
        ("no start by itself", {"auto_in_progress": False}, START + HOUR, NOTHING),
        ("started before its time by hand", {"status": IncidentStatus.IN_PROGRESS}, START, NOTHING),
        ("going on", RUNNING, START + HOUR, NOTHING),
        ("started, and taken back by hand", {"was_started": True}, START + HOUR, NOTHING),
        ("started, taken back, and over", {"was_started": True}, END + HOUR, NOTHING),
        ("a second before the end", RUNNING, END - SECOND, NOTHING),
        ("exactly at the end", RUNNING, END, COMPLETE),
        ("verifying, before the end", RUNNING | {"status": IncidentStatus.VERIFYING}, END - SECOND, NOTHING),
        ("verifying, at the end", RUNNING | {"status": IncidentStatus.VERIFYING}, END, COMPLETE),
        ("the end was missed", RUNNING, END + 6 * MINUTE, LATE_END),
        ("no end by itself", RUNNING | {"auto_completed": False}, END + HOUR, NOTHING),
        ("completed by hand", {"status": IncidentStatus.COMPLETED, "was_started": True}, END, NOTHING),
        ("completed, then reopened", RUNNING | {"was_completed": True}, END + HOUR, NOTHING),
        ("both were missed", {}, END, Due(Step.COMPLETE, is_unreported=True)),
        ("both were missed long ago", {}, END + 9 * HOUR, Due(Step.COMPLETE, is_late=True, is_unreported=True)),
        ("both missed, the end is left to people", {"auto_completed": False}, END, NOTHING),
        ("both missed, the start is left to people", {"auto_in_progress": False}, END, NOTHING),
        ("left to people", TOLD_NOTHING, START + HOUR, NOTHING),
        ("left to people, going on", RUNNING | TOLD_NOTHING, END + HOUR, NOTHING),
        ("without an end", {"scheduled_until": None}, END, LATE_START),
        ("going on without an end", RUNNING | {"scheduled_until": None}, END, NOTHING),
        ("cancelled", {"status": IncidentStatus.COMPLETED}, START, NOTHING),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_due(case: str, changes: dict[str, Any], now: Any, due: Due) -> None:
    """One step or none, and whether it comes late."""
    assert decide_step(replace(PLAN, **changes), now) == due, case


def test_nothing_comes_before_its_time_or_without_its_flag() -> None:
    """In every state, with every flag, at every turn of the window: a step comes if its flag is set, its instant has
    come and nobody took it before, and not otherwise."""
    seen = Counter[Step]()
    states = (IncidentStatus.SCHEDULED, IncidentStatus.IN_PROGRESS, IncidentStatus.VERIFYING)
    flags = list(product((False, True), repeat=5))
    for state, minute, flag in product(states, (-61, -60, -1, 0, 119, 120, 300), flags):
        remind, begin, complete, was_started, was_completed = flag
        waits = state is IncidentStatus.SCHEDULED
        plan = replace(
            PLAN,
            status=state,
            remind_prior=remind,
            auto_in_progress=begin,
            auto_completed=complete,
            was_started=was_started,
            was_completed=was_completed,
        )
        begins = waits and begin and not was_started
        ends = complete and not was_completed and (begins or not waits)
        expected = {
            Step.REMIND: waits and remind and -60 <= minute < 0,
            Step.START: begins and 0 <= minute < 120,
            Step.COMPLETE: ends and minute >= 120,
        }
        step = decide_step(plan, START + minute * MINUTE).step
        assert [step] == ([name for name, due in expected.items() if due] or [Step.NOTHING]), plan
        seen[step] += 1
    assert min(seen[step] for step in Step) > 10


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (HOUR, "60 minutes"),
        (59 * MINUTE + SECOND, "60 minutes"),
        (59 * MINUTE, "59 minutes"),
        (20 * MINUTE, "20 minutes"),
        (MINUTE, "1 minute"),
        (SECOND, "1 minute"),
    ],
)
def test_a_reminder_says_how_long_it_is_in_truth(left: timedelta, words: str) -> None:
    """Whole minutes, a part of one counting as one."""
    assert reminder_text(PLAN, START - left) == f"Maintenance will begin as scheduled in {words}."


@pytest.mark.parametrize(
    ("zone", "since"),
    [
        ("Europe/Zurich", "2 March 2026, 10:00 CET"),
        ("UTC", "2 March 2026, 09:00 UTC"),
        ("Asia/Kathmandu", "2 March 2026, 14:45 UTC+05:45"),
    ],
)
def test_what_comes_late_says_so_in_the_pages_time_zone(zone: str, since: str) -> None:
    """A late start adds since when; in time, Statuspage's words are all."""
    assert start_text(PLAN, BEGIN, ZoneInfo(zone)) == (
        "Scheduled maintenance is currently in progress. We will provide updates as necessary."
    )
    assert start_text(PLAN, LATE_START, ZoneInfo(zone)) == (
        "Scheduled maintenance is currently in progress. We will provide updates as necessary.\n\n"
        f"It began as scheduled on {since}; this update comes late."
    )


def test_the_end_says_what_was_missed() -> None:
    """In time, Statuspage's words; late, until when it was scheduled; unreported, from when to when."""
    zone, done = ZoneInfo("Europe/Zurich"), "The scheduled maintenance has been completed."
    assert end_text(PLAN, COMPLETE, zone) == done
    assert end_text(PLAN, LATE_END, zone) == (
        f"{done}\n\nIt was scheduled until 2 March 2026, 12:00 CET; this update comes late."
    )
    assert end_text(PLAN, Due(Step.COMPLETE, is_unreported=True), zone) == (
        f"{done}\n\nIt was scheduled from 2 March 2026, 10:00 CET, until 2 March 2026, 12:00 CET; "
        "this page could not report on it then."
    )


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        ("scheduled", IncidentChange(status=IncidentStatus.SCHEDULED, body="Soon."), True),
        ("scheduled", IncidentChange(status=IncidentStatus.IN_PROGRESS, deliver_notifications=False), True),
        ("scheduled", IncidentChange(status=IncidentStatus.COMPLETED, components={"a": None}), True),
        ("scheduled", IncidentChange(status=IncidentStatus.VERIFYING), False),
        ("scheduled", IncidentChange(body="Soon."), False),
        ("scheduled", IncidentChange(status=IncidentStatus.IN_PROGRESS, name="Other"), False),
        ("in_progress", IncidentChange(status=IncidentStatus.COMPLETED), True),
        ("verifying", IncidentChange(status=IncidentStatus.COMPLETED), True),
        ("verifying", IncidentChange(status=IncidentStatus.IN_PROGRESS), False),
        ("completed", IncidentChange(status=IncidentStatus.IN_PROGRESS), False),
        ("completed", IncidentChange(status=IncidentStatus.COMPLETED), False),
        ("investigating", IncidentChange(status=IncidentStatus.COMPLETED), False),
    ],
)
def test_what_is_a_step(before: str, change: IncidentChange, expected: bool) -> None:
    """A reminder, a start or an end, from where there is one, and no other change beside it."""
    assert is_step(before, change) is expected
