"""Spans and ends of time, as people write and read them."""

import re
from datetime import timedelta

from desk.errors import InvalidInputError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(
    r"(?:and\s+)?(\d{1,6}(?:\.\d{1,2})?|an?(?=\s))\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])",
    re.IGNORECASE,
)
_HALF = re.compile(r"half\s+an\s+(?=hour)", re.IGNORECASE)
_LONGEST = timedelta(days=3650)
_HINT = "Write for example 30m, 8h, 7d or 2w."


def parse_duration(text: str) -> timedelta:
    """A span such as `30m`, `8h`, `7d`, `2w` or `1d12h`. Raises InvalidInputError (field `ends`)."""
    wanted = _HALF.sub("0.5 ", text.strip())
    span, position = timedelta(), 0
    for part in _PART.finditer(wanted):
        if wanted[position : part.start()].strip():
            break
        span += timedelta(**{_UNITS[part[2][0].lower()]: _number(part[1])})
        position = part.end()
    if not wanted or wanted[position:].strip():
        raise InvalidInputError(f"“{text}” is not a length of time.", _HINT, field="ends")
    if not timedelta() < span <= _LONGEST:
        raise InvalidInputError(f"“{text}” is not between a minute and ten years.", _HINT, field="ends")
    return span


def _number(text: str) -> float:
    return 1 if text.lower() in {"a", "an"} else float(text)


def in_words(span: timedelta) -> str:
    """A span in its largest whole unit: `30 minutes`, `8 hours`, `7 days`."""
    minutes = max(1, round(span.total_seconds() / 60))
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
