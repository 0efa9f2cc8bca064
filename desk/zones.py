"""Time zones: which one a name means, what its clocks show, and the instant at which they show it."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from desk.errors import InvalidInputError


def get_zone(name: str) -> tzinfo:
    """A zone by its name, `UTC`, or an offset such as `UTC+02:00`. Raises InvalidInputError (field `ends`)."""
    if shift := re.fullmatch(r"UTC\s?([+−-])(\d{1,2}):?(\d{2})?", name, re.IGNORECASE):
        span = timedelta(hours=int(shift[2]), minutes=int(shift[3] or 0))
        if span < timedelta(hours=24):
            return timezone(span if shift[1] == "+" else -span)
    key = known_zones().get(name.lower())
    if key is None:
        raise InvalidInputError(
            f"“{name}” is no time zone that is the same for everybody.",
            "Write UTC, an offset like +02:00, or a name like Europe/Zurich.",
            field="ends",
        )
    return ZoneInfo(key)


@cache
def known_zones() -> Mapping[str, str]:
    """Every zone by its name in lower case → as it is written."""
    # CET or EST are in the list as well, and mean different hours to different people.
    return {name.lower(): name for name in ("UTC", *available_timezones()) if "/" in name or name == "UTC"}


def instant_of(day: date, clock: time, zone: tzinfo) -> datetime:
    """The instant at which the clocks of a zone show this. Raises InvalidInputError where they never do, or twice."""
    wall = datetime.combine(day, clock)
    try:
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        shown = first.astimezone(zone)
    except OverflowError:
        raise _too_far(day) from None
    if first == second:
        return first
    said = f"{clock:%H:%M} on {wall:%a} {day.day} {day:%b %Y}"
    if shown.replace(tzinfo=None) != wall:
        raise InvalidInputError(
            f"There is no {said} in {zone}: clocks are put forward over it.",
            f"Did you mean {clock_in(zone, first)}?",
            field="ends",
        )
    # Which of the two is meant nobody can know.
    raise InvalidInputError(
        f"{said} comes twice in {zone}: clocks are put back.",
        f"Write it in UTC: {first:%Y-%m-%d %H:%M} UTC or {second:%Y-%m-%d %H:%M} UTC.",
        field="ends",
    )


def beginning_of(day: date, zone: tzinfo) -> datetime:
    """The first instant of a day, also where clocks are put forward at midnight or show it twice. Raises
    InvalidInputError."""
    try:
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise _too_far(day) from None


def _too_far(day: date) -> InvalidInputError:
    return InvalidInputError(f"“{day}” is too far away.", "Choose an earlier day.", field="ends")


def clock_in(zone: tzinfo, instant: datetime) -> str:
    """An instant by the clock of a time zone: `Mon 2 Mar 2026 20:00 CET`."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {local.tzname()}"
