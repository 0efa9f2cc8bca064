"""Spans and ends of time, as people write and read them."""

import re
from datetime import timedelta

from desk.errors import InvalidInputError

_UNITS = {"m": 1, "h": 60, "d": 1440, "w": 7 * 1440, "mo": 30 * 1440, "y": 365 * 1440}
"""Minutes."""
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_GERMAN_NUMBERS = ("zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf")
_COUNTED = "|".join((*_NUMBERS, *_GERMAN_NUMBERS))
_UNIT = (
    "minutes?|mins?|months?|mo|hours?|hrs?|days?|weeks?|wks?|years?|yrs?"
    "|minuten|stunden?|std|tage?n?|wochen?|monate?n?|jahre?n?|m|h|d|w|y"
)
_GERMAN = {"s": "h", "t": "d", "j": "y"}
"""Units that begin otherwise than in English."""
_PART = re.compile(
    rf"""(?:
        (?P<few>(?:a\s+)?(?:couple|few|some|several)(?:\s+of)?)
      | (?:an?\s+)?(?P<half>half)(?:\s+an?|\s+of\s+an?)?
      | (?P<quarters>an?|one|three)\s+quarters?\s+of\s+an?
      | (?P<clocked>\d{{1,3}}:[0-5]\d)(?=\s*h)
      | (?P<number>\d{{1,6}}(?:[.,]\d{{1,2}})?|an?(?=\s)|eine?[nr]?(?=\s)|{_COUNTED})(?P<more>\s+and\s+a\s+half)?
    )\s*(?P<unit>{_UNIT})(?:(?<=h)(?P<minutes>\d{{2}})(?!\w)|(?![a-z]))(?P<rest>\s+and\s+a\s+half)?""",
    re.VERBOSE | re.IGNORECASE,
)
_ABOUT = re.compile(r"(?:(?:about|around|roughly|approx(?:imately|\.)?|ca\.?|up\s+to)\s+|~\s*)?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:,\s*)?(?:and\s+)?", re.IGNORECASE)
_MANY_MINUTES = 180
_LONGEST = timedelta(days=3650)
_HINT = "Write for example 30m, 8h, 7d or 2w."


def find_duration(text: str, position: int) -> int | None:
    """Where a span that begins at a position is over; None where none does."""
    found = _read(text, position)
    return found[1] if found is not None and not text[found[1] : found[1] + 1].isalnum() else None


def parse_duration(text: str) -> timedelta:
    """A span such as `30m`, `8h`, `1h30`, `7d`, `2w`, `1d12h` or `half an hour`. Raises InvalidInputError (field
    `ends`)."""
    wanted = text.strip()
    found = _read(wanted, 0)
    if found is None or wanted[found[1] :].strip():
        raise InvalidInputError(f"“{text}” is not a length of time.", _HINT, field="ends")
    if found[0] is None:
        raise InvalidInputError(f"How long is “{text}”?", _HINT, field="ends")
    if not 1 <= found[0] <= _LONGEST.total_seconds() / 60:
        raise InvalidInputError(f"“{text}” is not between a minute and ten years.", _HINT, field="ends")
    return timedelta(minutes=found[0])


def _read(text: str, position: int) -> tuple[float | None, int] | None:
    """How many minutes, None for an unknown number of them, and where that is over."""
    about = _ABOUT.match(text, position)
    part = _PART.match(text, about.end() if about else position)
    if part is None:
        return None
    minutes: float | None = 0
    end = position
    while part is not None:
        minutes = None if minutes is None or part["few"] else minutes + _minutes_in(part)
        end = part.end()
        between = _BETWEEN.match(text, end)
        part = _PART.match(text, between.end()) if between else None
    return minutes, end


def _minutes_in(part: re.Match[str]) -> float:
    unit = part["unit"].lower()
    size = _UNITS["mo" if unit.startswith("mo") else _GERMAN.get(unit[0], unit[0])]
    if part["half"]:
        return size / 2
    if part["quarters"]:
        return size * (0.75 if part["quarters"].lower() == "three" else 0.25)
    if part["clocked"]:
        hours, minutes = part["clocked"].split(":")
        return int(hours) * size + int(minutes)
    halves = size / 2 if part["more"] or part["rest"] else 0
    return _number(part["number"].lower()) * size + halves + int(part["minutes"] or 0)


def _number(text: str) -> float:
    if text in {"a", "an"} or text.startswith("ein"):
        return 1
    if text in _GERMAN_NUMBERS:
        return _GERMAN_NUMBERS.index(text) + 2
    return _NUMBERS.index(text) + 1 if text in _NUMBERS else float(text.replace(",", "."))


def in_words(span: timedelta) -> str:
    """A span in its largest whole unit: `30 minutes`, `8 hours`, `7 days`; `22 hours 49 minutes` of many minutes."""
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes > _MANY_MINUTES and minutes % 60:
        hours = in_words(timedelta(hours=minutes // 60))
        return f"{hours} {in_words(timedelta(minutes=minutes % 60))}"
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    raise AssertionError("every whole minute is a multiple of one")


def ago(passed: timedelta) -> str:
    """How long ago something was: “just now”, “2 seconds ago”, “3 hours ago”, “5 days ago”."""
    seconds = int(passed.total_seconds())
    if seconds < 1:
        return "just now"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    raise AssertionError("unreachable: a second has passed")
