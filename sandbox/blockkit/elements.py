"""Interactive elements and where each may stand."""

from __future__ import annotations

from typing import Any

from sandbox.blockkit.objects import (
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_ACTION_CONFIG,
    ID,
    OPTION,
    OPTION_GROUP,
    OPTION_WITH_URL,
    PLACEHOLDER,
    RICH_OPTION,
    SLACK_FILE,
    TYPE,
    WORKFLOW,
    distinct_options,
    initial_among_options,
    plain_text,
)
from sandbox.blockkit.schema import (
    Schema,
    anything,
    array,
    boolean,
    choice,
    exactly_one,
    integer,
    object_like,
    string,
    url,
)

_ACTION: dict[str, Schema] = {"action_id": ID}
_COMMON: dict[str, Schema] = {**_ACTION, "confirm": CONFIRM, "focus_on_load": boolean}
_SELECT: dict[str, Schema] = {**_COMMON, "placeholder": PLACEHOLDER}
_MULTI: dict[str, Schema] = {**_SELECT, "max_selected_items": integer(1)}
_STATIC: dict[str, Schema] = {"options": array(OPTION, 1, 100), "option_groups": array(OPTION_GROUP, 1, 100)}
_ONE_SOURCE = exactly_one("options", "option_groups")
_TYPED: dict[str, Schema] = {
    **_ACTION,
    "focus_on_load": boolean,
    "placeholder": PLACEHOLDER,
    "dispatch_action_config": DISPATCH_ACTION_CONFIG,
}
_STYLE = choice("primary", "danger")
_IDS = array(string(1))


def _length_order(element: dict[str, Any], pointer: str, problems: list[str]) -> None:
    low, high = element.get("min_length"), element.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        problems.append(f"min_length must not exceed max_length [json-pointer:{pointer}]")


def _initial_fits(element: dict[str, Any], pointer: str, problems: list[str]) -> None:
    initial, high = element.get("initial_value"), element.get("max_length", 3000)
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        problems.append(f"must be less than {high + 1} characters [json-pointer:{pointer}/initial_value]")


ELEMENTS: dict[str, Schema] = {
    "button": object_like(
        TYPE | {"text": plain_text(75)},
        {
            **_ACTION,
            "url": url(),
            "value": string(0, 2000),
            "style": _STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(0, 75),
        },
    ),
    "workflow_button": object_like(
        TYPE | {"text": plain_text(75), "workflow": WORKFLOW},
        {**_ACTION, "style": _STYLE, "accessibility_label": string(0, 75)},
    ),
    "checkboxes": object_like(
        TYPE | {"options": array(RICH_OPTION, 1, 10)},
        {**_COMMON, "initial_options": array(RICH_OPTION, 1, 10)},
        initial_among_options("initial_options"),
        distinct_options,
    ),
    "radio_buttons": object_like(
        TYPE | {"options": array(RICH_OPTION, 1, 10)},
        {**_COMMON, "initial_option": RICH_OPTION},
        initial_among_options("initial_option"),
        distinct_options,
    ),
    "overflow": object_like(TYPE | {"options": array(OPTION_WITH_URL, 1, 5)}, {**_ACTION, "confirm": CONFIRM}),
    "datepicker": object_like(TYPE, {**_SELECT, "initial_date": string(pattern=r"\d{4}-\d{2}-\d{2}")}),
    "timepicker": object_like(
        TYPE,
        {**_SELECT, "initial_time": string(pattern=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": string(1)},
    ),
    "datetimepicker": object_like(TYPE, {**_COMMON, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
    "static_select": object_like(
        TYPE,
        {**_SELECT, **_STATIC, "initial_option": OPTION},
        _ONE_SOURCE,
        initial_among_options("initial_option"),
    ),
    "multi_static_select": object_like(
        TYPE,
        {**_MULTI, **_STATIC, "initial_options": array(OPTION, 1, 100)},
        _ONE_SOURCE,
        initial_among_options("initial_options"),
    ),
    "external_select": object_like(TYPE, {**_SELECT, "initial_option": OPTION, "min_query_length": integer(0)}),
    "multi_external_select": object_like(
        TYPE, {**_MULTI, "initial_options": array(OPTION, 1, 100), "min_query_length": integer(0)}
    ),
    "users_select": object_like(TYPE, {**_SELECT, "initial_user": string(1)}),
    "multi_users_select": object_like(TYPE, {**_MULTI, "initial_users": _IDS}),
    "conversations_select": object_like(
        TYPE,
        {
            **_SELECT,
            "initial_conversation": string(1),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": CONVERSATION_FILTER,
        },
    ),
    "multi_conversations_select": object_like(
        TYPE,
        {
            **_MULTI,
            "initial_conversations": _IDS,
            "default_to_current_conversation": boolean,
            "filter": CONVERSATION_FILTER,
        },
    ),
    "channels_select": object_like(TYPE, {**_SELECT, "initial_channel": string(1), "response_url_enabled": boolean}),
    "multi_channels_select": object_like(TYPE, {**_MULTI, "initial_channels": _IDS}),
    "plain_text_input": object_like(
        TYPE,
        {
            **_TYPED,
            "initial_value": string(),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        _length_order,
        _initial_fits,
    ),
    "number_input": object_like(
        TYPE | {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": string(), "min_value": string(1), "max_value": string(1)},
    ),
    "email_text_input": object_like(TYPE, {**_TYPED, "initial_value": string()}),
    "url_text_input": object_like(TYPE, {**_TYPED, "initial_value": string()}),
    "rich_text_input": object_like(TYPE, {**_TYPED, "initial_value": anything}),
    "file_input": object_like(TYPE, {**_ACTION, "filetypes": array(string(1), 1), "max_files": integer(1, 10)}),
    "image": object_like(
        TYPE | {"alt_text": string(1, 2000)},
        {"image_url": url(), "slack_file": SLACK_FILE},
        exactly_one("image_url", "slack_file"),
    ),
}

SELECTS = frozenset({"static_select", "external_select", "users_select", "conversations_select", "channels_select"})
MULTI_SELECTS = frozenset(f"multi_{name}" for name in SELECTS)
IN_ACTIONS = SELECTS | {
    "button",
    "checkboxes",
    "datepicker",
    "datetimepicker",
    "overflow",
    "radio_buttons",
    "timepicker",
    "workflow_button",
}
IN_SECTION = (IN_ACTIONS - {"datetimepicker"}) | MULTI_SELECTS | {"image"}
IN_INPUT = (
    SELECTS
    | MULTI_SELECTS
    | {
        "checkboxes",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "file_input",
        "number_input",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "timepicker",
        "url_text_input",
    }
)


def elements(names: frozenset[str]) -> dict[str, Schema]:
    """The rules of these element types."""
    return {name: ELEMENTS[name] for name in names}
