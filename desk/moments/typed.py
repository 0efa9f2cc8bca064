"""What stands in a text and says when. Pure, and without a clock.

A moment is a day (`tomorrow`, `next friday`, `Dec 1`, `2026-12-01`), a time of day (`22:00`, `10pm`, `noon`), both in
either order, or `now`; `Z`, an offset or a zone may follow the time.
"""

import re
from dataclasses import dataclass, replace

from desk.zones import known_zones

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
_DAY = re.compile(
    rf"""(?:on\s+)?(?:
        (?P<iso>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\d))
      | (?P<relative>today|tonight|tomorrow|yesterday)(?!\w)
      | (?:(?P<which>next|this|coming|last)\s+)?(?P<weekday>{_WEEKDAY})(?!\w)\.?,?
      | (?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:])(?:,?\s+(?P<year>\d{{4}})(?![\d:]))?
      | (?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<month_second>{_MONTH})(?!\w)\.?
        (?:,?\s+(?P<year_third>\d{{4}})(?![\d:]))?
      | (?P<one>\d{{1,4}})(?P<sign>[/.])(?P<two>\d{{1,2}})(?:(?P=sign)(?P<three>\d{{4}}|\d{{2}})?)?(?![\d/:])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_CLOCK = re.compile(
    r"""(?:(?P<at>at|@)\s*)?(?:
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<half>[ap])\.?m\.?(?!\w))?
      | (?P<bare_hour>\d{1,2})\s*(?P<bare_half>[ap])\.?m\.?(?!\w)
      | (?P<named>noon|midday|midnight)(?!\w)
      | (?P<only>\d{1,2})(?:\s*(?:h|o['’]clock))?(?![\w:./-])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ZONE = re.compile(
    r"\s*(?:(?P<utc>z|utc|gmt)(?![\w/])(?P<shift>\s?[+-−]\d{1,2}(?::?\d{2})?(?![\d:]))?"
    r"|(?P<offset>[+−-]\d{2}:?\d{2}(?![\d:])|[+]\d{1,2}(?![\d:]))"
    r"|(?<=\s)(?P<name>[A-Za-z][A-Za-z_]+(?:/[A-Za-z][A-Za-z0-9_+-]*)+|[A-Z]{2,4}T)(?![\w/]))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:[T,]|\s+(?:at\s+)?|,\s*)", re.IGNORECASE)
_SPAN_UNIT = r"(?:minutes?|mins?|m|hours?|hrs?|hr|h|days?|d|weeks?|w)"
_SPAN = re.compile(
    rf"(?:half\s+an\s+hour|an?\s+(?:minute|hour|day|week)(?!\w)"
    rf"|\d{{1,6}}(?:\.\d{{1,2}})?\s*{_SPAN_UNIT}(?!\w)(?:\s*(?:and\s+)?\d{{1,6}}\s*{_SPAN_UNIT}(?!\w))*"
    rf"|(?:\d{{1,6}}(?:min|[mhdw]))+(?!\w))",
    re.IGNORECASE,
)
_NOW = re.compile(r"(?:right\s+)?now(?!\w)", re.IGNORECASE)
_HOUR = re.compile(r"(?:[01]?\d|2[0-3])(?![\w:./-])")
_RANGE = re.compile(r"\s*(?:-|–|—|‑|−)\s*|\s+(?:to|until|till)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it was typed; empty for what was not said."""

    said: str
    is_now: bool = False
    day: str = ""
    """`2026-12-01`, `today`, `tomorrow`, `yesterday`, `mon` or `next mon`, `12-01`, `01/12` or `01.12.2026`."""
    clock: str = ""
    """`22:00` or `22:00:30`."""
    zone: str = ""
    span: str = ""
    """So long from now or, for an end, from the start."""


def find_span(text: str, position: int) -> int | None:
    """Where a length of time that begins at a position ends; None where none does."""
    match = _SPAN.match(text, position)
    return match.end() if match else None


def find_moment(text: str, position: int) -> tuple[Moment, int] | None:
    """The moment that begins at a position, and where it is over; None where something else stands."""
    if (now := _NOW.match(text, position)) is not None:
        return Moment(now[0], is_now=True), now.end()
    day = _DAY.match(text, position)
    if day is not None:
        return _after_day(text, position, day)
    clock = _clock_at(text, position, is_after_day=False)
    if clock is None:
        return None
    wall, end = clock
    zone, end = _zone_at(text, end)
    following = re.compile(r"\s+").match(text, end)
    day = _DAY.match(text, following.end()) if following else None
    if day is not None and _ends_well(text, day.end()):
        return Moment(text[position : day.end()], day=_day_in(day), clock=wall, zone=zone), day.end()
    return Moment(text[position:end], clock=wall, zone=zone), end


def _after_day(text: str, position: int, day: re.Match[str]) -> tuple[Moment, int] | None:
    end = day.end()
    between = _BETWEEN.match(text, end)
    clock = _clock_at(text, between.end(), is_after_day="at" in between[0].lower()) if between else None
    if clock is None:
        if not _ends_well(text, end):
            return None
        return Moment(text[position:end], day=_day_in(day), clock=""), end
    assert between is not None, "no clock is looked for without"
    wall, end = clock
    zone, end = _zone_at(text, end, is_iso=between[0].upper() == "T")
    return Moment(text[position:end], day=_day_in(day), clock=wall, zone=zone), end


def _ends_well(text: str, end: int) -> bool:
    return end >= len(text) or text[end].isspace() or text[end] in ",;.!?)–—-"


def _clock_at(text: str, position: int, *, is_after_day: bool) -> tuple[str, int] | None:
    match = _CLOCK.match(text, position)
    if match is None:
        return None
    if match["named"]:
        return ("00:00" if match["named"].lower() == "midnight" else "12:00"), match.end()
    if match["only"]:
        # A number alone is a time only where “at” says so.
        return (f"{int(match['only']):02}:00", match.end()) if match["at"] or is_after_day else None
    hour, half = int(match["hour"] or match["bare_hour"]), (match["half"] or match["bare_half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 99
    seconds = f":{match['second']}" if match["second"] else ""
    return f"{hour:02}:{match['minute'] or '00'}{seconds}", match.end()


def _zone_at(text: str, position: int, *, is_iso: bool = False) -> tuple[str, int]:
    match = _ZONE.match(text, position)
    if match is None or (match["offset"] and match["offset"][0] != "+" and not is_iso):
        # “22:00-23:30” says until when.
        return "", position
    if match["utc"]:
        return ("UTC" + (match["shift"] or "").strip()), match.end()
    if match["offset"]:
        return "UTC" + match["offset"], match.end()
    name = match["name"]
    # “Most” and “and/or” are words of the text; “europe/zurich” is a zone, “Nowhere/Land” one that does not exist.
    if name.isupper() or name.lower() in known_zones() or ("/" in name and name[0].isupper()):
        return name, match.end()
    return "", position


def find_hour(text: str, position: int) -> tuple[Moment, int] | None:
    """A number alone where a time is expected, as in `until 11`: the hour, with a day behind it or none."""
    found = _HOUR.match(text, position)
    if found is None:
        return None
    moment = find_moment(f"at {text[position:]}", 0)
    return (replace(moment[0], said=moment[0].said[3:]), position + moment[1] - 3) if moment else None


def find_range_end(text: str, position: int) -> tuple[Moment, int] | None:
    """The end that a time with a dash, or with “to”, goes on to: `22:00-23:30`."""
    between = _RANGE.match(text, position)
    return (find_moment(text, between.end()) or find_hour(text, between.end())) if between else None


def _day_in(match: re.Match[str]) -> str:
    if match["iso"]:
        return str(match["iso"])
    if match["relative"]:
        return "today" if match["relative"].lower() == "tonight" else match["relative"].lower()
    if match["weekday"]:
        which = {"next": "next ", "coming": "next ", "last": "last "}.get((match["which"] or "").lower(), "")
        return f"{which}{match['weekday'][:3].lower()}"
    if month := match["month"] or match["month_second"]:
        number = MONTHS.index(month[:3].lower()) + 1
        return date_of(match["year"] or match["year_third"], number, match["day"] or match["day_first"])
    if match["sign"] == "/":
        return str(match[0]).lower().removeprefix("on").strip()
    # With dots the day comes first everywhere.
    return date_of(match["three"], match["two"], match["one"])


def date_of(year: str | None, month: str | int, day: str | int) -> str:
    """`2026-12-01`, or `12-01` without a year."""
    named = f"{int(month):02}-{int(day):02}"
    return f"{year if len(year) == 4 else f'20{year}'}-{named}" if year else named
