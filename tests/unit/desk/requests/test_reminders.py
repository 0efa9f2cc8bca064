"""When owners are reminded: later and later, and only while people work."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.policy import Policy
from desk.requests.reminders import is_working_time, next_reminder_at, next_working_time
from tests.policies import policy_of
from tests.reaching import Branch

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]

policies = st.builds(
    Policy,
    time_zone=st.sampled_from(ZONES).map(ZoneInfo),
    working_hours=st.tuples(st.times(), st.times()),
    working_days=st.sets(st.integers(0, 6)).map(frozenset),
    reminder_after=st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=3)),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def _reminder(policy: Policy, since: datetime, sent: int = 0) -> datetime | None:
    return next_reminder_at(policy, since=since, sent=sent, expires_at=NEVER)


@pytest.mark.parametrize(
    ("since", "sent", "expected"),
    [
        (MONDAY, 0, MONDAY + timedelta(hours=4)),
        (MONDAY, 1, datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (MONDAY, 2, datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (datetime(2026, 3, 6, 15, tzinfo=UTC), 0, datetime(2026, 3, 9, 9, tzinfo=UTC)),
        (datetime(2026, 3, 7, 23, tzinfo=UTC), 0, datetime(2026, 3, 9, 9, tzinfo=UTC)),
    ],
)
def test_the_wait_doubles_and_moves_into_working_time(since: datetime, sent: int, expected: datetime) -> None:
    """Four, eight, sixteen hours; the evening moves to the morning and the weekend to Monday."""
    assert _reminder(policy_of(), since, sent) == expected


def test_working_time_is_read_in_the_policys_zone() -> None:
    """Nine o'clock is nine where the organization is: 14:00 UTC for New York in winter, 13:00 in summer."""
    policy = policy_of(time_zone=ZoneInfo("America/New_York"))
    assert next_working_time(policy, datetime(2026, 3, 6, 12, tzinfo=UTC)) == datetime(2026, 3, 6, 14, tzinfo=UTC)
    assert next_working_time(policy, datetime(2026, 3, 9, 12, tzinfo=UTC)) == datetime(2026, 3, 9, 13, tzinfo=UTC)


def test_work_that_begins_in_an_hour_that_is_skipped_begins_after_it() -> None:
    """Where clocks jump from 02:00 to 03:00, work from 02:30 on begins at 03:30."""
    policy = policy_of(
        time_zone=ZoneInfo("Europe/Berlin"), working_hours=(time(2, 30), time(6)), working_days=frozenset({6})
    )
    opening = next_working_time(policy, datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert opening == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_work_that_is_skipped_whole_waits_for_the_next_day() -> None:
    """Where the whole working time falls into the jump, there is none that day."""
    policy = policy_of(
        time_zone=ZoneInfo("Europe/Berlin"),
        working_hours=(time(2), time(3)),
        working_days=frozenset({6, 0}),
    )
    opening = next_working_time(policy, datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert opening == datetime(2026, 3, 30, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_opens_work_twice() -> None:
    """Where clocks go back, work from 02:30 on begins a second time after the first has passed."""
    policy = policy_of(
        time_zone=ZoneInfo("Europe/Berlin"), working_hours=(time(2, 30), time(2, 45)), working_days=frozenset({6})
    )
    between = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    assert next_working_time(policy, between) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_nights_work_too_where_hours_span_midnight() -> None:
    """Working hours from 22:00 to 06:00 hold at midnight and not at noon."""
    policy = policy_of(working_hours=(time(22), time(6)), working_days=frozenset(range(7)))
    assert is_working_time(policy, MONDAY.replace(hour=0))
    assert next_working_time(policy, MONDAY.replace(hour=12)) == MONDAY.replace(hour=22)


def test_no_reminder_comes_after_expiry() -> None:
    """A reminder that would come when the request has expired is not planned."""
    expires_at = MONDAY + timedelta(hours=4)
    assert next_reminder_at(policy_of(), since=MONDAY, sent=0, expires_at=expires_at) is None
    after = expires_at + timedelta(seconds=1)
    assert next_reminder_at(policy_of(), since=MONDAY, sent=0, expires_at=after) == expires_at


def test_without_working_days_nobody_is_reminded() -> None:
    """A policy that knows no working day plans nothing."""
    assert _reminder(policy_of(working_days=frozenset()), MONDAY) is None


planned = Branch(0.2)


@planned
@given(policy=policies, since=instants, sent=st.integers(0, 1000))
def test_reminders_come_in_working_time_and_never_early(policy: Policy, since: datetime, sent: int) -> None:
    """Whatever the zone, the hours and the days: a reminder comes while people work, after the whole wait."""
    at = _reminder(policy, since, sent)
    if at is not None:
        planned.reached()
        assert is_working_time(policy, at)
        assert at - since >= min(policy.reminder_after * 2 ** min(sent, 12), timedelta(days=3650))


waiting = Branch(0.02)


@waiting
@given(policy=policies, instant=instants, minutes=st.integers(0, 60 * 24 * 9))
def test_nothing_earlier_would_have_done(policy: Policy, instant: datetime, minutes: int) -> None:
    """No instant between the wish and the next working time is itself working time."""
    found = next_working_time(policy, instant)
    earlier = instant + timedelta(minutes=minutes)
    if found is None or earlier < found:
        waiting.reached()
        assert not is_working_time(policy, earlier)


@given(zone=st.sampled_from(ZONES), instant=instants)
def test_a_usual_week_always_has_a_next_working_hour(zone: str, instant: datetime) -> None:
    """With usual hours the next working time is at most a long weekend away, also where clocks change."""
    policy = replace(policy_of(), time_zone=ZoneInfo(zone))
    found = next_working_time(policy, instant)
    assert found is not None
    assert found - instant < timedelta(days=3)
