"""Spans and ends of time as people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.durations import in_words, parse_duration
from desk.errors import InvalidInputError
from desk.moments.instants import parse_end
from tests.clock import MONDAY_MORNING
from tests.reaching import Branch

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("zwei Wochen", timedelta(weeks=2)),
        ("eine Stunde", timedelta(hours=1)),
        ("einen Tag", timedelta(days=1)),
        ("8h", timedelta(hours=8)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 8 Hours ", timedelta(hours=8)),
        ("90 min", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("an hour and 30 minutes", timedelta(minutes=90)),
        ("half an hour", timedelta(minutes=30)),
        ("2 weeks", timedelta(weeks=2)),
        ("1h30", timedelta(minutes=90)),
        ("1:30 hours", timedelta(minutes=90)),
        ("1,5 hours", timedelta(minutes=90)),
        ("an hour and a half", timedelta(minutes=90)),
        ("one and a half hours", timedelta(minutes=90)),
        ("a half hour", timedelta(minutes=30)),
        ("three quarters of an hour", timedelta(minutes=45)),
        ("about two hours", timedelta(hours=2)),
        ("1 hour, 30 minutes", timedelta(minutes=90)),
        ("3 months", timedelta(days=90)),
        ("a year", timedelta(days=365)),
    ],
)
def test_a_span_is_read_as_people_write_it(text: str, span: timedelta) -> None:
    """Units may be short or long, and may be added up."""
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "h", "8", "8x", "8h later", "-8h", "0h", "99999w", "8h!", "tomorrow", "1.555h", "1h3", "a few hours"]
)
def test_anything_else_is_refused(text: str) -> None:
    """What is no span, or none between a minute and ten years, is refused in a sentence about the end."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_duration(text)
    assert refusal.value.field == "ends"


@given(st.integers(1, 5000), st.sampled_from(["m", "h", "d"]))
def test_a_span_in_words_reads_back_as_itself(count: int, unit: str) -> None:
    """Words that Keydesk shows for a span can be typed again and mean the same span."""
    span = (
        parse_duration(f"{count}{unit}") if count * {"m": 1, "h": 60, "d": 1440}[unit] < 5_000_000 else timedelta(1)
    )
    assert parse_duration(in_words(span)) == span


def test_many_minutes_are_hours_and_minutes() -> None:
    """Nobody counts hundreds of minutes; few of them are clear."""
    spans = [in_words(timedelta(minutes=minutes)) for minutes in (90, 180, 181, 1369, 1470)]
    assert spans == ["90 minutes", "3 hours", "3 hours 1 minute", "22 hours 49 minutes", "1 day 30 minutes"]


spans = st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from(["m", "h", " days", "x"])), min_size=1, max_size=2)
understood = Branch(0.1)


@understood
@given(st.text(max_size=30) | spans.map(lambda parts: " ".join(f"{count}{unit}" for count, unit in parts)))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever is typed is a span between a minute and ten years, or is refused as input."""
    try:
        span = parse_duration(text)
    except InvalidInputError:
        return
    understood.reached()
    assert timedelta(minutes=1) <= span <= timedelta(days=3650)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("8h", MONDAY_MORNING + timedelta(hours=8)),
        ("2026-12-01", datetime(2026, 12, 1, 23, tzinfo=UTC)),
        ("2026-12-01 18:00", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("2026-12-01T8:30", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 7, 1, 22, tzinfo=UTC)),
    ],
)
def test_an_end_is_meant_in_the_persons_time_zone(text: str, end: datetime) -> None:
    """A date means its end, a date with a time that time, both in the given zone; a span counts from now."""
    assert parse_end(text, now=MONDAY_MORNING, zone=BERLIN) == end


@pytest.mark.parametrize("text", ["2026-03-01", "2020-01-01 10:00", "2026-13-01", "2026-12-01 25:00", "2026-02-30"])
def test_an_end_that_is_past_or_no_date_is_refused(text: str) -> None:
    """The day before, months and hours that do not exist: refused as an end."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_end(text, now=MONDAY_MORNING, zone=BERLIN)
    assert refusal.value.field == "ends"
