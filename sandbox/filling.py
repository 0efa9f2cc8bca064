"""What a played person enters, as the state in which Slack's client keeps it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sandbox.inputs import ENTRY_KEYS, list_options

Json = dict[str, Any]


def fill_in(element: Json, value: Any) -> Json:
    """The state of an element in which `value` was entered; None empties it. Raises ValueError where nobody could."""
    kind = element["type"]
    if kind not in ENTRY_KEYS:
        raise ValueError(f"nothing can be entered in a {kind}")
    key, empty = ENTRY_KEYS[kind]
    if value is None:
        return {"type": kind, key: empty}
    if key == "selected_option":
        return {"type": kind, key: _choose(element, value)}
    if key == "selected_options":
        return {"type": kind, key: [_choose(element, one) for one in value]}
    if key == "selected_date_time":
        return {"type": kind, key: _seconds(value)}
    if isinstance(value, time):
        return {"type": kind, key: value.strftime("%H:%M")}
    if isinstance(value, date):
        return {"type": kind, key: value.isoformat()}
    return {"type": kind, key: str(value) if key == "value" else value}


def _seconds(value: Any) -> int:
    if not isinstance(value, datetime):
        return int(value)
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return int(value.timestamp())


def _choose(element: Json, value: Any) -> Json:
    """The option with this value; where the app is asked for options, any value or an option as it gave it."""
    if element["type"].endswith("external_select"):
        return value if isinstance(value, dict) else {"text": {"type": "plain_text", "text": value}, "value": value}
    offered = {option["value"]: option for option in list_options(element)}
    wanted = value["value"] if isinstance(value, dict) else value
    if wanted not in offered:
        raise ValueError(f"no option {wanted!r}; there are {sorted(offered)}")
    chosen: Json = offered[wanted]
    return chosen
