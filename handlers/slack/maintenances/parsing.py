"""`/maintenance …` in one line: as `/incident`, and when it begins and ends.

"Database upgrade" on acme component:search from 2026-12-01 22:00 until 2026-12-02 01:00 We move to …
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.secret import refuse_secrets
from handlers.slack.framework.command_line import Word
from handlers.slack.incidents.parsing import LineReader, TypedIncident
from handlers.slack.incidents.text import clock_in

_SPAN = r"(?:\d{1,6}\s*(?:minutes?|min|m|hours?|h|days?|d|weeks?|w)(?![A-Za-z])\s*)+"
_ZONE = r"(?:UTC|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z0-9_+-]*)+|[A-Z]{2,4}T)"
_SAID = re.compile(
    rf"""\s*(?P<word>from|until|till|to|for|in)\s+(?:
        (?P<now>now)\b
      | (?P<span>{_SPAN})(?!\S)
      | (?:(?P<day>\d{{4}}-\d{{2}}-\d{{2}}|today|tomorrow)[ T]+)?(?P<clock>\d{{1,2}}:\d{{2}})(?!\S)
        (?:\s+(?P<zone>{_ZONE})(?!\S))?
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_STARTS, _ENDS = frozenset({"from", "in"}), frozenset({"until", "till", "to", "for"})
_SPANS = frozenset({"in", "for"})
_HOW = "Write from 2026-12-01 22:00 until 2026-12-02 01:00, from tomorrow 22:00 for 3h, or in 2h for 30m."


@dataclass(frozen=True, slots=True)
class Moment:
    """A start or an end as it was typed; empty for what was not said."""

    is_start: bool
    is_now: bool = False
    span: str = ""
    """So long from now or, for an end, from the start."""
    day: str = ""
    clock: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What was understood of a start and an end; None where that is missing or not understood."""

    start: datetime | None = None
    end: datetime | None = None
    problems: tuple[str, ...] = ()


def find_moment(text: str, position: int) -> tuple[Moment, int] | None:
    """The start or end that is said at a position, and where it is over; None where something else is said."""
    match = _SAID.match(text, position)
    if match is None:
        return None
    found = {name: value or "" for name, value in match.groupdict().items()}
    word = found["word"].lower()
    if bool(found["span"]) != (word in _SPANS) or (found["now"] and word != "from"):
        return None
    if found["zone"] and not _is_written_as_zone(found["zone"]):
        # A word of the text, such as “Most”, and no zone.
        found["zone"] = ""
        match_end = match.start("zone")
    else:
        match_end = match.end()
    moment = Moment(
        is_start=word in _STARTS,
        is_now=bool(found["now"]),
        span=found["span"].strip(),
        day=found["day"].lower(),
        clock=found["clock"],
        zone=found["zone"],
    )
    return moment, match_end


def _is_written_as_zone(word: str) -> bool:
    # “and/or” is none, “europe/zurich” is one, and “Nowhere/Land” is one that does not exist.
    return word.isupper() or word.lower() in _zones() or ("/" in word and word[0].isupper())


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
    problems: list[str] = []
    ends = None
    try:
        named = _zone_of(start, end)
        begins = _read_start(start, now, _own(start, named) or zone) or (kept[0] if kept else None)
    except InvalidInputError as error:
        return Window(problems=(str(error),))
    if end is None and begins is not None and kept is not None:
        ends = begins + (kept[1] - kept[0])
    elif end is None:
        problems.append(str(InvalidInputError("Say until when.", _HOW)))
    elif begins is not None:
        try:
            ends = _read_end(end, begins, now, _own(end, named) or zone)
        except InvalidInputError as error:
            problems.append(str(error))
    if begins is None:
        problems.append(str(InvalidInputError("Say from when.", _HOW)))
    return Window(begins, ends, tuple(problems))


def _zone_of(*moments: Moment | None) -> ZoneInfo | None:
    """A zone that was named once is meant for both."""
    return next((_get_zone(moment.zone) for moment in moments if moment is not None and moment.zone), None)


def _own(moment: Moment | None, named: ZoneInfo | None) -> ZoneInfo | None:
    return _get_zone(moment.zone) if moment is not None and moment.zone else named


def _get_zone(name: str) -> ZoneInfo:
    key = _zones().get(name.lower())
    if key is None:
        raise InvalidInputError(
            f"“{name}” is no time zone that is the same for everybody.", "Write UTC, or a name like Europe/Zurich."
        )
    return ZoneInfo(key)


@cache
def _zones() -> Mapping[str, str]:
    """In lower case → as it is written."""
    # CET or EST are in the list as well, and mean different hours to different people.
    return {name.lower(): name for name in ("UTC", *available_timezones()) if "/" in name or name == "UTC"}


def _read_start(moment: Moment | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    if moment is None:
        return None
    if moment.is_now:
        return now
    if moment.span:
        return now + parse_duration(moment.span)
    return instant_of(_day_of(moment, now.astimezone(zone).date()), _clock_of(moment), zone)


def _read_end(moment: Moment, start: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    if moment.span:
        return start + parse_duration(moment.span)
    if moment.day:
        return instant_of(_day_of(moment, now.astimezone(zone).date()), _clock_of(moment), zone)
    # Without a day: the next time that clocks show it.
    day, clock = start.astimezone(zone).date(), _clock_of(moment)
    if clock <= start.astimezone(zone).time():
        day += timedelta(days=1)
    return instant_of(day, clock, zone)


def _day_of(moment: Moment, today: date) -> date:
    if moment.day in {"", "today"}:
        return today
    if moment.day == "tomorrow":
        return today + timedelta(days=1)
    try:
        return date.fromisoformat(moment.day)
    except ValueError:
        raise InvalidInputError(f"“{moment.day}” is not a date.", "Write dates like 2026-12-01.") from None


def _clock_of(moment: Moment) -> time:
    try:
        return time.fromisoformat(moment.clock.zfill(5))
    except ValueError:
        raise InvalidInputError(f"“{moment.clock}” is not a time.", "Write times like 22:00.") from None


def instant_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks of a zone show this. Raises InvalidInputError where they never do, or twice."""
    wall = datetime.combine(day, clock)
    try:
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        shown = first.astimezone(zone)
    except OverflowError:
        raise InvalidInputError(f"“{day}” is too far away.", "Choose an earlier day.") from None
    if first == second:
        return first
    said = f"{clock:%H:%M} on {wall:%a} {day.day} {day:%b %Y}"
    if shown.replace(tzinfo=None) != wall:
        raise InvalidInputError(
            f"There is no {said} in {zone.key}: clocks are put forward over it.",
            f"Did you mean {clock_in(zone, first)}?",
        )
    # Which of the two is meant nobody can know.
    raise InvalidInputError(
        f"{said} comes twice in {zone.key}: clocks are put back.",
        f"Write it in UTC: {first:%Y-%m-%d %H:%M} UTC or {second:%Y-%m-%d %H:%M} UTC.",
    )


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
        if word.kind != "word" or (found := find_moment(self.text, self.position)) is None:
            # Not super(): a dataclass with slots is made anew, and super() looks for the one before.
            return LineReader.take(self, word)
        moment, end = found
        if moment.is_start and self.start is None:
            self.start = moment
        elif not moment.is_start and self.end is None:
            self.end = moment
        else:
            return False
        self.position = end
        return True


def parse_maintenance(text: str) -> TypedMaintenance:
    """Read a line. Raises InvalidInputError for a secret alone: for everything else see `problems`."""
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(text)
    reader = _Reader(text, frozenset())
    said = reader.read()
    return TypedMaintenance(said, reader.start, reader.end)
