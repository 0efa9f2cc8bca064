"""When a maintenance begins and ends, as it stands in a line, and the instants that are meant. Pure."""

import re
from dataclasses import dataclass, replace

from desk.errors import InvalidInputError
from desk.moments.clocks import find_clock
from desk.moments.days import find_day
from desk.moments.instants import HOW
from desk.moments.typed import Moment, find_hour, find_moment, find_range_end, find_span, in_its_part

_KEYWORD = re.compile(
    r"(?P<start>from|starting|starts?|beginning|begins?|at|on|between|ab|von|um|am)(?:\s*:\s*|\s+)"
    r"|(?P<end>until|till|to|through|bis|ending|ends?)(?:\s*:\s*|\s+)(?:at\s+)?"
    r"|(?P<length>(?:for|by|lasting|duration|für)(?:\s*:\s*|\s+)|\+(?=\d))|(?P<delay>in)\s+",
    re.IGNORECASE,
)
_LENGTH_BEHIND = re.compile(r"\s*,?\s+(?=[\d~])")
_IS_LENGTH = re.compile(r"\s*(?:$|[.,;:\n–—-]|[^\W\d_]+[:=]|[^a-zß-öø-ÿ\W])")
"""What follows a length that stands by itself behind a start; “2h of work” may be words for the public."""
_HALF = re.compile(r"\s*([ap])\.?m\b\.?", re.IGNORECASE)
HOW_LONG = "Write tomorrow 22:00-23:30, from Dec 1 22:00 until Dec 2 01:00 UTC, or in 2h for 30m."


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
    if (later := _KEYWORD.match(text, keyword.end())) is not None and later["delay"]:
        # “from in 2h for 3h”
        return find_window(text, later.start())
    # “at 9” is a time because of its “at”.
    return (None if first == "between" else _find_start(text, position)) or _find_start(
        text, keyword.end(), hours=first in {"from", "between", "von"}, between=first == "between"
    )


_PAST = ("yesterday", "last ", "-")
_FUTURE = ("tomorrow", "next ", "after ", "+")


def find_plan(text: str) -> str | None:
    """A start with a length or with a day to come, with which a text begins as with “tomorrow 10pm for 2h”: who says
    what has been, says until when instead."""
    said = find_window(text, 0)
    if said is None or said.start is None or not said.start.clock or text[:1].isupper():
        # With a capital letter begins a sentence.
        return None
    if said.start.day.startswith(_PAST):
        return None
    more = find_window(text, said.over + len(text[said.over :]) - len(text[said.over :].lstrip()))
    lasts = next((one for one in (said, more) if one is not None and one.end is not None and one.end.span), None)
    if lasts is None and not said.start.day.startswith(_FUTURE):
        return None
    return text[: max(said.over, lasts.over if lasts is not None else 0)].strip()


def _find_start(text: str, position: int, *, hours: bool = False, between: bool = False) -> Said | None:
    found = find_moment(text, position) or (find_hour(text, position) if hours else None)
    if found is None:
        return _find_short_range(text, position)
    start, over = found
    ends = (
        find_range_end(text, over, start, is_between=between) if start.clock or start.part or start.is_now else None
    )
    if ends is None:
        length = None if between else _length_behind(text, start, over)
        return None if between else Said(length[1], start, length[0]) if length else Said(over, start)
    # “10:00 to 11:00 tomorrow” is about one day, “22:00 to tomorrow 9:00” is not.
    day = start.day or (ends[0].day if _begins_with_time(ends[0].said) else "")
    start, end = _in_one_half(replace(start, day=day), ends[0])
    return Said(ends[1], *_in_one_part(start, end))


def _begins_with_time(said: str) -> bool:
    return find_day(said, 0) is None and find_clock(said, 0, is_hour=True) is not None


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


def _in_one_part(start: Moment, end: Moment) -> tuple[Moment, Moment]:
    """“2 to 4 in the afternoon” names the part of the day once."""
    meant = in_its_part(start, end.within) if start.is_plain and end.within and not start.within else start
    return (meant if meant.clock and meant.clock < end.clock else start), end


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
        raise InvalidInputError(f"“{text}” says not when it ends.", HOW_LONG, field="ends")
    return said.end
