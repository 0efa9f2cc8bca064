"""When a maintenance begins and ends, as it stands in a line, and the instants that are meant. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.moments.instants import HOW, VagueMomentError, get_instant
from desk.moments.typed import Moment, find_hour, find_moment, find_range_end, find_span

_KEYWORD = re.compile(
    r"(?P<start>from|starting|starts?|beginning|begins?|at|on|between|ab|von|um|am)(?:\s*:\s*|\s+)"
    r"|(?P<end>until|till|to|through|bis|ending|ends?)(?:\s*:\s*|\s+)(?:at\s+)?"
    r"|(?P<length>(?:for|by|lasting|duration|für)(?:\s*:\s*|\s+)|\+(?=\d))|(?P<delay>in)\s+",
    re.IGNORECASE,
)
_CLOCK_FIRST = re.compile(r"\d{1,2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?\s", re.IGNORECASE)
_LENGTH_BEHIND = re.compile(r"\s*,?\s+(?=\d)")
_IS_LENGTH = re.compile(r"\s*(?:$|[.,;:\n–—-]|[^\W\d_]+[:=]|[^a-zß-öø-ÿ\W])")
"""What follows a length that stands by itself behind a start; “2h of work” may be words for the public."""
_HALF = re.compile(r"\s*([ap])\.?m\b\.?", re.IGNORECASE)
_HOW = "Write tomorrow 22:00-23:30, from Dec 1 22:00 until Dec 2 01:00 UTC, or in 2h for 30m."


@dataclass(frozen=True, slots=True)
class Window:
    """What was understood of a start and an end; None where that is missing or not understood."""

    start: datetime | None = None
    end: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A start, an end or both, and where what says so is over."""

    over: int
    start: Moment | None = None
    end: Moment | None = None
    is_to: bool = False
    """Whether “to” alone says when: until then, or, of what is moved, when it begins."""


def find_window(text: str, position: int) -> Said | None:
    """The start or end, or both, that are said at a position: `from tomorrow 22:00`, `until 23:30`, `for 2h`,
    `in 2 hours`, `tomorrow 10pm`, `22:00-23:30`. None where something else is said."""
    keyword = _KEYWORD.match(text, position)
    if keyword is None:
        return _find_start(text, position)
    if keyword["length"] or keyword["delay"]:
        over = find_span(text, keyword.end())
        if over is None:
            return None
        span = Moment(text[position:over], span=text[keyword.end() : over])
        return Said(over, end=span) if keyword["length"] else Said(over, start=span)
    if keyword["end"]:
        found = find_moment(text, keyword.end()) or find_hour(text, keyword.end())
        is_to = keyword["end"].lower() == "to"
        return Said(found[1], end=found[0], is_to=is_to) if found and not found[0].is_now else None
    first = keyword[0].split()[0].lower()
    # “at 9” is a time because of its “at”.
    return (None if first == "between" else _find_start(text, position)) or _find_start(
        text, keyword.end(), hours=first in {"from", "between", "von"}, between=first == "between"
    )


def _find_start(text: str, position: int, *, hours: bool = False, between: bool = False) -> Said | None:
    found = find_moment(text, position) or (find_hour(text, position) if hours else None)
    if found is None:
        return _find_short_range(text, position)
    start, over = found
    ends = find_range_end(text, over, is_between=between) if start.clock or start.part else None
    if ends is None:
        length = None if between else _length_behind(text, start, over)
        return None if between else Said(length[1], start, length[0]) if length else Said(over, start)
    # “10:00 to 11:00 tomorrow” is about one day, “22:00 to tomorrow 9:00” is not.
    day = start.day or (ends[0].day if _CLOCK_FIRST.match(ends[0].said) else "")
    start, end = _in_one_half(replace(start, day=day), ends[0])
    return Said(ends[1], start, end)


def _length_behind(text: str, start: Moment, position: int) -> tuple[Moment, int] | None:
    """“22:00 2h”"""
    behind = _LENGTH_BEHIND.match(text, position) if start.clock else None
    over = find_span(text, behind.end()) if behind else None
    if behind is None or over is None or not _IS_LENGTH.match(text, over):
        return None
    return Moment(text[behind.end() : over], span=text[behind.end() : over]), over


def _find_short_range(text: str, position: int) -> Said | None:
    """“10-11pm”: a number is a time where it goes on to one."""
    hour = find_hour(text, position)
    ends = find_range_end(text, hour[1]) if hour is not None and "to" not in text[hour[1] : hour[1] + 4] else None
    if hour is None or ends is None or not (":" in ends[0].said or _HALF.search(ends[0].said)):
        return None
    return Said(ends[1], *_in_one_half(replace(hour[0], day=ends[0].day), ends[0]))


def _in_one_half(start: Moment, end: Moment) -> tuple[Moment, Moment]:
    """“10-11pm” and “10pm-11” name the half of the day once; where the end would be before the start, it is in the
    other half: “11-1pm” begins before noon."""
    if start.is_plain and (half := _HALF.search(end.said)) and ":" not in start.said:
        return replace(start, clock=_halved(start.clock, half[1], last=end.clock), is_plain=False), end
    if end.is_plain and (half := _HALF.search(start.said)):
        return start, replace(end, clock=_halved(end.clock, half[1], first=start.clock), is_plain=False)
    return start, end


def _halved(clock: str, half: str, *, first: str = "", last: str = "~") -> str:
    hour, rest = int(clock[:2]) % 12, clock[2:]
    in_half, other = (f"{hour + more:02}{rest}" for more in ((12, 0) if half.lower() == "p" else (0, 12)))
    return in_half if first < in_half < last else other


def parse_start(text: str) -> Moment:
    """A time that stands by itself, as in `tomorrow 22:00`, `in 2h` or `now`. Raises InvalidInputError."""
    said = find_window(text, 0)
    if said is None or said.start is None or said.end is not None or text[said.over :].strip():
        raise InvalidInputError(f"“{text}” is no time that I know.", HOW, field="starts")
    return said.start


def parse_stop(text: str) -> Moment:
    """When something ends, behind `until` or `for`, as in `until 23:30` or `for 2h`. Raises InvalidInputError."""
    said = find_window(text, 0)
    if said is None or said.end is None or text[said.over :].strip():
        raise InvalidInputError(f"“{text}” says not when it ends.", _HOW, field="ends")
    return said.end


def read_window(
    start: Moment | None,
    end: Moment | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    kept: tuple[datetime, datetime] | None = None,
) -> Window:
    """The instants that are meant by the clocks of `zone`, or of the one that either of them names for both.

    `kept` is the window as it is, where one is moved: what is not said stays, a new start keeps its length.
    """
    start, end = _in_one_zone(start, end)
    begins, ends, problems = None, None, list[str]()
    for problem, instant in _read(start, end, now, zone, kept):
        if problem:
            problems.append(problem)
        if instant is None:
            continue
        if begins is None:
            begins = instant
        else:
            ends = instant
    return Window(begins, ends, tuple(problems))


def _read(
    start: Moment | None,
    end: Moment | None,
    now: datetime,
    zone: ZoneInfo,
    kept: tuple[datetime, datetime] | None,
) -> Iterator[tuple[str, datetime | None]]:
    """The start, then the end, or what is wrong with each, with what may be meant."""
    try:
        begins = get_instant(start, now=now, zone=zone) if start else kept[0] if kept else None
    except VagueMomentError as error:
        yield str(error), error.proposal
        begins = error.proposal
    except InvalidInputError as error:
        yield str(error), None
        return
    else:
        if begins is not None:
            yield "", begins
    if begins is None:
        if end is None:
            yield str(InvalidInputError("Say until when.", _HOW)), None
        yield str(InvalidInputError("Say from when.", _HOW)), None
        return
    if end is None and start is not None and start.offset_or_end:
        yield _offset_or_end(start), None
        return
    if end is None and kept is None:
        yield str(InvalidInputError("Say until when.", _HOW)), None
        return
    try:
        ends = _read_end(start, end, begins, now, zone) if end else None
        yield "", ends or begins + (kept[1] - kept[0] if kept else timedelta())
    except VagueMomentError as error:
        yield str(error), error.proposal
    except InvalidInputError as error:
        yield str(error), None


def _offset_or_end(start: Moment) -> str:
    until = start.offset_or_end
    before = start.said[: start.said.rindex(until) - 1].rstrip()
    return f"Is {until} until when, or an offset? Write “{before}-{until}” or “{before} UTC-{until}”."


def _read_end(start: Moment | None, end: Moment, begins: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    if end.span and not end.is_ago:
        return begins + parse_duration(end.span)
    if start and start.is_plain and end.is_plain and not end.day and end.clock <= start.clock < "13":
        # “9 to 5” may be twenty hours, or eight.
        raise InvalidInputError(
            f"Is “{end.said}” before or after noon?",
            f"Write {_halved(end.clock, 'p')} or {end.clock}am.",
            field="ends",
        )
    return get_instant(end, now=now, zone=zone, after=begins, is_end=True)


def read_new_end(
    start: Moment | None,
    end: Moment | None,
    kept: tuple[datetime, datetime],
    *,
    now: datetime,
    zone: ZoneInfo,
    adds: bool,
) -> Window:
    """The window of a maintenance whose end alone moves, with the end that is meant. With `adds`, a span is added to
    its end, or to now where that is over; else it counts from the start. A time without a day is the next one."""
    begins, ends = kept
    if start is not None:
        return Window(begins, problems=("It has begun: only its end can be moved.",))
    if end is None:
        return Window(begins, problems=(str(InvalidInputError("Say until when.", "Write for 2h, or until 23:30.")),))
    try:
        if end.span:
            return Window(begins, (max(ends, now) if adds else begins) + parse_duration(end.span))
        return Window(begins, get_instant(end, now=now, zone=zone, after=max(begins, now), is_end=True))
    except InvalidInputError as error:
        return Window(begins, problems=(str(error),))


def _in_one_zone(*moments: Moment | None) -> tuple[Moment | None, ...]:
    """A zone that was named once is meant for both."""
    named = next((moment.zone for moment in moments if moment is not None and moment.zone), "")
    return tuple(moment and replace(moment, zone=moment.zone or named) for moment in moments)
