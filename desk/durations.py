"""Spans and ends of time, as people write and read them."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk.errors import InvalidInputError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,6})\s*(minutes?|min|m|hours?|h|days?|d|weeks?|w)", re.IGNORECASE)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}))?")
_LONGEST = timedelta(days=3650)
_HINT = "Write for example 30m, 8h, 7d or 2w."


def parse_duration(text: str) -> timedelta:
    """A span such as `30m`, `8h`, `7d`, `2w` or `1d12h`. Raises InvalidInputError (field `ends`)."""
    wanted = text.strip()
    span, position = timedelta(), 0
    for part in _PART.finditer(wanted):
        if wanted[position : part.start()].strip():
            break
        span += timedelta(**{_UNITS[part[2][0].lower()]: int(part[1])})
        position = part.end()
    if not wanted or wanted[position:].strip():
        raise InvalidInputError(f"“{text}” is not a length of time.", _HINT, field="ends")
    if not timedelta() < span <= _LONGEST:
        raise InvalidInputError(f"“{text}” is not between a minute and ten years.", _HINT, field="ends")
    return span


def parse_end(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant meant by a date (its end), by a date with a time, or by a span from `now`, in `zone`.

    Raises InvalidInputError (field `ends`), also when the instant has passed.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return now + parse_duration(text)
    try:
        day = datetime.strptime(match[1], "%Y-%m-%d")  # noqa: DTZ007 - the zone is put in below
        clock = time.fromisoformat(match[2].zfill(5)) if match[2] else None
    except ValueError:
        raise InvalidInputError(
            f"“{text}” is not a date.", "Write dates like 2026-12-01 or 2026-12-01 18:00.", field="ends"
        ) from None
    local = datetime.combine(day, clock) if clock else day + timedelta(days=1)
    end = local.replace(tzinfo=zone).astimezone(UTC)
    if end <= now:
        raise InvalidInputError(f"“{text}” has passed already.", "Choose a time to come.", field="ends")
    return end


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
