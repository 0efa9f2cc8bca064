"""The instant that a moment means by somebody's clocks.

What could mean two things is asked about and never guessed: `01/12`, and a time that clocks show twice or never.
"""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.moments.typed import MONTHS, WEEKDAYS, Moment, date_of, find_moment
from desk.zones import beginning_of, get_zone, instant_of

FURTHEST = timedelta(days=3650)
"""Nothing is planned for later than this."""
HOW = "Write for example tomorrow 22:00, monday at 9, Dec 1 22:00 or 2026-12-01 22:00 UTC."


def get_instant(
    moment: Moment,
    *,
    now: datetime,
    zone: tzinfo,
    after: datetime | None = None,
    is_end: bool = False,
    is_past: bool = False,
) -> datetime:
    """The instant that a moment means by the clocks of `zone`, or of the one that it names, in UTC.

    A time without a day is today's or, with `after`, the next one after that; a day without a time is its end where
    `is_end`. Where a year or week is left out, the next such day is meant, with `is_past` the last one. Raises
    InvalidInputError (field `ends`) with what to write instead.
    """
    if moment.is_now:
        return now
    if moment.span:
        return _checked(now + parse_duration(moment.span), moment, now)
    place = get_zone(moment.zone) if moment.zone else zone
    today = now.astimezone(place).date()
    if not moment.clock:
        if not is_end:
            raise InvalidInputError(f"At what time, “{moment.said}”?", HOW, field="ends")
        return _checked(beginning_of(_next_day(_day_of(moment, today, is_past=is_past)), place), moment, now)
    clock = _clock_of(moment)
    if moment.day:
        day = _day_of(moment, today, is_past=is_past)
        if moment.day in WEEKDAYS and day == today and not is_past and instant_of(day, clock, place) <= now:
            day += timedelta(days=7)
        return _checked(instant_of(day, clock, place), moment, now)
    if after is None:
        return instant_of(today, clock, place)
    day = after.astimezone(place).date()
    if clock <= after.astimezone(place).time():
        day += timedelta(days=1)
    return _checked(instant_of(day, clock, place), moment, now)


def _next_day(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        return day


def _checked(instant: datetime, moment: Moment, now: datetime) -> datetime:
    if not now - FURTHEST <= instant <= now + FURTHEST:
        raise InvalidInputError(f"“{moment.said}” is more than ten years away.", "Choose a nearer day.", field="ends")
    return instant


def _clock_of(moment: Moment) -> time:
    try:
        return time.fromisoformat(moment.clock)
    except ValueError:
        raise InvalidInputError(
            f"“{moment.said}” is not a time.", "Write times like 22:00 or 10pm.", field="ends"
        ) from None


def _day_of(moment: Moment, today: date, *, is_past: bool) -> date:
    said = moment.day
    if said in {"today", "tomorrow", "yesterday"}:
        return today + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[said])
    if said[-3:] in WEEKDAYS:
        return _weekday(said, today, is_past=is_past)
    if "/" in said:
        said = _without_doubt(said, moment.said)
    try:
        if len(said) > 5:
            year, month, day = (int(part) for part in said.split("-"))
            return date(year, month, day)
        return _nearest(said, today, is_past=is_past)
    except ValueError:
        raise InvalidInputError(
            f"“{moment.said}” is not a date.", "Write dates like 2026-12-01 or Dec 1.", field="ends"
        ) from None


def _weekday(said: str, today: date, *, is_past: bool) -> date:
    which, _, name = said.rpartition(" ")
    ahead = (WEEKDAYS.index(name) - today.weekday()) % 7
    if is_past or which == "last":
        behind = -ahead % 7
        return today - timedelta(days=behind or (7 if which else 0))
    return today + timedelta(days=ahead or (7 if which == "next" else 0))


def _nearest(said: str, today: date, *, is_past: bool) -> date:
    month, day = (int(part) for part in said.split("-"))
    years = range(today.year, today.year + 9) if not is_past else range(today.year, today.year - 9, -1)
    for year in years:
        try:
            found = date(year, month, day)
        except ValueError:
            # The 29th of February of another year.
            continue
        if (found <= today) if is_past else (found >= today):
            return found
    raise ValueError(said)


def _without_doubt(said: str, typed: str) -> str:
    parts = said.split("/")
    if len(parts[0]) == 4 and len(parts) == 3:
        return "-".join(parts)
    one, two = int(parts[0]), int(parts[1])
    ways = {(month, day) for month, day in ((one, two), (two, one)) if 1 <= month <= 12 and 1 <= day <= 31}
    if len(ways) > 1:
        first, second = (f"{day} {MONTHS[month - 1].capitalize()}" for month, day in sorted(ways))
        raise InvalidInputError(
            f"Is “{typed}” {first} or {second}?", f"Write {first}, {second} or a date like 2026-12-01.", field="ends"
        )
    month, day = next(iter(ways), (0, 0))
    return date_of(parts[2] if len(parts) == 3 else None, month, day)


def parse_end(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """The instant meant by a moment (a day means its end) or by a span from `now`, in `zone`.

    Raises InvalidInputError (field `ends`), also when the instant has passed.
    """
    wanted = text.strip()
    bare = re.sub(r"^in\s+", "", wanted, flags=re.IGNORECASE)
    found = find_moment(wanted, 0)
    if found is None or wanted[found[1] :].strip(" .,"):
        return now + parse_duration(bare)
    end = get_instant(replace(found[0], said=wanted), now=now, zone=zone, after=now, is_end=True)
    if end <= now:
        raise InvalidInputError(f"“{text}” has passed already.", "Choose a time to come.", field="ends")
    return end
