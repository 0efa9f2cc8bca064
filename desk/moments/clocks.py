"""Times of day as people write them, `22:00`, `10pm`, `22h30`, `9 in the evening`, and zones behind them. Pure."""

import re
from dataclasses import dataclass

from desk.zones import known_zones

PARTS = {
    "morning": (range(12), "09:00"),
    "lunch": (range(11, 15), "12:00"),
    "afternoon": (range(12, 19), "15:00"),
    "evening": (range(16, 24), "19:00"),
    "night": (range(18, 24), "22:00"),
}
"""Parts of a day: the hours that they have, and one that may be proposed."""
_CLOCK = re.compile(
    r"""(?:(?P<at>at|@|um(?=\s))\s*)?(?:
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?
            (?:\s*(?P<half>[ap])\.?m\.?(?!\w)|\s*(?:h|hrs|uhr)(?!\w))?
      | (?P<dotted>\d{1,2}\.\d{2})
            (?:\s*(?P<dotted_half>[ap])\.?m\.?(?!\w)|\s*(?:h|uhr)(?!\w)|(?P<dot_only>)(?![\w.:/]))
      | (?P<bare_hour>\d{1,2})\s*(?P<bare_half>[ap])\.?m\.?(?!\w)
      | (?:12\s*)?(?P<named>noon|midday|midnight)(?!\w)
      | (?P<clear>\d{1,2})\s*(?:uhr|o['’]\s?clock|h(?P<h_minute>\d{2}))(?!\w)
      | (?P<only>\d{1,2})(?P<hours>\s*h(?:rs)?)?(?![\w:./'’]|,\d)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_IS_HOUR = re.compile(
    r"\s*(?:$|[-–—‑−]\s*\d{1,2}(?!\d)|\s(?:to|until|till|bis|for|because|utc|in\s+the|at\s+night)(?!\w))",
    re.IGNORECASE,
)
"""What follows a number that is an hour."""
_PART = re.compile(
    r"(?:\s+|,\s*)(?:(?:in\s+the|at|early|late)\s+)?(?P<part>morning|lunch(?:time)?|afternoon|evening|night)(?!\w)",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(
    "CES?T|MES?Z|EES?T|WES?T|BST|IST|MSK|[ECMPA][SD]?T|AK[SD]T|HST|NST|JST|KST|HKT|SGT|PHT|ICT|WIB|PKT|GST|A[EC][SD]T"
    "|AWST|NZ[SD]T|SAST|WAT|CAT|EAT|BRT|ART"
)
"""What people call their zone, and others another."""
_IN_SMALL = re.compile("ces?t|ees?t|[ecmp]dt|[cp]st|jst|a[ec][sd]t|nz[sd]t")
"""Of these, what is no word."""
_ZONE = re.compile(
    r"(?P<blank>\s*)(?P<open>\()?(?:(?:(?P<z>z)(?!\w|/(?!\d))|(?P<utc>utc|gmt)(?![\w/])"
    r"(?P<shift>\s?(?:[+]\d{1,2}|[−-](?:0?\d|1[0-4]))(?::?[0-5]\d)?(?![\d:]))?)"
    r"|(?P<offset>[+−-](?:0\d|1[0-4]):?[0-5]\d(?![\d:]|\s*[ap]\.?m)|[+]\d{1,2}(?![\w:]))"
    r"|(?<=[\s(])(?P<name>[A-Za-z][A-Za-z_]+(?:/[A-Za-z][A-Za-z0-9_+-]*)+|[A-Z]{2,4})(?![\w/]))(?(open)\))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day that stands in a text, and where it is over."""

    wall: str
    """`22:00`, `22:00:30`, `24:00` or `midnight`."""
    end: int
    is_plain: bool = False
    """Whether it is a number from 1 to 12 that could be before or after noon."""


def find_clock(text: str, position: int, *, is_hour: bool = False, behind_day: bool = False) -> Clock | None:
    """The time of day that begins at a position. A number alone is one where `is_hour`, where “at” says so, or behind
    a day where something follows that says so."""
    match = _CLOCK.match(text, position)
    if match is None:
        return None
    if match["named"]:
        return Clock("midnight" if match["named"].lower() == "midnight" else "12:00", match.end())
    if match["only"]:
        says_so = match["at"] or is_hour or (behind_day and (match["hours"] or _IS_HOUR.match(text, match.end())))
        says_so = says_so or (match["hours"] and re.match(r"\s*[-–—]\s*\d", text[match.end() : match.end() + 5]))
        return _clock(match["only"], "", "", match.end()) if says_so else None
    if match["dotted"]:
        hour, minute = match["dotted"].split(".")
        if match["dot_only"] is not None and not (behind_day and 13 <= int(minute) <= 59):
            # “1.12.” is a day.
            return None
        return _clock(hour, minute, match["dotted_half"], match.end())
    hour = match["hour"] or match["bare_hour"] or match["clear"]
    clock = _clock(hour, match["minute"] or match["h_minute"], match["half"] or match["bare_half"], match.end())
    return Clock(f"{clock.wall}:{match['second']}", clock.end) if match["second"] else clock


def _clock(hour: str, minute: str | None, half: str | None, end: int) -> Clock:
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.lower() == "p" else 0) if 1 <= number <= 12 else 99
    is_plain = not half and 1 <= number <= 12 and not hour.startswith("0")
    return Clock(f"{number:02}:{int(minute or 0):02}", end, is_plain)


def find_part(text: str, position: int) -> tuple[str, int] | None:
    """The part of a day that is named behind it, or behind a time, and where that is over."""
    match = _PART.match(text, position)
    return (match["part"].lower().removesuffix("time"), match.end()) if match else None


def in_part(clock: Clock, part: str) -> str:
    """The time that is meant in a part of a day, `21:00` of “9 in the evening”; empty where it cannot be there."""
    if clock.wall == "midnight":
        return clock.wall
    hour, minute = int(clock.wall[:2]), clock.wall[2:]
    hours = {hour, (hour + 12) % 24 if clock.is_plain else hour} & set(PARTS[part][0])
    return f"{hours.pop():02}{minute}" if len(hours) == 1 else ""


def find_zone(text: str, position: int, *, is_iso: bool = False) -> tuple[str, int]:
    """The zone behind a time, empty where none stands there, and where it is over."""
    match = _ZONE.match(text, position)
    if match is None:
        return "", position
    if match["z"] or match["utc"]:
        return ("UTC" + (match["shift"] or "").strip()), match.end()
    if offset := match["offset"]:
        # “22:00-23:30” says until when.
        is_range = offset[0] != "+" and not (is_iso or match["blank"] or match["open"])
        return ("", position) if is_range else (f"UTC{offset}", match.end())
    name = match["name"]
    is_known = _ABBREVIATED.fullmatch(name) or _IN_SMALL.fullmatch(name) or name.lower() in known_zones()
    # “and/or” are words of the text; “Nowhere/Land” is a zone that does not exist.
    return (name, match.end()) if is_known or ("/" in name and name[0].isupper()) else ("", position)
