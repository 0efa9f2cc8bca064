"""Instants as people write them, read by the clocks of the person who wrote them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.moments.instants import VagueMomentError, get_instant, parse_end
from desk.moments.typed import find_moment, find_range_end
from tests.reaching import Branch

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
"""A Wednesday, 10:00 in Zurich."""


def read(text: str, *, is_past: bool = False) -> datetime:
    """The instant that a text means as a whole."""
    found = find_moment(text, 0)
    assert found is not None, f"{text!r} is no moment"
    assert text[found[1] :] == ""
    return get_instant(found[0], now=NOW, zone=ZURICH, is_past=is_past)


def at(month: int, day: int, hour: int, minute: int = 0, *, year: int = 2026) -> datetime:
    """What the clocks of Zurich show."""
    return datetime(year, month, day, hour, minute, tzinfo=ZURICH).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", NOW),
        ("22:00", at(11, 25, 22)),
        ("10pm", at(11, 25, 22)),
        ("10 PM", at(11, 25, 22)),
        ("10:30 p.m.", at(11, 25, 22, 30)),
        ("12am tomorrow", at(11, 26, 0)),
        ("noon", at(11, 25, 12)),
        ("tomorrow noon", at(11, 26, 12)),
        ("midnight", at(11, 26, 0)),
        ("tonight at midnight", at(11, 26, 0)),
        ("24:00", at(11, 26, 0)),
        ("tomorrow 24:00", at(11, 27, 0)),
        ("wed 24:00", at(11, 26, 0)),
        ("12 noon", at(11, 25, 12)),
        ("tonight at 9", at(11, 25, 21)),
        ("tomorrow morning at 9", at(11, 26, 9)),
        ("tomorrow evening 8pm", at(11, 26, 20)),
        ("friday night, 22:30", at(11, 27, 22, 30)),
        ("9 o’clock in the evening", at(11, 25, 21)),
        ("tomorrow at 3 in the afternoon", at(11, 26, 15)),
        ("this afternoon at 3", at(11, 25, 15)),
        ("day after tomorrow 22:00", at(11, 27, 22)),
        ("friday week 22:00", at(12, 4, 22)),
        ("a week from tuesday at 9", at(12, 8, 9)),
        ("the 5th 22:00", at(12, 5, 22)),
        ("22:00 on the 25th", at(11, 25, 22)),
        ("monday 9", at(11, 30, 9)),
        ("monday next week 9:00", at(11, 30, 9)),
        ("next week friday 9:00", at(12, 4, 9)),
        ("sunday this week 9:00", at(11, 29, 9)),
        ("tomorrow 22h", at(11, 26, 22)),
        ("tomorrow 22h30", at(11, 26, 22, 30)),
        ("tomorrow 22.30", at(11, 26, 22, 30)),
        ("10.30pm", at(11, 25, 22, 30)),
        ("tomorrow 22 Uhr", at(11, 26, 22)),
        ("22:00h tomorrow", at(11, 26, 22)),
        ("tomorrow @ 10pm", at(11, 26, 22)),
        ("Tue Dec 1 22:00", at(12, 1, 22)),
        ("Tuesday, 1st of December 2026, 10pm", at(12, 1, 22)),
        ("Dec 1 (Tue) 22:00", at(12, 1, 22)),
        ("22:00 on Tue, Dec 1", at(12, 1, 22)),
        ("tomorrow, Thursday 22:00", at(11, 26, 22)),
        ("2026-12-01 22:00 -05:00", datetime(2026, 12, 2, 3, tzinfo=UTC)),
        ("2026-12-01 22:00 -0500", datetime(2026, 12, 2, 3, tzinfo=UTC)),
        ("22:00 (UTC) tomorrow", datetime(2026, 11, 26, 22, tzinfo=UTC)),
        ("tomorrow ２２：３０", at(11, 26, 22, 30)),
        ("tomorrow ٢٢:٣٠", at(11, 26, 22, 30)),
        ("tomorrow \u200f22:30", at(11, 26, 22, 30)),
        ("tonight 22:00", at(11, 25, 22)),
        ("tomorrow 22:00", at(11, 26, 22)),
        ("22:00 tomorrow", at(11, 26, 22)),
        ("tomorrow 10pm", at(11, 26, 22)),
        ("tomorrow at 9", at(11, 26, 9)),
        ("tomorrow at 9am", at(11, 26, 9)),
        ("monday at 9", at(11, 30, 9)),
        ("Monday 9:00", at(11, 30, 9)),
        ("next monday 9:00", at(11, 30, 9)),
        ("on friday, 18:00", at(11, 27, 18)),
        ("wed 18:00", at(11, 25, 18)),
        ("wed 9:00", at(12, 2, 9)),
        ("next wednesday 18:00", at(12, 2, 18)),
        ("at 9 on monday", at(11, 30, 9)),
        ("Dec 1 22:00", at(12, 1, 22)),
        ("December 1st, 2026 at 22:00", at(12, 1, 22)),
        ("1 Dec 22:00", at(12, 1, 22)),
        ("1. Dec. 2026 22:00", at(12, 1, 22)),
        ("Jan 2 8:00", at(1, 2, 8, year=2027)),
        ("2026-12-01 22:00", at(12, 1, 22)),
        ("2026-12-01T22:00", at(12, 1, 22)),
        ("2026-12-01T22:00Z", datetime(2026, 12, 1, 22, tzinfo=UTC)),
        ("2026-12-01T22:00:00.000Z", datetime(2026, 12, 1, 22, tzinfo=UTC)),
        ("2026-12-01T22:00-05:00", datetime(2026, 12, 2, 3, tzinfo=UTC)),
        ("2026-12-01T22:00:30+05:30", datetime(2026, 12, 1, 16, 30, 30, tzinfo=UTC)),
        ("2026-12-01 22:00 UTC", datetime(2026, 12, 1, 22, tzinfo=UTC)),
        ("2026-12-01 22:00 America/New_York", datetime(2026, 12, 2, 3, tzinfo=UTC)),
        ("22:00 UTC+2", datetime(2026, 11, 25, 20, tzinfo=UTC)),
        ("25/12 18:00", at(12, 25, 18)),
        ("12/25/2026 18:00", at(12, 25, 18)),
        ("1.12. 22:00", at(12, 1, 22)),
        ("01.12.2026 22:00", at(12, 1, 22)),
        ("2026/12/01 22:00", at(12, 1, 22)),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, instant: datetime) -> None:
    """Days and times stand in either order, in the words and numbers that people use."""
    assert read(text) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("yesterday 22:00", at(11, 24, 22)),
        ("monday 9:00", at(11, 23, 9)),
        ("last wednesday 9:00", at(11, 18, 9)),
        ("Dec 1 22:00", at(12, 1, 22, year=2025)),
        ("Nov 3 8:00", at(11, 3, 8)),
        ("last night 23:00", at(11, 24, 23)),
        ("this morning at 7", at(11, 25, 7)),
        ("2 hours ago", NOW - timedelta(hours=2)),
        ("half an hour ago", NOW - timedelta(minutes=30)),
        ("midnight", at(11, 25, 0)),
        ("23:30", at(11, 24, 23, 30)),
        ("9:30", at(11, 25, 9, 30)),
    ],
)
def test_of_the_past_the_last_such_day_is_meant(text: str, instant: datetime) -> None:
    """Who writes down what was means days that have been."""
    assert read(text, is_past=True) == instant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("01/12 22:00", "Is “01/12 22:00” 12 Jan or 1 Dec?"),
        ("3/4/2027 10:00", "Is “3/4/2027 10:00” 4 Mar or 3 Apr?"),
        ("2026-02-30 10:00", "is not a date"),
        ("32/13 10:00", "is not a date"),
        ("Feb 30 10:00", "is not a date"),
        ("25:00", "is not a time"),
        ("13pm", "is not a time"),
        ("tomorrow", "At what time"),
        ("9999-12-31 23:59", "more than ten years away"),
        ("9999-12-31 23:59 America/New_York", "too far away"),
        ("0226-01-01 10:00", "more than ten years away"),
        ("2026-10-25 02:30", "comes twice in Europe/Zurich"),
        ("2027-03-28 02:30", "There is no 02:30"),
        ("tomorrow at midnight", "Write Thu 26 Nov 00:00 or Thu 26 Nov 24:00."),
        ("Mon Dec 1 22:00", "Write Tue 1 Dec 2026 or Mon 30 Nov 2026."),
        ("2026-12-01, Sunday 22:00", "Write Tue 1 Dec 2026 or Sun 29 Nov 2026."),
        ("tomorrow, Dec 1 22:00", "names two days"),
        ("Dec 1 next week 22:00", "names no day"),
        ("tomorrow morning", "for example Thu 26 Nov 09:00."),
        ("tomorrow evening at 9am", "for example Thu 26 Nov 19:00."),
        ("this morning", "for example Thu 26 Nov 09:00."),
        ("tonight", "for example Wed 25 Nov 22:00."),
        ("tonight at 2", "for example Wed 25 Nov 22:00."),
        ("monday at lunchtime", "for example Mon 30 Nov 12:00."),
        ("next week", "for example Mon 30 Nov 09:00."),
        ("this weekend", "for example Sat 28 Nov 09:00."),
        ("the weekend", "for example Sat 28 Nov 09:00."),
        ("next month", "for example Tue 1 Dec 09:00."),
        ("end of day", "for example Wed 25 Nov 18:00."),
        ("eow", "for example Fri 27 Nov 18:00."),
        ("end of the month", "for example Mon 30 Nov 18:00."),
        ("tomorrow 22:00 pst", "is no time zone that is the same for everybody"),
        ("22:00 ET", "is no time zone that is the same for everybody"),
        ("22:00 CET", "is no time zone that is the same for everybody"),
    ],
)
def test_what_is_doubtful_is_asked_about(text: str, sentence: str) -> None:
    """Two readings, none, or one beyond all plans: a sentence, and never a guess."""
    with pytest.raises(InvalidInputError) as refusal:
        read(text)
    assert sentence in str(refusal.value)
    assert refusal.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9",
        "we upgrade",
        "mayor",
        "5 servers",
        "monday's plan",
        "sunny 9:00",
        "1.5",
        "3/4 full",
        "market",
        "second 5",
        "eat",
        "morning",
        "night shift",
        "9 servers",
        "10-11",
        "22h",
        "half of them",
    ],
)
def test_words_that_only_look_like_it_are_no_moment(text: str) -> None:
    """Numbers and words of a sentence are left to it."""
    found = find_moment(text, 0)
    if found is not None:
        with pytest.raises(InvalidInputError):
            get_instant(found[0], now=NOW, zone=ZURICH)


@pytest.mark.parametrize("between", ["-", " - ", "–", "—", " to ", " until "])
def test_a_time_goes_on_to_its_end(between: str) -> None:
    """A dash of any length, or a word, stands between a start and its end."""
    start = find_moment(f"tomorrow 22:00{between}23:30", 0)
    assert start is not None
    end = find_range_end(f"tomorrow 22:00{between}23:30", start[1])
    assert end is not None
    begins = get_instant(start[0], now=NOW, zone=ZURICH)
    assert get_instant(end[0], now=NOW, zone=ZURICH, after=begins) == at(11, 26, 23, 30)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("30d", NOW + timedelta(days=30)),
        ("in 2 hours", NOW + timedelta(hours=2)),
        ("tomorrow", at(11, 27, 0)),
        ("next friday", at(11, 28, 0)),
        ("friday", at(11, 28, 0)),
        ("2026-12-01", at(12, 2, 0)),
        ("Dec 1", at(12, 2, 0)),
        ("Dec 1 22:00", at(12, 1, 22)),
        ("1 December 2026.", at(12, 2, 0)),
        ("9:00", at(11, 26, 9)),
        ("22:00", at(11, 25, 22)),
        ("until 22:00", at(11, 25, 22)),
        ("until 24:00", at(11, 26, 0)),
        ("until midnight", at(11, 26, 0)),
        ("until monday 9", at(11, 30, 9)),
        ("until 9", at(11, 26, 9)),
        ("until 22h", at(11, 25, 22)),
        ("for 22h", NOW + timedelta(hours=22)),
        ("1h30", NOW + timedelta(minutes=90)),
        ("until 30 days", NOW + timedelta(days=30)),
        ("Tue, 1 Dec 2026 22:00 -05:00", datetime(2026, 12, 2, 3, tzinfo=UTC)),
        ("2026-12-01T22:00Z", datetime(2026, 12, 1, 22, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_moment_or_a_span(text: str, end: datetime) -> None:
    """A day means its end, a time alone the next that clocks show."""
    assert parse_end(text, now=NOW, zone=ZURICH) == end


@pytest.mark.parametrize(
    ("zone", "text", "end"),
    [
        ("America/Havana", "2027-03-13", datetime(2027, 3, 14, 5, tzinfo=UTC)),
        ("America/Santiago", "sep 4 2027", datetime(2027, 9, 5, 4, tzinfo=UTC)),
        ("America/Havana", "2027-11-06", datetime(2027, 11, 7, 4, tzinfo=UTC)),
    ],
)
def test_a_day_ends_where_clocks_change_at_midnight(zone: str, text: str, end: datetime) -> None:
    """Whoever names a day has said no time that could come twice or never."""
    assert parse_end(text, now=NOW, zone=ZoneInfo(zone)) == end


def test_a_third_day_is_of_what_follows() -> None:
    """Beside a weekday and its week a later date is words of the text."""
    found = find_moment("friday next week Dec 11 is when we move", 0)
    assert found is not None
    assert (found[0].said, found[0].day, found[0].also) == ("friday next week", "fri", "next week")


def test_a_zone_in_capitals_is_none_where_it_is_a_word() -> None:
    """“22:00 IT goes on” and “eat” behind a time are for the public; nothing of them is taken for a zone."""
    for words in ("IT moves", "MOST of it", "eat something", "and/or more", "art"):
        found = find_moment(f"22:00 {words}", 0)
        assert found is not None
        assert (found[0].said, found[0].zone) == ("22:00", "")


@pytest.mark.parametrize("text", ["until tomorrow morning", "until next week", "until tonight", "for a few hours"])
def test_a_vague_end_is_asked_about(text: str) -> None:
    """Nobody but who wrote it knows when that is; the sentence has a time that can be written."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_end(text, now=NOW, zone=ZURICH)
    assert "for example" in refusal.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31",
        "2026-11-24",
        "01/12",
        "2026-10-25 02:30",
        "soon",
        "tomorrow or so",
        "until Nov 24",
        "until Feb 29",
    ],
)
def test_an_end_that_nobody_can_mean_is_refused(text: str) -> None:
    """The end of time, the past, doubt, a day that has just been and other words: a sentence about the end."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_end(text, now=NOW, zone=ZURICH)
    assert refusal.value.field == "ends"


def test_a_day_of_next_year_is_written_with_the_year() -> None:
    """Then it is meant."""
    assert parse_end("until Nov 24 2027", now=NOW, zone=ZURICH) == at(11, 25, 0, year=2027)


read_to_the_end = Branch(0.1)
days = st.sampled_from(
    [
        "",
        "until",
        "end of month",
        "next week",
        "(Tue)",
        "tonight",
        "today",
        "tomorrow",
        "monday",
        "next friday",
        "Dec 1",
        "31.12.",
        "2026-12-01",
        "01/12",
    ]
)
clocks = st.sampled_from(
    [
        "",
        "evening",
        "24:00",
        "midnight",
        "9 o'clock",
        "22h30",
        "10pm",
        "at 9",
        "22:00",
        "T22:00",
        "noon",
        "25:00",
        "- 23:00",
        "in 2 hours",
        "30d",
    ]
)
zones = st.sampled_from(["", "UTC", "Z", "+02:00", "-02:00", "Asia/Tokyo", "CET", "."])


@read_to_the_end
@given(st.text(max_size=20) | st.tuples(days, clocks, zones).map(" ".join))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever is typed is an instant to come within ten years, or is refused as input."""
    try:
        end = parse_end(text, now=NOW, zone=ZURICH)
    except InvalidInputError:
        return
    read_to_the_end.reached()
    assert NOW < end <= NOW + timedelta(days=3651)


@pytest.mark.parametrize("said", ["tomorrow", "today", "day after tomorrow"])
def test_a_day_that_is_another_one_where_the_clock_is_said_to_be(said: str) -> None:
    """Early on a Sunday in Tokyo it is Saturday in UTC: which one is meant is asked, unless it is dated."""
    now, tokyo = datetime(2026, 11, 28, 19, 0, tzinfo=UTC), ZoneInfo("Asia/Tokyo")

    def read_in_tokyo(text: str) -> datetime:
        found = find_moment(text, 0)
        assert found is not None
        return get_instant(found[0], now=now, zone=tokyo)

    with pytest.raises(VagueMomentError) as refusal:
        read_in_tokyo(f"{said} 20:00 UTC")
    assert "It is another day in UTC than where you are: write " in refusal.value.hint
    assert " 20:00 UTC, or " in refusal.value.hint
    assert refusal.value.proposal.astimezone(UTC).hour == 20
    assert read_in_tokyo(f"{said} 20:00").astimezone(tokyo).hour == 20
    assert read_in_tokyo("Nov 30 20:00 UTC") == datetime(2026, 11, 30, 20, tzinfo=UTC)
    assert read_in_tokyo("saturday 18:00 UTC") == datetime(2026, 12, 5, 18, tzinfo=UTC)
    assert read_in_tokyo("sunday 20:00 UTC") == datetime(2026, 11, 29, 20, tzinfo=UTC)
    assert read_in_tokyo("monday 20:00 UTC") == datetime(2026, 11, 30, 20, tzinfo=UTC)
