"""Uptime against a naive reference that looks at every second of a short day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.status_page.uptime import Change, Span, day_bounds, days_of, span_between
from storage.models import ComponentStatus

START = datetime(2026, 3, 1, tzinfo=UTC)
changes = st.lists(
    st.tuples(st.integers(-600, 4200), st.sampled_from(list(ComponentStatus))), max_size=12, unique_by=lambda c: c[0]
).map(lambda found: [Change(START + timedelta(seconds=at), status) for at, status in sorted(found)])


def _naive(history: list[Change], start: datetime, end: datetime) -> Span:
    counts = dict.fromkeys(["known", *ComponentStatus], 0)
    instant = start
    while instant < end:
        past = [change for change in history if change.at <= instant]
        if past:
            counts["known"] += 1
            counts[past[-1].status] += 1
        instant += timedelta(seconds=1)
    return Span(
        counts["known"],
        counts[ComponentStatus.MAJOR_OUTAGE],
        counts[ComponentStatus.PARTIAL_OUTAGE],
        counts[ComponentStatus.DEGRADED_PERFORMANCE],
        counts[ComponentStatus.UNDER_MAINTENANCE],
    )


@given(history=changes, length=st.integers(0, 3600))
def test_spans_agree_with_the_reference(history: list[Change], length: int) -> None:
    """Seconds of each kind are those that counting second by second gives."""
    end = START + timedelta(seconds=length)
    assert span_between(history, START, end) == _naive(history, START, end)


@given(
    history=st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(list(ComponentStatus))), max_size=20, unique_by=lambda c: c[0]
    ),
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata"]),
)
def test_days_add_up_to_their_span(history: list[tuple[int, ComponentStatus]], zone: str) -> None:
    """Ninety days, taken one by one, are the same seconds as the ninety days taken at once."""
    home = ZoneInfo(zone)
    now = datetime(2026, 4, 20, 13, 30, tzinfo=UTC)
    found = [Change(now - timedelta(hours=7 * at), status) for at, status in sorted(history, reverse=True)]
    days = days_of(found, last=now.astimezone(home).date(), count=90, zone=home, now=now)
    total = sum((day.span for day in days), Span())
    first = day_bounds(days[0].day, home)[0]
    assert total == span_between(found, first, now)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(), None),
        (Span(known=100), 1.0),
        (Span(known=100, major_outage=100), 0.0),
        (Span(known=100, partial_outage=100), 0.7),
        (Span(known=1000, major_outage=10, partial_outage=100), 0.96),
        (Span(known=100, degraded_performance=100), 1.0),
        (Span(known=100, under_maintenance=100), 1.0),
    ],
)
def test_weights(span: Span, expected: float | None) -> None:
    """Major outages count in full, partial ones for 30 per cent, degradation and maintenance not at all."""
    assert span.uptime == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)]
)
def test_days_follow_the_clocks(day: date, hours: int) -> None:
    """A day on which the clocks change is an hour shorter or longer."""
    start, end = day_bounds(day, ZoneInfo("Europe/Zurich"))
    assert end - start == timedelta(hours=hours)
