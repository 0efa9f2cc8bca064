"""Starts and ends as people type them, and what clocks make of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.moments.window_instants import Window, read_window
from desk.zones import instant_of
from handlers.slack.maintenances.parsing import parse_maintenance, with_new_time

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKYO, ZURICH = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Zurich")


def utc(text: str) -> datetime:
    """An instant such as `2026-03-02 09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(line: str, zone: ZoneInfo = TOKYO, now: datetime = NOW) -> Window:
    """The window of a line."""
    typed = parse_maintenance(line)
    return read_window(typed.start, typed.end, now=now, zone=zone)


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("from 2026-12-01 22:00 until 2026-12-02 01:00", "2026-12-01 13:00", "2026-12-01 16:00"),
        ("from tomorrow 22:00 for 3h", "2026-03-03 13:00", "2026-03-03 16:00"),
        ("from 22:00 until 01:00", "2026-03-02 13:00", "2026-03-02 16:00"),
        ("from today 22:00 to tomorrow 9:30", "2026-03-02 13:00", "2026-03-03 00:30"),
        ("in 2h for 30m", "2026-03-02 11:00", "2026-03-02 11:30"),
        ("from now for 1h 30m", "2026-03-02 09:00", "2026-03-02 10:30"),
        ("for 90 minutes from 22:00", "2026-03-02 13:00", "2026-03-02 14:30"),
        ("tomorrow 10pm for 2h", "2026-03-03 13:00", "2026-03-03 15:00"),
        ("22:00-23:30", "2026-03-02 13:00", "2026-03-02 14:30"),
        ("tomorrow 22:00 – 23:30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("next monday 9:00 for 2h", "2026-03-09 00:00", "2026-03-09 02:00"),
        ("on monday at 9 until 11", "2026-03-09 00:00", "2026-03-09 02:00"),
        ("tomorrow from 10 to 11", "2026-03-03 01:00", "2026-03-03 02:00"),
        ("from 10 to 11 tomorrow", "2026-03-03 01:00", "2026-03-03 02:00"),
        ("in 2 hours for 1h", "2026-03-02 11:00", "2026-03-02 12:00"),
        ("2026-03-05T22:00Z to 2026-03-05T23:00Z", "2026-03-05 22:00", "2026-03-05 23:00"),
        ("Mar 5 22:00 for half an hour", "2026-03-05 13:00", "2026-03-05 13:30"),
        ("from 22:00 until tomorrow 9:30", "2026-03-02 13:00", "2026-03-03 00:30"),
        ("10:30pm to 11:30pm tomorrow", "2026-03-03 13:30", "2026-03-03 14:30"),
        ("tomorrow 10-11pm", "2026-03-03 13:00", "2026-03-03 14:00"),
        ("10–11pm tomorrow", "2026-03-03 13:00", "2026-03-03 14:00"),
        ("tomorrow 11-1pm", "2026-03-03 02:00", "2026-03-03 04:00"),
        ("tomorrow 10pm-1", "2026-03-03 13:00", "2026-03-03 16:00"),
        ("tomorrow 10-11", "2026-03-03 01:00", "2026-03-03 02:00"),
        ("tomorrow between 10 and 11pm", "2026-03-03 13:00", "2026-03-03 14:00"),
        ("tomorrow 22h-23h30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("22:00 2h", "2026-03-02 13:00", "2026-03-02 15:00"),
        ("tomorrow 22:00, 90 minutes component:search", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("tomorrow 10pm 1h30 We upgrade.", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("friday week 22:00 for 2h", "2026-03-13 13:00", "2026-03-13 15:00"),
        ("a week on tuesday 22:00-23:00", "2026-03-10 13:00", "2026-03-10 14:00"),
        ("thursday in a week at 9 for 1h", "2026-03-12 00:00", "2026-03-12 01:00"),
        ("on the 5th at 22:00 for 2h", "2026-03-05 13:00", "2026-03-05 15:00"),
        ("22:00-23:00 on the 1st", "2026-04-01 13:00", "2026-04-01 14:00"),
        ("the 31st, 22:00 through 23:30", "2026-03-31 13:00", "2026-03-31 14:30"),
        ("morgen 22:00 bis 23:30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("heute 22 Uhr bis 23 Uhr", "2026-03-02 13:00", "2026-03-02 14:00"),
        ("übermorgen von 22 bis 23 Uhr", "2026-03-04 13:00", "2026-03-04 14:00"),
        ("Mittwoch um 22:00 für 2 Stunden", "2026-03-04 13:00", "2026-03-04 15:00"),
        ("am 5. März 22 Uhr für 30 Minuten", "2026-03-05 13:00", "2026-03-05 13:30"),
        ("nächsten Sonntag ab 9 Uhr bis 11 Uhr", "2026-03-08 00:00", "2026-03-08 02:00"),
        ("tomorrow 22:00~24:00", "2026-03-03 13:00", "2026-03-03 15:00"),
        ("tomorrow 22：00～23：30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("Tue Mar 3 22:00 for 1h30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("2026-12-01 22:00 -05:00 for 1h", "2026-12-02 03:00", "2026-12-02 04:00"),
        ("22:00 - 23:30", "2026-03-02 13:00", "2026-03-02 14:30"),
        ("Dec 1 22:00 - Dec 2 01:00", "2026-12-01 13:00", "2026-12-01 16:00"),
        ("tomorrow morning 9-11", "2026-03-03 00:00", "2026-03-03 02:00"),
        ("in 2 days at 22:00 for 1h", "2026-03-04 13:00", "2026-03-04 14:00"),
        ("in 1 week at 22:00 for 1h", "2026-03-09 13:00", "2026-03-09 14:00"),
        ("tomorrow 22:00 +2h", "2026-03-03 13:00", "2026-03-03 15:00"),
        ("from: tomorrow 22:00 until: 23:30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("start:22:00 end:23:30", "2026-03-02 13:00", "2026-03-02 14:30"),
        ("starting tomorrow 22:00 ending at 23:30", "2026-03-03 13:00", "2026-03-03 14:30"),
        ("tomorrow 22:00 duration: 2h", "2026-03-03 13:00", "2026-03-03 15:00"),
        ("from 22:00 until tomorrow", "2026-03-02 13:00", "2026-03-03 15:00"),
        ("22:00 till midnight", "2026-03-02 13:00", "2026-03-02 15:00"),
        ("from in 2h for 3h", "2026-03-02 11:00", "2026-03-02 14:00"),
        ("starting in 30m until 23:30", "2026-03-02 09:30", "2026-03-02 14:30"),
        ("tonight from 11 to 11:30", "2026-03-02 14:00", "2026-03-02 14:30"),
        ("tonight 10-1", "2026-03-02 13:00", "2026-03-02 16:00"),
        ("tomorrow evening 8-10", "2026-03-03 11:00", "2026-03-03 13:00"),
        ("tomorrow night 10 until 12", "2026-03-03 13:00", "2026-03-03 15:00"),
        ("friday afternoon between 2 and 4", "2026-03-06 05:00", "2026-03-06 07:00"),
        ("friday from 2 to 4 in the afternoon", "2026-03-06 05:00", "2026-03-06 07:00"),
        ("friday from 10 to 2 in the afternoon", "2026-03-06 01:00", "2026-03-06 05:00"),
        ("22:00-23:00 2026-W10-5", "2026-03-06 13:00", "2026-03-06 14:00"),
        ("2026-03-05T22:00:00Z/2026-03-05T23:00:00Z", "2026-03-05 22:00", "2026-03-05 23:00"),
        ("22:00Z-23:00Z tomorrow", "2026-03-03 22:00", "2026-03-03 23:00"),
        ("Mar 5 22:00 UTC-23:00 UTC", "2026-03-05 22:00", "2026-03-05 23:00"),
        ("2026-03-05T22:00Z -> 2026-03-05T23:00Z", "2026-03-05 22:00", "2026-03-05 23:00"),
        ("tomorrow 22:00 ~1h", "2026-03-03 13:00", "2026-03-03 14:00"),
        ("tomorrow 22h-1h", "2026-03-03 13:00", "2026-03-03 16:00"),
        ("now - 23:00", "2026-03-02 09:00", "2026-03-02 14:00"),
        ("2026.03.05 22:00-23:00", "2026-03-05 13:00", "2026-03-05 14:00"),
        ("Tue 3.3. 22:00 - Wed 4.3. 01:00", "2026-03-03 13:00", "2026-03-03 16:00"),
        ("weds 22:00-23:00", "2026-03-04 13:00", "2026-03-04 14:00"),
        ("saturday 0:00-23:59", "2026-03-06 15:00", "2026-03-07 14:59"),
        ("tomorrow 0:00 until midnight", "2026-03-02 15:00", "2026-03-03 15:00"),
        ("from 2026-12-01 22:00 UTC until 2026-12-02 01:00 UTC", "2026-12-01 22:00", "2026-12-02 01:00"),
        ("from 2026-12-01T22:00 utc until 01:00", "2026-12-01 22:00", "2026-12-02 01:00"),
        ("from 2026-12-01 22:00 until 23:00 Europe/Zurich", "2026-12-01 21:00", "2026-12-01 22:00"),
        ("from 2026-12-01 22:00 europe/zurich until 2026-12-02 12:00 UTC", "2026-12-01 21:00", "2026-12-02 12:00"),
    ],
)
def test_a_window_is_read_by_the_persons_clock(line: str, start: str, end: str) -> None:
    """Times without a zone are the person's own; a zone that is named once counts for both."""
    assert read(line) == Window(utc(start), utc(end))


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("from tomorrow 22:00", "2026-03-03 13:00", "2026-03-03 16:00"),
        ("for 5h", "2026-03-02 12:00", "2026-03-02 17:00"),
        ("until 23:30", "2026-03-02 12:00", "2026-03-02 14:30"),
    ],
)
def test_a_window_that_is_moved_keeps_what_is_not_said(line: str, start: str, end: str) -> None:
    """A new start alone keeps the length, a new end alone the start."""
    typed = parse_maintenance(line)
    kept = utc("2026-03-02 12:00"), utc("2026-03-02 15:00")
    assert read_window(typed.start, typed.end, now=NOW, zone=TOKYO, kept=kept) == Window(utc(start), utc(end))


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("from 22:00 for 3h We move in 2h for good", "We move in 2h for good"),
        ("from 22:00 Most of it for 3h", "Most of it for 3h"),
        ("from 22:00 for 3 days and/or more", "and/or more"),
        ("from 22:00 for 30m databases", "databases"),
        ("from 22:00 until 23:00 from 1:00 on", "from 1:00 on"),
        ("from the start", "from the start"),
        ("in time for 3h", "in time for 3h"),
        ("from 22:00 for 3h This weekend we rest", "This weekend we rest"),
        ("from 22:00 for 3h 9 servers move", "9 servers move"),
        ("10-15 servers move", "10-15 servers move"),
        ("tomorrow 22:00 for 3h 1/2 of it moves", "1/2 of it moves"),
        ("tomorrow 22:00-23:00 90 minutes of downtime", "90 minutes of downtime"),
        ("tomorrow 22:00 2 hours of downtime", "2 hours of downtime"),
        ("tomorrow 22:00-23:00 The 5th node is changed.", "The 5th node is changed."),
        ("tomorrow 22:00-23:00 22.10 is installed.", "22.10 is installed."),
        ("tomorrow 22:00, 1h. We move.", "We move."),
        ("tomorrow 22:00-23:00! We move.", "We move."),
    ],
)
def test_words_for_the_public_are_no_times(line: str, body: str) -> None:
    """What is no start or end, or comes after the text has begun, is the public's."""
    assert parse_maintenance(f'"Upgrade" {line}').said.body == body


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("from 22:00", "Say until when."),
        ("until 22:00", "Say from when."),
        ("in 2h until 25:00", "“25:00” is not a time."),
        ("from 2026-02-30 22:00 for 1h", "“2026-02-30 22:00” is not a date."),
        ("from 9999-12-31 23:59 America/New_York for 1h", "too far away"),
        ("from 22:00 CET for 1h", "“CET” is no time zone that is the same for everybody."),
        ("from 22:00 until 23:00 Europe/Zurick", "“Europe/Zurick” is no time zone"),
        ("01/12 22:00 for 2h", "12 Jan or 1 Dec?"),
        ("monday week 22:00 for 2h", "Write Mon 9 Mar 2026 or Mon 16 Mar 2026."),
        ("the 32nd 22:00-23:00", "“the 32nd 22:00” is not a date."),
        ("the 0th 22:00-23:00", "“the 0th 22:00” is not a date."),
        ("from tomorrow for 2h", "At what time"),
        ("2026-12-01 22:00 -05:00", "Write “2026-12-01 22:00-05:00” or “2026-12-01 22:00 UTC-05:00”."),
        ("tomorrow from 9 to 5", "Is “5” before or after noon?"),
        ("tomorrow 14:00 until 3", "Is “3” before or after noon? Write 15:00, or 03:00 with its day."),
        ("now until 12", "Is “12” before or after noon? Write 00:00, or 12:00 with its day."),
        ("tomorrow 22:00-1h", "Say until when."),
        ("2026-W54-1 22:00 for 1h", "“2026-W54-1 22:00” is not a date."),
        ("tomorrow 22:00 for a couple of hours", "How long is “a couple of hours”?"),
        ("from 22:00 for 0m", "is not between a minute and ten years"),
    ],
)
def test_what_is_not_understood_is_said(line: str, problem: str) -> None:
    """A time that is missing, impossible or means different things to different people is refused in words."""
    assert any(problem in said for said in read(line).problems)


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("tomorrow morning for 2h", "2026-03-03 00:00", "2026-03-03 02:00"),
        ("next week for 2h", "2026-03-09 00:00", "2026-03-09 02:00"),
        ("from 22:00 until end of day", "2026-03-02 13:00", "2026-03-02 15:00"),
        ("from tomorrow evening until tomorrow night", "2026-03-03 10:00", "2026-03-03 13:00"),
    ],
)
def test_a_vague_time_is_proposed_and_asked_about(line: str, start: str, end: str) -> None:
    """The form that asks has a time in it that may be meant, and none is published unseen."""
    window = read(line)
    assert (window.start, window.end) == (utc(start), utc(end))
    assert all("When exactly is" in problem for problem in window.problems)
    assert window.problems


@pytest.mark.parametrize(
    ("line", "end", "problem"),
    [
        ("tomorrow 22:00 until 21:00", "2026-03-04 12:00", "“21:00” is 23 hours later, on Wednesday."),
        ("now until 5pm", "2026-03-03 08:00", "“5pm” is 23 hours later, on Tuesday."),
        ("Mar 1 10:00-11:00", "2027-03-01 02:00", "“Mar 1 10:00” comes next in 2027."),
        ("Feb 29 10:00-11:00", "2028-02-29 02:00", "“Feb 29 10:00” comes next in 2028."),
    ],
)
def test_what_is_hardly_meant_is_proposed_and_asked_about(line: str, end: str, problem: str) -> None:
    """Neither a day that has just been is taken for next year's, nor an end before the start for one a day later."""
    window = read(line)
    assert window.end == utc(end)
    assert [said.split(" If ")[0] for said in window.problems] == [problem]


@pytest.mark.parametrize("zone", ["UTC", "(+02:00)", "CET", "Europe/Zurich"])
def test_a_zone_behind_a_length_is_asked_about(zone: str) -> None:
    """It says by whose clock the start is, and would be public beside a start by another."""
    for behind in (f"{zone} We move.", f"{zone}: We move."):
        problems = parse_maintenance(f'"Upgrade" tomorrow 22:00 for 1h {behind}', plans=True).said.problems
        assert [said.partition("?")[0] for said in problems] == [f"Does “{zone.strip('()')}” say by whose clock"]
    assert parse_maintenance('"Upgrade" tomorrow 22:00 for 1h API/Web move.', plans=True).said.problems == []


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Berlin time We move.", "Does “Berlin time” say by whose clock?"),
        ("Pacific Time We move.", "Does “Pacific Time” say by whose clock?"),
        ("local time, we move.", "Does “local time” say by whose clock?"),
        ("wendesday We move.", "Does “wendesday” say on which day?"),
        ("tommorow. We move.", "Does “tommorow” say on which day?"),
        ("KW 50 We move.", "Does “KW 50” say on which day?"),
        ("2026-W50 We move.", "Does “2026-W50” say on which day?"),
        ("We move tomorrow.", "Does “tomorrow” say on which day?"),
        ("We move today.", ""),
        ("This time we move.", ""),
        ("Money is safe.", ""),
    ],
)
def test_a_day_or_a_clock_among_the_words_is_asked_about(words: str, asked: str) -> None:
    """Behind a time, what may say on which day or by whose clock it is does not become public unseen."""
    problems = parse_maintenance(f'"Upgrade" 22:00-23:00 {words}', plans=True).said.problems
    assert [problem.partition("?")[0] + "?" for problem in problems] == ([asked] if asked else [])


@pytest.mark.parametrize("line", ["every monday 3am for 1h", "mondays at 3am", "daily 3:00-4:00", "each night"])
def test_what_is_to_happen_again_and_again_is_asked_about(line: str) -> None:
    """No maintenance repeats itself, and the words do not go to the public unseen."""
    typed = parse_maintenance(f'"Backup" {line} We rest')
    assert any("happens once" in problem for problem in typed.said.problems)
    assert typed.said.body.endswith("We rest")


def test_minutes_apart_from_their_hours_are_asked_about() -> None:
    """“for 1h 30” is an hour and a half, or an hour and thirty of something."""
    line = parse_maintenance('"Up" tomorrow 22:00 for 1h 30 We move')
    assert line.said.problems == ["Does “30” belong to “1h”? Then write 1h30."]
    assert line.said.body == "30 We move"


@pytest.mark.parametrize(("words", "meant"), [("5 We move", ["1h05"]), ("59 nodes", ["1h59"]), ("75 nodes move", [])])
def test_what_minutes_are_to_be_written_as_is_a_length_of_time(words: str, meant: list[str]) -> None:
    """Whoever writes what Keydesk says is understood, and what cannot be minutes is for the public."""
    problems = parse_maintenance(f'"Up" tomorrow 22:00 for 1h {words}').said.problems
    assert [problem.removesuffix(".").split()[-1] for problem in problems] == meant
    assert all(parse_duration(one) for one in meant)


def test_a_time_that_clocks_skip_is_refused() -> None:
    """02:30 does not exist in Zurich on the day when clocks are put forward, and what may be meant is named."""
    window = read("from 2026-03-29 02:30 until 2026-03-29 05:00", ZURICH)
    assert (window.start, window.end) == (None, None)
    assert window.problems == (
        "There is no 02:30 on Sun 29 Mar 2026 in Europe/Zurich: clocks are put forward over it. "
        "Did you mean Sun 29 Mar 2026 03:30 CEST?",
    )
    assert read("from 2026-03-29 03:00 for 1h", ZURICH).start == utc("2026-03-29 01:00")


def test_a_time_that_comes_twice_is_refused() -> None:
    """02:30 comes twice when clocks are put back: both are named in UTC, and so each can be written."""
    window = read("from 2026-10-25 01:00 until 2026-10-25 02:30", ZURICH)
    assert window.start == utc("2026-10-24 23:00")
    assert window.problems == (
        "02:30 on Sun 25 Oct 2026 comes twice in Europe/Zurich: clocks are put back. "
        "Write it in UTC: 2026-10-25 00:30 UTC or 2026-10-25 01:30 UTC.",
    )
    assert read("from 2026-10-24 23:00 UTC until 2026-10-25 01:30 UTC", ZURICH).end == utc("2026-10-25 01:30")


def test_a_length_counts_hours_that_pass() -> None:
    """`for 3h` is three hours that pass, also in the night in which clocks are changed."""
    window = read("from 2026-03-29 01:00 for 3h", ZURICH)
    assert (window.start, window.end) == (utc("2026-03-29 00:00"), utc("2026-03-29 03:00"))


@given(
    minutes=st.integers(0, 5 * 366 * 24 * 60),
    zone=st.sampled_from(["Europe/Zurich", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_what_clocks_show_once_is_that_instant(minutes: int, zone: str) -> None:
    """Whatever clocks show at an instant is read as that instant, or refused because they show it twice."""
    instant = utc("2024-01-01 00:00") + timedelta(minutes=minutes)
    local = instant.astimezone(ZoneInfo(zone))
    shown_again = any(
        (instant + timedelta(minutes=shift)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        == local.replace(tzinfo=None, fold=0)
        for shift in (-60, -30, 30, 60)
    )
    if shown_again:
        with pytest.raises(InvalidInputError, match="comes twice"):
            instant_of(local.date(), local.time(), ZoneInfo(zone))
    else:
        assert instant_of(local.date(), local.time(), ZoneInfo(zone)) == instant


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tomorrow 22:00 2h of work We upgrade.", "2h"),
        ("tomorrow 22:00/23:30 We upgrade.", "23:30"),
        ("half past nine tomorrow for 2h", "for 2h"),
        ("in a fortnight at 22:00 for 2h", "at 22:00"),
        ("lundi 22:00-23:00 Nous migrons.", "22:00-23:00"),
    ],
)
def test_a_time_that_is_missing_is_looked_for_in_the_words(line: str, said: str) -> None:
    """What may be the start or the end, and was not understood, is asked about and not published."""
    found = parse_maintenance(f'"Upgrade" {line}', plans=True).said.problems
    assert found == [f"Does “{said}” say when? It stands among the words for the public."]


@pytest.mark.parametrize(
    ("line", "end", "body"),
    [
        ("30m", "30m", ""),
        ("2 hours The copy is slow.", "2 hours", "The copy is slow."),
        ("23:30 The copy is slow.", "23:30", "The copy is slow."),
        ("for 2h", "for 2h", ""),
    ],
)
def test_what_takes_longer_ends_when_the_line_says_no_more(line: str, end: str, body: str) -> None:
    """A length of time or a time needs no word before it: nothing else can be meant."""
    typed = with_new_time(parse_maintenance(line), adds=True)
    assert typed.end is not None
    assert (typed.start, typed.end.said, typed.said.body, typed.said.problems) == (None, end, body, [])


def test_a_time_among_the_words_of_a_move_is_asked_about() -> None:
    """A length alone does not say when one is moved to, and is not published."""
    typed = with_new_time(parse_maintenance("30m We move."), adds=False)
    assert typed.said.problems == ["Does “30m” say when? It stands among the words for the public."]
    assert with_new_time(parse_maintenance("We move."), adds=True).said.problems == []
