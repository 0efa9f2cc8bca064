"""What stands in a text and says when. Pure, and without a clock.

A moment is a day (`tomorrow`, `next friday`, `Dec 1`, `2026-12-01`), a time of day (`22:00`, `10pm`, `noon`), both in
either order, or `now`; `Z`, an offset or a zone may follow the time. A weekday may stand beside its date, and a part
of the day beside either.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from desk.durations import find_duration
from desk.moments.clocks import Clock, find_clock, find_part, find_zone, in_part
from desk.moments.days import WEEKDAYS, find_day

_BETWEEN = re.compile(r"(?:T(?=\d)|\s*\(\s*(?=[a-z])|,?\s+(?:at\s+|um\s+|@\s*)?|,\s*)", re.IGNORECASE)
_NOW = re.compile(r"(?:right\s+)?now(?!\w)", re.IGNORECASE)
_AGO = re.compile(r"\s+ago(?!\w)", re.IGNORECASE)
_HOUR = re.compile(r"(?:[01]?\d|2[0-4])(?:h(?:\d\d)?)?(?![\w:./]|-(?!\d))", re.IGNORECASE)
_AT = re.compile("at|um|@", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:--?>?|–|—|‑|−|~|〜|→|/(?=\d{4}-))\s*|\s+(?:to|until|till|through|bis)\s+", re.IGNORECASE)
_IN_HOURS = re.compile(r"(?P<hour>\d{1,2})\s*h(?:rs)?", re.IGNORECASE)
"""An hour, or so many hours."""
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_OFFSET_OR_END = re.compile(r".*\d\s+[−-](\d{2}:\d{2})", re.DOTALL)
_SAME = {mark: mark - 0xFEE0 for mark in range(0xFF01, 0xFF5F)} | {
    zero + digit: ord("0") + digit for zero in (0x0660, 0x06F0) for digit in range(10)
}
"""Signs of East Asian and Arabic keyboards → those that are meant."""
_SAME |= dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], ord(" "))


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it was typed; empty for what was not said."""

    said: str
    is_now: bool = False
    day: str = ""
    """See `Day.said`."""
    also: str = ""
    """A second day that was named beside it, and must be the same one."""
    part: str = ""
    """`morning`, `evening` and others, where no time or none that can be in it was said."""
    clock: str = ""
    """See `Clock.wall`."""
    is_plain: bool = False
    """See `Clock.is_plain`."""
    within: str = ""
    """The part of a day that said which half of it the time is in."""
    zone: str = ""
    span: str = ""
    """So long from now or, for an end, from the start."""
    is_ago: bool = False

    @property
    def is_time(self) -> bool:
        """Whether more than a day was said."""
        return bool(self.clock or self.part or self.is_now or self.span)

    @property
    def offset_or_end(self) -> str:
        """`05:00` of “22:00 -05:00”, which may be an offset, or until when; else empty."""
        found = _OFFSET_OR_END.fullmatch(self.said)
        return found[1] if found else ""


@lru_cache(maxsize=4)
def _plain(text: str) -> str:
    return text.translate(_SAME)


def find_span(text: str, position: int) -> int | None:
    """Where a length of time that begins at a position ends; None where none does."""
    return find_duration(_plain(text), position)


def find_moment(text: str, position: int, *, is_dated: bool = False) -> tuple[Moment, int] | None:
    """The moment that begins at a position, and where it is over; None where something else stands. With `is_dated`,
    numbers behind its time are no day."""
    plain = _plain(text)
    if (now := _NOW.match(plain, position)) is not None:
        return Moment(now[0], is_now=True), now.end()
    span = find_duration(plain, position)
    if span is not None and (ago := _AGO.match(plain, span)) is not None:
        return Moment(text[position : ago.end()], span=plain[position:span], is_ago=True), ago.end()
    return _pieces(text, plain, position, is_dated=is_dated)


def _pieces(
    text: str, plain: str, position: int, *, is_hour: bool = False, is_dated: bool = False
) -> tuple[Moment, int] | None:
    """A day, a part of it, a time and another name of the day, as far as they stand there, in any order. Where it
    `is_dated` already, numbers are no day."""
    found, end = Moment(""), position
    between = re.compile("").match(plain, position)
    while (
        between is not None
        and (piece := _piece(plain, between, found, is_hour=is_hour, is_dated=is_dated)) is not None
    ):
        found, end = piece
        if "(" in between[0] and plain[end : end + 1] == ")":
            end += 1
        between, is_hour = _BETWEEN.match(plain, end), False
    if end == position:
        return None
    if found.clock and found.part:
        found = in_its_part(found, found.part)
    return replace(found, said=text[position:end]), end


def in_its_part(moment: Moment, part: str) -> Moment:
    """A time in a part of a day; no time, but that part, where it cannot be there."""
    wall = in_part(Clock(moment.clock, 0, moment.is_plain), part)
    return replace(moment, clock=wall, is_plain=False, within=part, part="" if wall else part)


def _piece(
    plain: str, between: re.Match[str], found: Moment, *, is_hour: bool, is_dated: bool
) -> tuple[Moment, int] | None:
    begin = between.end()
    is_hour = is_hour or _AT.search(between[0]) is not None
    clock = find_clock(plain, begin, is_hour=is_hour, behind_day=bool(found.day)) if not found.clock else None
    day = find_day(plain, begin) if not found.also and not (clock and found.day) else None
    has_day = found.day[-3:] not in WEEKDAYS if found.day else is_dated and bool(found.clock)
    if day is not None and day.is_numbers and has_day:
        # “tomorrow 22:00 1/2 of it moves”
        day = None
    if day is not None:
        found = replace(found, day=found.day or day.said, also=day.said if found.day else "")
        found, end = replace(found, part=found.part or day.part), day.end
    elif clock is not None:
        is_iso = between[0].upper() == "T"
        zone, end = find_zone(plain, clock.end, is_iso=is_iso)
        found = replace(found, clock=clock.wall, zone=zone, is_plain=clock.is_plain and not is_iso)
    else:
        return None
    if not found.part and (part := find_part(plain, end)) is not None:
        found, end = replace(found, part=part[0]), part[1]
    if found.clock and not found.zone:
        zone, end = find_zone(plain, end)
        found = replace(found, zone=zone)
    return found, end


def find_hour(text: str, position: int) -> tuple[Moment, int] | None:
    """A number alone where a time is expected, as in `until 11`: the hour, with a day behind it or none."""
    plain = _plain(text)
    return _pieces(text, plain, position, is_hour=True) if _HOUR.match(plain, position) else None


def find_range_end(
    text: str, position: int, start: Moment | None = None, *, is_between: bool = False
) -> tuple[Moment, int] | None:
    """The end that a time with a dash, or with “to”, goes on to: `22:00-23:30`; with `is_between`, with “and”."""
    between = (_AND if is_between else _RANGE).match(_plain(text), position)
    if between is None:
        return None
    is_dated = start is not None and bool(start.day)
    found = find_moment(text, between.end(), is_dated=is_dated) or find_hour(text, between.end())
    return None if found and start and _is_length(start, found[0]) else found


def _is_length(start: Moment, end: Moment) -> bool:
    """Whether “22:00 ~1h” says for how long, and not until when as “22h-1h” does."""
    hours = _IN_HOURS.fullmatch(end.said)
    return hours is not None and not _IN_HOURS.search(start.said) and int(hours["hour"]) <= int(start.clock[:2] or 0)
