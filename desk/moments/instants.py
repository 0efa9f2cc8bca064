"""The instant that a moment means by somebody's clocks.

What could mean two things is asked about and never guessed: `01/12`, and a time that clocks show twice or never.
"""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.moments.calendar import day_of, is_vague, propose
from desk.moments.days import WEEKDAYS
from desk.moments.typed import Moment, find_hour, find_moment, find_span
from desk.zones import beginning_of, get_zone, instant_of

FURTHEST = timedelta(days=3650)
"""Nothing is planned for later than this."""
_HOW_LONG = "Write for example for 30d, until friday 18:00, until Dec 1 or until 2026-12-01 22:00 UTC."
_NO_YEAR = re.compile(r"\d\d-\d\d")
_NEARLY_A_YEAR = timedelta(days=300)
HOW = "Write for example tomorrow 22:00, monday at 9, Dec 1 22:00 or 2026-12-01 22:00 UTC."


class VagueMomentError(InvalidInputError):
    """A time of which nobody but who wrote it knows when it is. `proposal` may be put into a form."""

    def __init__(self, said: str, proposal: datetime, zone: tzinfo, *, hint: str = "") -> None:
        hint = hint or f"Write a time, for example {_typed(proposal.astimezone(zone))}."
        super().__init__(f"When exactly is “{said}”?", hint, field="ends")
        self.proposal = proposal


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

    A time without a day is today's, with `is_past` the last one or, with `after`, the next one after that; a day
    without a time is its end where `is_end`. Where a year or week is left out, the next such day is meant, with
    `is_past` the last one. Raises InvalidInputError (field `ends`) with what to write instead, VagueMomentError
    where no time was said.
    """
    if moment.is_now:
        return now
    if moment.span:
        span = parse_duration(moment.span)
        return _checked(now - span if moment.is_ago else now + span, moment, now)
    place = get_zone(moment.zone) if moment.zone else zone
    today = now.astimezone(place).date()
    if moment.part or (is_vague(moment.day) and not moment.also):
        raise VagueMomentError(moment.said, propose(moment, now, place, after=after, is_past=is_past), place)
    if not moment.clock:
        if not is_end:
            raise InvalidInputError(f"At what time, “{moment.said}”?", HOW, field="ends")
        return _checked(beginning_of(_next_day(day_of(moment, today, is_past=is_past)), place), moment, now)
    clock, days = _clock_of(moment), timedelta(days=1 if moment.clock == "24:00" else 0)
    if moment.clock == "midnight":
        return _midnight(moment, now=now, zone=place, after=after, is_past=is_past)
    if moment.day:
        today_here = now.astimezone(zone).date()
        named = (_day_to_come(moment, one, clock, place, now=now, is_past=is_past) for one in (today, today_here))
        there, own = (instant_of(day + days, clock, place) for day in named)
        if own != there:
            raise _two_days(moment, own, there, place)
        return _checked(there, moment, now)
    if after is None:
        found = instant_of(today + days, clock, place)
        # Past midnight, “at 23:30” is of the evening before.
        return instant_of(today + days - timedelta(days=1), clock, place) if is_past and found > now else found
    day = after.astimezone(place).date()
    if clock <= after.astimezone(place).time():
        day += timedelta(days=1)
    return _checked(instant_of(day, clock, place), moment, now)


def _day_to_come(moment: Moment, today: date, clock: time, place: tzinfo, *, now: datetime, is_past: bool) -> date:
    """The day that is named, counted from this one: a weekday whose time is over is next week's."""
    day = day_of(moment, today, is_past=is_past)
    is_over = moment.day in WEEKDAYS and day == today and not is_past and instant_of(day, clock, place) <= now
    return day + timedelta(days=7) if is_over and moment.clock != "24:00" else day


def _two_days(moment: Moment, own: datetime, there: datetime, place: tzinfo) -> VagueMomentError:
    """“tomorrow 08:00 UTC” of somebody for whom it is another day already than it is in UTC."""
    first, second = (f"{_typed(instant.astimezone(place))} {moment.zone}" for instant in sorted((own, there)))
    hint = f"It is another day in {moment.zone} than where you are: write {first}, or {second}."
    return VagueMomentError(moment.said, own, place, hint=hint)


def far_text(moment: Moment, instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """What to say of a day without a year that has just been, so that its next one is hardly meant, or of the past
    that is to come soon; else empty."""
    if not _NO_YEAR.fullmatch(moment.day) or abs(instant - now) <= _NEARLY_A_YEAR:
        return ""
    shown = instant.astimezone(get_zone(moment.zone) if moment.zone else zone)
    when = "comes next in" if instant > now else "was last in"
    return f"“{moment.said}” {when} {shown:%Y}. If that is meant, write the year."


def _midnight(moment: Moment, *, now: datetime, zone: tzinfo, after: datetime | None, is_past: bool) -> datetime:
    """The next midnight or, of the past, the last one. Which one “tomorrow at midnight” is nobody can know."""
    today = now.astimezone(zone).date()
    if moment.day in {"", "today"}:
        begun = (after or now).astimezone(zone).date()
        return _checked(beginning_of(today if is_past else _next_day(begun), zone), moment, now)
    day = day_of(moment, today, is_past=is_past)
    named = f"{day:%a} {day.day} {day:%b}"
    raise InvalidInputError(
        f"Is “{moment.said}” when {named} begins or when it ends?",
        f"Write {named} 00:00 or {named} 24:00.",
        field="ends",
    )


def _typed(shown: datetime) -> str:
    return f"{shown:%a} {shown.day} {shown:%b %H:%M}"


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
    if moment.clock in {"24:00", "midnight"}:
        return time()
    try:
        return time.fromisoformat(moment.clock)
    except ValueError:
        raise InvalidInputError(
            f"“{moment.said}” is not a time.", "Write times like 22:00 or 10pm.", field="ends"
        ) from None


_UNTIL = re.compile(r"(?P<until>until|till|by|bis)\s+|(?:for|für|in)\s+", re.IGNORECASE)


def parse_end(text: str, *, now: datetime, zone: tzinfo, spans_from: datetime | None = None) -> datetime:
    """The instant meant by a moment (a day means its end) or by a span from `now`, in `zone`. `for` or `until` may
    stand before it: “for 22h” is a span, and “until 22h” a time. Spans count from `spans_from` where that is given,
    but for “in 22h”, which is from now on.

    Raises InvalidInputError (field `ends`), also when the instant has passed.
    """
    keyword = _UNTIL.match(text.strip())
    wanted = text.strip()[keyword.end() if keyword else 0 :].strip(" .,")
    is_until = keyword is not None and keyword["until"] is not None
    if not is_until and find_span(wanted, 0) == len(wanted):
        is_from_now = keyword is not None and keyword[0].lower().startswith("in")
        return (now if is_from_now else spans_from or now) + parse_duration(wanted)
    found = find_moment(wanted, 0) or (find_hour(wanted, 0) if is_until else None)
    if found is None or wanted[found[1] :].strip():
        if find_span(wanted, 0) == len(wanted):
            return now + parse_duration(wanted)
        raise InvalidInputError(f"“{wanted}” is no time that I know.", _HOW_LONG, field="ends")
    end = get_instant(replace(found[0], said=wanted), now=now, zone=zone, after=now, is_end=True)
    if end <= now:
        raise InvalidInputError(f"“{wanted}” has passed already.", "Choose a time to come.", field="ends")
    if far := far_text(found[0], end - timedelta(minutes=1), now=now, zone=zone):
        raise InvalidInputError(far, field="ends")
    return end
