"""What people enter: Slack's `state.values`, its defaults, and what Slack's own client checks before it sends."""

from __future__ import annotations

import re
from typing import Any

from sandbox.messages import list_elements

Json = dict[str, Any]

# Element type → the key under which `state.values` holds the entry, and what an empty entry is.
ENTRY_KEYS: dict[str, tuple[str, Any]] = {
    "plain_text_input": ("value", None),
    "number_input": ("value", None),
    "email_text_input": ("value", None),
    "url_text_input": ("value", None),
    "rich_text_input": ("rich_text_value", None),
    "static_select": ("selected_option", None),
    "external_select": ("selected_option", None),
    "radio_buttons": ("selected_option", None),
    "checkboxes": ("selected_options", []),
    "multi_static_select": ("selected_options", []),
    "multi_external_select": ("selected_options", []),
    "users_select": ("selected_user", None),
    "multi_users_select": ("selected_users", []),
    "conversations_select": ("selected_conversation", None),
    "multi_conversations_select": ("selected_conversations", []),
    "channels_select": ("selected_channel", None),
    "multi_channels_select": ("selected_channels", []),
    "datepicker": ("selected_date", None),
    "timepicker": ("selected_time", None),
    "datetimepicker": ("selected_date_time", None),
    "file_input": ("files", []),
}
_INITIAL_KEYS = {
    "value": "initial_value",
    "rich_text_value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


def initial_entry(element: Json) -> Json:
    """What `state.values` holds for an element that nobody has touched."""
    key, empty = ENTRY_KEYS[element["type"]]
    initial = element.get(_INITIAL_KEYS.get(key, ""))
    # Slack says in which time zone a time was asked for.
    zone = {"timezone": element["timezone"]} if "timezone" in element else {}
    return {"type": element["type"], key: initial if initial is not None else empty, **zone}


def collect_state(blocks: list[Json], entered: Json) -> Json:
    """`state.values` of a surface: defaults overlaid with what was entered."""
    values: Json = {}
    for block in blocks:
        for element in list_elements(block):
            if element.get("type") not in ENTRY_KEYS:
                continue
            block_id, action_id = block["block_id"], element["action_id"]
            given = entered.get(block_id, {}).get(action_id)
            entry = initial_entry(element)
            if isinstance(given, dict):
                key = ENTRY_KEYS[element["type"]][0]
                entry[key] = _normal(element, given.get(key, entry[key]))
            values.setdefault(block_id, {})[action_id] = entry
    return values


def keep_state(before: list[Json], after: list[Json], entered: Json) -> Json:
    """What stays entered when a view's blocks change: the whole state of each element that keeps its ids and type.

    That goes for untouched elements too, so a new initial value is not shown unless block_id or action_id change.
    """
    state = collect_state(before, entered)
    kept: Json = {}
    for block_id, entries in collect_state(after, {}).items():
        for action_id, entry in entries.items():
            known = state.get(block_id, {}).get(action_id)
            if known is not None and known["type"] == entry["type"]:
                kept.setdefault(block_id, {})[action_id] = known
    return kept


def _normal(element: Json, value: Any) -> Any:
    # Slack reports an emptied text field as null.
    return None if value == "" else value


def check_entries(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client itself objects to before it submits, by block_id."""
    errors = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        if element.get("type") not in ENTRY_KEYS:
            continue
        key = ENTRY_KEYS[element["type"]][0]
        value = values.get(block["block_id"], {}).get(element["action_id"], {}).get(key)
        problem = find_entry_problem(element, value, optional=bool(block.get("optional")))
        if problem:
            errors[block["block_id"]] = problem
    return errors


def find_entry_problem(element: Json, value: Any, *, optional: bool) -> str | None:
    """The sentence under the field, or None when its entry is fine."""
    if value in (None, "", []):
        return None if optional else "Please complete this required field."
    kind = element["type"]
    if kind == "plain_text_input":
        return _find_length_problem(element, str(value))
    if kind == "number_input":
        return _find_number_problem(element, str(value))
    if kind == "email_text_input" and not _EMAIL.fullmatch(str(value)):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not _URL.fullmatch(str(value)):
        return "Please enter a valid URL."
    if "max_selected_items" in element and len(value) > element["max_selected_items"]:
        return f"Please select at most {element['max_selected_items']} items."
    return _find_option_problem(element, value)


def _find_length_problem(element: Json, text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    longest = element.get("max_length", 3000)
    return f"Please enter at most {longest} characters." if len(text) > longest else None


def _find_number_problem(element: Json, text: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, text):
        return "Please enter a valid number."
    if "min_value" in element and float(text) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(text) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None


def list_options(element: Json) -> list[Json]:
    """The options that an element offers, grouped or not."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def _find_option_problem(element: Json, value: Any) -> str | None:
    if element["type"] in ("external_select", "multi_external_select"):
        return None
    offered = {option.get("value") for option in list_options(element)}
    chosen = value if isinstance(value, list) else [value]
    for option in chosen:
        if isinstance(option, dict) and "value" in option and offered and option["value"] not in offered:
            return "Please choose one of the options."
    return None
