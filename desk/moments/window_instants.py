"""The instants that a start and an end mean together. Pure.

What may mean two things, or is hardly meant, is asked about with an instant that a form may propose.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from desk.durations import in_words, parse_duration
from desk.errors import InvalidInputError
from desk.moments.instants import VagueMomentError, far_text, get_instant
from desk.moments.typed import Moment
from desk.moments.windows import HOW_LONG
from desk.zones import get_zone

_LONG_NIGHT = timedelta(hours=18)


@dataclass(frozen=True, slots=True)
class Window:
    """What was understood of a start and an end; None where that is missing or not understood."""

    start: datetime | None = None
    end: datetime | None = None
    problems: tuple[str, ...] = ()


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
    end = _following(start, end) if start and end else end
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
            yield far_text(start, begins, now=now, zone=zone) if start else "", begins
    if begins is None:
        if end is None:
            yield str(InvalidInputError("Say until when.", HOW_LONG)), None
        yield str(InvalidInputError("Say from when.", HOW_LONG)), None
        return
    if end is None and start is not None and start.offset_or_end:
        yield _offset_or_end(start), None
        return
    if end is None and kept is None:
        yield str(InvalidInputError("Say until when.", HOW_LONG)), None
        return
    try:
        ends = _read_end(start, end, begins, now, zone) if end else None
        yield _overlong(end, ends, begins, zone), ends or begins + (kept[1] - kept[0] if kept else timedelta())
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
    _refuse_either_half(end, begins.astimezone(get_zone(end.zone) if end.zone else zone))
    return get_instant(end, now=now, zone=zone, after=begins, is_end=True)


def _refuse_either_half(end: Moment, begins: datetime) -> None:
    """Raises InvalidInputError where an hour without “am” or “pm” may be later on the same day as well as the next
    day: “9 to 5” may be twenty hours, or eight."""
    if end.day or not end.is_plain:
        return
    hour, rest = int(end.clock[:2]) % 12, end.clock[2:]
    if not end.clock <= f"{begins:%H:%M}" < f"{hour + 12 if hour else 24:02}{rest}":
        return
    sooner, later = f"{(hour + 12) if hour else 0:02}{rest}", f"{hour or 12:02}{rest}"
    raise InvalidInputError(
        f"Is “{end.said}” before or after noon?", f"Write {sooner}, or {later} with its day.", field="ends"
    )


def _overlong(end: Moment | None, ends: datetime | None, begins: datetime, zone: tzinfo) -> str:
    """What to say of an end without a day that is on the next one, so late that another may be meant."""
    if end is None or ends is None or end.day or end.span or end.clock in {"24:00", "midnight"}:
        return ""
    place = get_zone(end.zone) if end.zone else zone
    first, last = begins.astimezone(place), ends.astimezone(place)
    if last - first <= _LONG_NIGHT or first.date() == last.date():
        return ""
    return f"“{end.said}” is {in_words(ends - begins)} later, on {last:%A}. If that is meant, name the day."


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
        after = max(begins, now)
        return Window(begins, _read_end(None, end, after, now, zone))
    except InvalidInputError as error:
        return Window(begins, problems=(str(error),))


def _in_one_zone(*moments: Moment | None) -> tuple[Moment | None, ...]:
    """A zone that was named once is meant for both."""
    named = next((moment.zone for moment in moments if moment is not None and moment.zone), "")
    return tuple(moment and replace(moment, zone=moment.zone or named) for moment in moments)


def _following(start: Moment, end: Moment) -> Moment:
    """The end of “tonight 10-11” or “tonight from 11 to 1”: the next such hour, of whichever half of the day."""
    if not (start.within and end.is_plain) or end.day or end.part:
        return end
    hour, rest = int(end.clock[:2]) % 12, end.clock[2:]
    later = (f"{hour + more:02}{rest}" for more in (0, 12))
    return replace(
        end, clock=next((clock for clock in later if clock > start.clock), f"{hour:02}{rest}"), is_plain=False
    )
