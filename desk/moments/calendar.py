"""The day that somebody means, counted from today. Pure."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from desk.errors import InvalidInputError
from desk.moments.clocks import PARTS
from desk.moments.days import MONTHS, WEEKDAYS, date_of
from desk.moments.typed import Moment
from desk.zones import beginning_of

_EVENING = "18:00"
"""What may be proposed for the end of a day."""


def day_of(moment: Moment, today: date, *, is_past: bool) -> date:
    """The day that a moment names. Raises InvalidInputError, also where two that it names are not the same."""
    if is_vague(moment.day) or is_vague(moment.also):
        return _in_week(moment, today)
    day = _day_of(moment, moment.day, today, is_past=is_past)
    if not moment.also:
        return day
    other = _day_of(moment, moment.also, today, is_past=is_past)
    is_first = moment.also[-3:] in WEEKDAYS
    if not is_first and moment.day[-3:] not in WEEKDAYS:
        if day != other:
            raise _contradicts(moment, day, other)
        return day
    dated, weekday = (day, moment.also[-3:]) if is_first else (other, moment.day[-3:])
    ahead = (WEEKDAYS.index(weekday) - dated.weekday() + 3) % 7 - 3
    if ahead:
        raise _contradicts(moment, dated, dated + timedelta(days=ahead))
    return dated


def _contradicts(moment: Moment, day: date, other: date) -> InvalidInputError:
    return InvalidInputError(
        f"“{moment.said}” names two days.", f"Write {_named(day)} or {_named(other)}.", field="ends"
    )


def _named(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _day_of(moment: Moment, said: str, today: date, *, is_past: bool) -> date:
    if said in {"today", "tomorrow", "yesterday"}:
        return today + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[said])
    if said[0] in "+-":
        return today + timedelta(days=int(said))
    if said.startswith("after "):
        return _week_after(moment, said[-3:], today)
    if said[-3:] in WEEKDAYS:
        return _weekday(said, today, is_past=is_past)
    if "/" in said:
        said = _without_doubt(said, moment.said)
    try:
        if "W" in said:
            return date.fromisoformat(said)
        if len(said) > 5:
            year, month, day = (int(part) for part in said.split("-"))
            return date(year, month, day)
        if len(said) == 2:
            return _of_month(int(said), today, is_past=is_past)
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


def _week_after(moment: Moment, name: str, today: date) -> date:
    """“friday week”: a week after the next one. On a friday, nobody can know which one that is."""
    ahead = (WEEKDAYS.index(name) - today.weekday()) % 7
    if not ahead:
        raise _contradicts(moment, today + timedelta(days=7), today + timedelta(days=14))
    return today + timedelta(days=ahead + 7)


def _of_month(number: int, today: date, *, is_past: bool) -> date:
    """“the 5th”: of the next month that has one, or of the last. Raises ValueError where none does."""
    first = today.replace(day=1)
    for _ in range(3):
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        found = first.replace(day=number) if 1 <= number <= last.day else None
        if found is not None and (found <= today if is_past else found >= today):
            return found
        first = (first - timedelta(days=1) if is_past else last + timedelta(days=1)).replace(day=1)
    raise ValueError(number)


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


def is_vague(day: str) -> bool:
    """Whether this says no day: `next week`, `this weekend`, `end month`."""
    return day.endswith(("week", "weekend", "month", "end day"))


def _in_week(moment: Moment, today: date) -> date:
    """“monday next week”. Raises InvalidInputError where this names no day."""
    vague, other = (moment.day, moment.also) if is_vague(moment.day) else (moment.also, moment.day)
    if vague in {"next week", "this week"} and other in WEEKDAYS:
        monday = today - timedelta(days=today.weekday() - (7 if vague == "next week" else 0))
        return monday + timedelta(days=WEEKDAYS.index(other))
    raise InvalidInputError(
        f"“{moment.said}” names no day.", f"Write for example {_named(today + timedelta(days=7))}.", field="ends"
    )


def propose(
    moment: Moment, now: datetime, zone: tzinfo, *, after: datetime | None = None, is_past: bool = False
) -> datetime:
    """A time that may be meant where none was said, in UTC: one after `after`, or after now."""
    today = now.astimezone(zone).date()
    if is_vague(moment.day):
        day, clock = _first_of(moment.day, today), _EVENING if moment.day.startswith("end") else PARTS["morning"][1]
    else:
        day, clock = day_of(moment, today, is_past=is_past), PARTS[moment.part][1]
    if moment.part:
        clock = PARTS[moment.part][1]
    proposed = datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)
    if is_past or proposed > (after or now):
        return proposed
    return beginning_of(day + timedelta(days=1), zone) if moment.day == "end day" else proposed + timedelta(days=1)


def _first_of(vague: str, today: date) -> date:
    which, _, kind = vague.partition(" ")
    monday = today - timedelta(days=today.weekday())
    if kind == "day":
        return today
    if kind == "month":
        following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        return following if which == "next" else following - timedelta(days=1)
    week = monday + timedelta(days=7 if which in {"next", "coming"} else 0)
    ahead = {"weekend": 5, "week": 4 if which in {"end", "this"} else 0}[kind]
    return week + timedelta(days=ahead)
