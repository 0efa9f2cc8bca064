"""When to remind of what is open: hours, as Statuspage writes them. Pure."""

import json
from itertools import pairwise

from desk.errors import InvalidInputError

_LONGEST = 255


def reminder_hours(intervals: str | None) -> tuple[tuple[int, ...], int | None]:
    """When to remind of an update: after which hours and, from then on, every how many (None: not again).

    Statuspage's forms: None is after 3, 6, 12 and 24 hours, `"[1,5,7]"` after those, `"4"` every four, `"[]"` never.
    Raises InvalidInputError (field `reminder_intervals`).
    """
    if intervals is None or intervals == "":
        return (3, 6, 12, 24), None
    try:
        value = json.loads(intervals)
    except ValueError:
        value = None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 24:
        return (), value
    # In JSON `true` is no number; in Python it is one.
    whole = isinstance(value, list) and all(type(hour) is int and 1 <= hour <= 24 for hour in value)
    if whole and all(a < b for a, b in pairwise(value)) and len(intervals) <= _LONGEST:
        return tuple(value), None
    raise InvalidInputError(
        f"“{intervals}” is no list of reminder hours.",
        'Rising hours from 1 to 24 such as "[1,5,7]", one number such as "4", or "[]" for none.',
        field="reminder_intervals",
    )
