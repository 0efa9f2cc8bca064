"""Composition objects: texts, options, confirmations, files."""

from __future__ import annotations

from typing import Any

from sandbox.blockkit.schema import (
    Rule,
    Schema,
    anything,
    array,
    boolean,
    by_type,
    choice,
    exactly_one,
    object_like,
    string,
    url,
)

ID = string(1, 255)
TYPE = {"type": string(1)}


def plain_text(high: int, low: int = 1) -> Schema:
    """A plain_text object."""
    return by_type({"plain_text": _plain(low, high)})


def any_text(high: int, low: int = 1) -> Schema:
    """A plain_text or mrkdwn object."""
    return by_type({"plain_text": _plain(low, high), "mrkdwn": _mrkdwn(low, high)})


def _plain(low: int, high: int) -> Schema:
    return object_like(TYPE | {"text": string(low, high)}, {"emoji": boolean})


def _mrkdwn(low: int, high: int) -> Schema:
    return object_like(TYPE | {"text": string(low, high)}, {"verbatim": boolean})


PLACEHOLDER = plain_text(150)

CONFIRM = object_like(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": choice("primary", "danger")},
)

_OPTION = {"text": plain_text(75), "value": string(1, 150)}
OPTION = object_like(_OPTION, {"description": plain_text(75)})
OPTION_WITH_URL = object_like(_OPTION, {"description": plain_text(75), "url": url()})
RICH_OPTION = object_like(
    {"text": any_text(75), "value": string(1, 150)},
    {"description": any_text(75)},
)
OPTION_GROUP = object_like({"label": plain_text(75), "options": array(OPTION, 1, 100)})

SLACK_FILE = object_like({}, {"id": string(1), "url": url()}, exactly_one("id", "url"))
DISPATCH_ACTION_CONFIG = object_like(
    {}, {"trigger_actions_on": array(choice("on_enter_pressed", "on_character_entered"), 1, 2)}
)
CONVERSATION_FILTER = object_like(
    {},
    {
        "include": array(choice("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
WORKFLOW = object_like({"trigger": anything})


def _offered(element: dict[str, Any]) -> list[Any]:
    groups = _listed(element.get("option_groups"))
    grouped = [option for group in groups if isinstance(group, dict) for option in _listed(group.get("options"))]
    return [*_listed(element.get("options")), *grouped]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def initial_among_options(name: str) -> Rule:
    """What is chosen at first is one of the options, word for word."""

    def check(element: dict[str, Any], pointer: str, problems: list[str]) -> None:
        initial = element.get(name)
        if initial is None:
            return
        chosen = initial if isinstance(initial, list) else [initial]
        offered = _offered(element)
        if any(option not in offered for option in chosen):
            problems.append(f"must match an option [json-pointer:{pointer}/{name}]")

    return check


def distinct_options(element: dict[str, Any], pointer: str, problems: list[str]) -> None:
    """No two options carry the same value."""
    values = [option.get("value") for option in _offered(element) if isinstance(option, dict)]
    if len(values) != len({str(value) for value in values}):
        problems.append(f"option values must be unique [json-pointer:{pointer}/options]")
