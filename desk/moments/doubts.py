"""What stands behind a time and may belong to it: a day, misspelled or apart, or somebody's clock. Pure."""

import re
from itertools import islice

from desk.moments.clocks import find_zone
from desk.moments.days import find_day, is_nearly_day
from desk.moments.typed import Moment
from desk.zones import known_zones

_WEEK = re.compile(r"(?:\d{4}-?)?W\d\d(?!\w)|[KC]?W\s?\d\d(?!\w)")
_ZONE_WORDS = re.compile(
    r"(?:local|my|our|their|(?!This|That|Last|Next|Down|Every|Each|Some|First|The)[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
    r" [Tt]ime(?!\w)"
)
_WORD = re.compile(r"[^\s/]+")
_FIRST_WORDS = 4


def find_doubt(body: str, *moments: Moment | None) -> str | None:
    """What to ask about the first words for the public behind a start and an end: by whose clock, or on which day."""
    if (zone := _zone_at_beginning(body)) is not None:
        return f"Does “{zone}” say by whose clock? Write UTC, an offset like +02:00, or a name like Europe/Zurich."
    words = [word[0] for word in islice(_WORD.finditer(body), _FIRST_WORDS)]
    if any(moment is not None and moment.day for moment in moments) or not words:
        return None
    named = next((word for word in words if _names_day(word)), None)
    if named is None and ((week := _WEEK.match(body)) is not None or is_nearly_day(words[0])):
        named = week[0] if week is not None else words[0]
    return named and f"Does “{named.rstrip('.,;:!')}” say on which day? It stands among the words for the public."


def _zone_at_beginning(body: str) -> str | None:
    """A zone behind a length, as in “22:00 for 2h UTC”, or somebody's clock in words."""
    if (words := _ZONE_WORDS.match(body)) is not None:
        return words[0]
    zone, end = find_zone(f" {body}", 0)
    is_one = zone and ("/" not in zone or zone.lower() in known_zones())
    return body[: end - 1].strip("() ") if is_one else None


def _names_day(word: str) -> bool:
    day = find_day(word, 0)
    return day is not None and not day.is_numbers and day.said != "today"
