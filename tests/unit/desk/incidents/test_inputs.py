"""What may be said of an incident, and of a change of one, up to its very limits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.errors import InvalidInputError
from desk.incidents.default_texts import FIRST_WORDS, decide_words
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule, check_change, check_new
from desk.pages.intervals import reminder_hours
from storage.models import IncidentStatus
from tests.clock import MONDAY_MORNING as NOW

INSTANT = timedelta(microseconds=1)
WINDOW = Schedule(scheduled_for=NOW, scheduled_until=NOW + INSTANT)
EMPTY = replace(WINDOW, scheduled_until=NOW)
ON_ALL_HOURS = str(list(range(1, 25))).replace(" ", "")
TOO_LONG = f"[{' ' * 253}1]"


@pytest.mark.parametrize(
    "new",
    [
        NewIncident(name="x" * 255, body="x" * 25_000),
        NewIncident(name="x", schedule=WINDOW, status=IncidentStatus.COMPLETED),
        NewIncident(name="x", backfilled_at=NOW),
        NewIncident(name="x", reminder_intervals=f"[{' ' * 252}1]", metadata={"jira": {}}),
    ],
    ids=["the longest name and text", "the shortest maintenance", "of this instant", "as long as the database takes"],
)
def test_what_can_just_be(new: NewIncident) -> None:
    """The last thing before what is refused is taken."""
    check_new(new, NOW)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewIncident(name="x", schedule=EMPTY), "scheduled_until"),
        (NewIncident(name="x", backfilled_at=NOW + INSTANT), "backfill_date"),
        (NewIncident(name="x", backfilled_at=NOW.replace(year=226)), "backfill_date"),
        (NewIncident(name="x", backfilled_at=NOW, components={"c": None}), "components"),
        (NewIncident(name="x", backfilled_at=NOW, status=IncidentStatus.INVESTIGATING), "status"),
    ],
    ids=["an empty window", "of the future", "of the year 226", "components of the past", "open, and of the past"],
)
def test_what_can_just_not_be(new: NewIncident, field: str) -> None:
    """One more, and it is refused by its field."""
    with pytest.raises(InvalidInputError) as refusal:
        check_new(new, NOW)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (IncidentChange(name=" "), "name"),
        (IncidentChange(name="x" * 256), "name"),
        (IncidentChange(body="x" * 25_001), "body"),
        (IncidentChange(status=IncidentStatus.COMPLETED), "status"),
        (IncidentChange(metadata={"jira": "X-1"}), "metadata"),
        (IncidentChange(reminder_intervals="soon"), "reminder_intervals"),
        (IncidentChange(schedule=WINDOW), "scheduled_for"),
    ],
)
def test_what_a_change_cannot_be(change: IncidentChange, field: str) -> None:
    """It is held to what a new incident is held to, and has no schedule where the incident has none."""
    with pytest.raises(InvalidInputError) as refusal:
        check_change(change, scheduled=False)
    assert refusal.value.field == field


def test_what_a_change_of_a_maintenance_can_be() -> None:
    """It has its own statuses and a schedule, which must be one."""
    check_change(IncidentChange(status=IncidentStatus.COMPLETED, schedule=WINDOW), scheduled=True)
    for change, field in (
        (IncidentChange(status=IncidentStatus.RESOLVED), "status"),
        (IncidentChange(schedule=EMPTY), "scheduled_until"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            check_change(change, scheduled=True)
        assert refusal.value.field == field


@pytest.mark.parametrize(
    ("intervals", "hours", "every"),
    [
        (None, (3, 6, 12, 24), None),
        ("", (3, 6, 12, 24), None),
        ("1", (), 1),
        ("24", (), 24),
        (ON_ALL_HOURS, tuple(range(1, 25)), None),
    ],
)
def test_reminder_hours(intervals: str | None, hours: tuple[int, ...], every: int | None) -> None:
    """From the first hour to the last one of a day."""
    assert reminder_hours(intervals) == (hours, every)


@pytest.mark.parametrize(
    "intervals", ["0", "25", "true", "[0]", "[25]", "[1,1]", "[2,1]", "[true]", "[1.5]", TOO_LONG]
)
def test_what_are_no_reminder_hours(intervals: str) -> None:
    """Neither before the first hour nor after the last, nor twice, nor anything but whole numbers."""
    with pytest.raises(InvalidInputError):
        reminder_hours(intervals)


def test_which_words_an_update_needs() -> None:
    """A new status has words of its own where nobody wrote any; the same one has none, and then something must be
    said."""
    status = IncidentStatus.MONITORING
    assert decide_words("identified", status, " Look. ") == "Look."
    assert decide_words("identified", status, " ") == FIRST_WORDS[status]
    assert decide_words("monitoring", status, "Look.") == "Look."
    for same in (status, None):
        with pytest.raises(InvalidInputError, match="Say something new") as refusal:
            decide_words("monitoring", same, " ")
        assert refusal.value.field == "body"
