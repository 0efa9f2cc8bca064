"""When jobs are due, across weeks, time zones and changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.jobs.schedule import Every, Schedule, Weekly, find_due

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]

instants = st.datetimes(datetime(2001, 1, 1), datetime(2049, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
weeklies = st.builds(
    Weekly,
    day=st.integers(0, 6),
    at=st.times().map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
intervals = st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)])
schedules: st.SearchStrategy[Schedule] = st.one_of(weeklies, st.builds(Every, interval=intervals))


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "now", "expected"),
    [
        # Monday 09:00 in Berlin is 08:00 UTC in winter and 07:00 in summer.
        (0, "09:00", "Europe/Berlin", "2026-03-23 08:00", "2026-03-23 08:00"),
        (0, "09:00", "Europe/Berlin", "2026-03-23 07:59:59", "2026-03-16 08:00"),
        (0, "09:00", "Europe/Berlin", "2026-03-30 07:00", "2026-03-30 07:00"),
        (0, "09:00", "Europe/Berlin", "2026-03-30 06:59:59", "2026-03-23 08:00"),
        (0, "09:00", "Europe/Berlin", "2026-10-26 07:30", "2026-10-19 07:00"),
        (0, "09:00", "Europe/Berlin", "2026-10-26 08:00", "2026-10-26 08:00"),
        # Sunday 29 March 2026, 02:30 does not exist in Berlin: the clocks go from 02:00 to 03:00, at 01:00 UTC.
        (6, "02:30", "Europe/Berlin", "2026-03-29 01:29", "2026-03-22 01:30"),
        (6, "02:30", "Europe/Berlin", "2026-03-29 01:30", "2026-03-29 01:30"),
        (6, "02:30", "Europe/Berlin", "2026-04-05 00:30", "2026-04-05 00:30"),
        # Sunday 25 October 2026, 02:30 comes twice in Berlin: at 00:30 and at 01:30 UTC. The first one counts.
        (6, "02:30", "Europe/Berlin", "2026-10-25 00:29", "2026-10-18 00:30"),
        (6, "02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 00:30"),
        (6, "02:30", "Europe/Berlin", "2026-10-25 01:30", "2026-10-25 00:30"),
        # New York changes on other Sundays; a Sunday evening there is Monday in UTC.
        (6, "21:00", "America/New_York", "2026-03-09 01:00", "2026-03-09 01:00"),
        (6, "21:00", "America/New_York", "2026-03-09 00:59", "2026-03-02 02:00"),
        # Lord Howe's clocks change by half an hour.
        (6, "02:15", "Australia/Lord_Howe", "2026-10-03 15:45", "2026-10-03 15:45"),
        # Kolkata, half an hour off and ahead: Monday 03:00 there is Sunday in UTC.
        (0, "03:00", "Asia/Kolkata", "2026-03-01 21:30", "2026-03-01 21:30"),
        (0, "03:00", "Asia/Kolkata", "2026-03-01 21:29", "2026-02-22 21:30"),
        # Samoa had no Friday 30 December 2011 at all.
        (4, "09:00", "Pacific/Apia", "2011-12-31 00:00", "2011-12-30 19:00"),
    ],
)
def test_the_newest_weekly_instant(day: int, clock: str, zone: str, now: str, expected: str) -> None:
    """A weekly time follows its zone's clocks; skipped times come by the old offset, repeated ones at first."""
    schedule = Weekly(day, time.fromisoformat(clock), ZoneInfo(zone))
    assert schedule.latest(at(now)) == at(expected)


@pytest.mark.parametrize(
    ("minutes", "now", "expected"),
    [
        (1, "2026-03-02 09:00:59", "2026-03-02 09:00"),
        (60, "2026-03-02 09:59:59", "2026-03-02 09:00"),
        (60, "2026-03-02 10:00:00", "2026-03-02 10:00"),
        (1440, "2026-03-02 09:00", "2026-03-02 00:00"),
    ],
)
def test_the_newest_regular_instant(minutes: int, now: str, expected: str) -> None:
    """Regular intervals fall on full minutes, hours and days of UTC."""
    assert Every(timedelta(minutes=minutes)).latest(at(now)) == at(expected)


@given(schedules, instants)
def test_the_newest_instant_is_past_and_stays_the_newest(schedule: Schedule, now: datetime) -> None:
    """The newest scheduled instant is never after now, and asking at that instant gives the same one."""
    latest = schedule.latest(now)
    assert latest <= now
    assert schedule.latest(latest) == latest


@given(weeklies, instants)
def test_each_week_has_one_run(schedule: Weekly, now: datetime) -> None:
    """Weekly instants are a week apart, give or take what the zone's clocks change, and none is passed over."""
    latest = schedule.latest(now)
    before = schedule.latest(latest - timedelta(seconds=1))
    assert timedelta(days=6) <= latest - before <= timedelta(days=8)


@given(schedules, st.lists(instants, min_size=2, max_size=30).map(sorted))
def test_however_irregular_one_looks_each_run_is_due_once(schedule: Schedule, looks: list[datetime]) -> None:
    """Whoever looks, whenever: no run is due twice, none before its time, and the newest one is never left undone."""
    done = [schedule.latest(looks[0])]
    for look in looks[1:]:
        due = find_due(schedule, done[-1], look)
        if due is not None:
            assert done[-1] < due <= look
            done.append(due)
        assert done[-1] == schedule.latest(look)
    assert len(set(done)) == len(done)


def test_missed_runs_are_caught_up_once() -> None:
    """After three weeks of standstill one run is due, the newest; when it is done, none."""
    schedule = Weekly(0, time(9), BERLIN)
    last, now = at("2026-03-02 08:00"), at("2026-03-25 12:00")
    due = find_due(schedule, last, now)
    assert due == at("2026-03-23 08:00")
    assert find_due(schedule, due, now) is None


def test_a_schedule_that_was_moved_back_owes_nothing_twice() -> None:
    """When the weekly time is set earlier after this week's run, the run is not due again before next week."""
    done = Weekly(0, time(15), BERLIN).latest(at("2026-03-02 20:00"))
    moved = Weekly(0, time(9), BERLIN)
    assert find_due(moved, done, at("2026-03-08 12:00")) is None
    assert find_due(moved, done, at("2026-03-09 08:00")) == at("2026-03-09 08:00")
