"""`/maintenance …` in one line: as `/incident`, and when it begins and ends.

"Database upgrade" on acme component:search from 2026-12-01 22:00 until 2026-12-02 01:00 We move to …
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.moments.instants import get_instant
from desk.moments.typed import Moment, find_hour, find_moment, find_range_end, find_span
from desk.secret import refuse_secrets
from handlers.slack.framework.command_line import Word
from handlers.slack.incidents.parsing import LineReader
from handlers.slack.incidents.typed import TypedIncident

_KEYWORD = re.compile(
    r"(?P<start>from|starting|beginning|at|on)\s+|(?P<end>until|till|to)\s+|(?P<length>for|by)\s+|(?P<delay>in)\s+",
    re.IGNORECASE,
)
_CLOCK_FIRST = re.compile(r"\d{1,2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?\s", re.IGNORECASE)
_HOW = "Write tomorrow 22:00-23:30, from 2026-12-01 22:00 until 2026-12-02 01:00 UTC, or in 2h for 30m."


@dataclass(frozen=True, slots=True)
class Window:
    """What was understood of a start and an end; None where that is missing or not understood."""

    start: datetime | None = None
    end: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """A start, an end or both, and where what says so is over."""

    over: int
    start: Moment | None = None
    end: Moment | None = None


def find_window(text: str, position: int) -> _Said | None:
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
        return _Said(over, end=span) if keyword["length"] else _Said(over, start=span)
    if keyword["end"]:
        found = find_moment(text, keyword.end()) or find_hour(text, keyword.end())
        return _Said(found[1], end=found[0]) if found and not found[0].is_now else None
    # “at 9” is a time because of its “at”.
    return _find_start(text, position) or _find_start(
        text, keyword.end(), hours=keyword[0].lower().startswith("from")
    )


def _find_start(text: str, position: int, *, hours: bool = False) -> _Said | None:
    found = find_moment(text, position) or (find_hour(text, position) if hours else None)
    if found is None:
        return None
    start, over = found
    ends = find_range_end(text, over) if start.clock else None
    if ends is None:
        return _Said(over, start)
    # “10:00 to 11:00 tomorrow” is about one day, “22:00 to tomorrow 9:00” is not.
    day = start.day or (ends[0].day if _CLOCK_FIRST.match(ends[0].said) else "")
    return _Said(ends[1], replace(start, day=day), ends[0])


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
        elif begins is None:
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
    """The start, then the end, or what is wrong with each."""
    try:
        begins = get_instant(start, now=now, zone=zone) if start else kept[0] if kept else None
    except InvalidInputError as error:
        yield str(error), None
        return
    if begins is None:
        if end is None:
            yield str(InvalidInputError("Say until when.", _HOW)), None
        yield str(InvalidInputError("Say from when.", _HOW)), None
        return
    yield "", begins
    if end is None and kept is None:
        yield str(InvalidInputError("Say until when.", _HOW)), None
        return
    try:
        yield "", _read_end(end, begins, now, zone) if end else begins + (kept[1] - kept[0] if kept else timedelta())
    except InvalidInputError as error:
        yield str(error), None


def _read_end(end: Moment, begins: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    if end.span:
        return begins + parse_duration(end.span)
    return get_instant(end, now=now, zone=zone, after=begins, is_end=True)


def read_end_of_running(
    line: "TypedMaintenance", kept: tuple[datetime, datetime], *, now: datetime, zone: ZoneInfo, adds: bool
) -> Window:
    """The window of a maintenance that has begun, with the end that is meant. With `adds`, a span is added to its
    end, or to now where that is over; else it counts from the start. A time without a day is the next one."""
    begins, ends = kept
    if line.start is not None:
        return Window(begins, problems=("It has begun: only its end can be moved.",))
    if line.end is None:
        return Window(begins, problems=(str(InvalidInputError("Say until when.", "Write for 2h, or until 23:30.")),))
    try:
        if line.end.span:
            return Window(begins, (max(ends, now) if adds else begins) + parse_duration(line.end.span))
        return Window(begins, get_instant(line.end, now=now, zone=zone, after=now, is_end=True))
    except InvalidInputError as error:
        return Window(begins, problems=(str(error),))


def _in_one_zone(*moments: Moment | None) -> tuple[Moment | None, ...]:
    """A zone that was named once is meant for both."""
    named = next((moment.zone for moment in moments if moment is not None and moment.zone), "")
    return tuple(moment and replace(moment, zone=moment.zone or named) for moment in moments)


@dataclass(frozen=True, slots=True)
class TypedMaintenance:
    """What was understood of a line; None for what was not said."""

    said: TypedIncident
    start: Moment | None = None
    end: Moment | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed at all."""
        return self.said.is_empty and self.start is None and self.end is None

    @property
    def has_window(self) -> bool:
        """Whether a start or an end was typed."""
        return self.start is not None or self.end is not None


@dataclass(slots=True)
class _Reader(LineReader):
    start: Moment | None = None
    end: Moment | None = None

    def take(self, word: Word) -> bool:
        """Whether the word begins an option or a time."""
        said = find_window(self.text, word.start) if word.kind == "word" else None
        if said is not None and said.start and self.start and _completes(self.start, said.start):
            # “tomorrow from 22:00”
            said = replace(
                said, start=replace(said.start, day=self.start.day, said=f"{self.start.said} {said.start.said}")
            )
            self.start = None
        if said is None or (said.start and self.start) or (said.end and self.end):
            # Not super(): a dataclass with slots is made anew, and super() looks for the one before.
            return LineReader.take(self, word)
        self.start, self.end = self.start or said.start, self.end or said.end
        self.position = said.over
        return True


def _completes(day: Moment, clock: Moment) -> bool:
    """Whether one is a day without a time, and the other a time without a day."""
    return bool(day.day and not day.clock and clock.clock and not clock.day)


def _late_window(body: str) -> str | None:
    """A start or end with which the words for the public begin, which nothing else has made of it."""
    said = find_window(body, 0)
    return body[: said.over].strip() if said is not None else None


def parse_maintenance(text: str, *, plans: bool = False, takes_times: bool = True) -> TypedMaintenance:
    """Read a line. Raises InvalidInputError for a secret alone: for everything else see `problems`.

    With `plans`, the line is about a new one: words before everything else are its name even without quotation marks.
    Without `takes_times`, a time is one of the words for the public.
    """
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(text)
    reader = _Reader(text, frozenset(), takes_bare_name=plans)
    said = reader.read() if takes_times else LineReader(text, frozenset()).read()
    if (late := _late_window(said.body)) is not None:
        said.problems.append(
            f"“{late}” stands among the words for the public: times come before them."
            if takes_times
            else f"“{late}” looks like a time, and this happens now. Leave it if people should read it."
        )
    return TypedMaintenance(said, reader.start, reader.end)
