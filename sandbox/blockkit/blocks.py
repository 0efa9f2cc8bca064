"""Blocks, and which of them each surface takes."""

from __future__ import annotations

from sandbox.blockkit.elements import ELEMENTS, IN_ACTIONS, IN_INPUT, IN_SECTION, elements
from sandbox.blockkit.objects import ID, SLACK_FILE, TYPE, any_text, plain_text
from sandbox.blockkit.rich_text import RICH_TEXT
from sandbox.blockkit.schema import (
    Schema,
    anything,
    array,
    at_least_one,
    boolean,
    by_type,
    choice,
    exactly_one,
    integer,
    object_like,
    string,
    url,
)

_BLOCK: dict[str, Schema] = {"block_id": ID}

_CELLS: dict[str, Schema] = {
    "raw_text": object_like(TYPE | {"text": string(1)}),
    "rich_text": RICH_TEXT,
}
_COLUMN = object_like({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})
_FEEDBACK_CHOICE = object_like(
    {"text": plain_text(75), "value": string(1, 2000)}, {"accessibility_label": string(0, 75)}
)
_CONTEXT_ACTIONS: dict[str, Schema] = {
    "feedback_buttons": object_like(
        TYPE | {"positive_button": _FEEDBACK_CHOICE, "negative_button": _FEEDBACK_CHOICE},
        {"action_id": ID},
    ),
    "icon_button": object_like(
        TYPE | {"icon": choice("trash"), "text": plain_text(75)},
        {
            "action_id": ID,
            "value": string(0, 2000),
            "confirm": anything,
            "accessibility_label": string(0, 75),
            "visible_to_user_ids": array(string(1)),
        },
    ),
}


def _input(names: frozenset[str]) -> Schema:
    return object_like(
        TYPE | {"label": plain_text(2000), "element": by_type(elements(names))},
        {**_BLOCK, "hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    )


_EVERYWHERE: dict[str, Schema] = {
    "actions": object_like(TYPE | {"elements": array(by_type(elements(IN_ACTIONS)), 1, 25)}, _BLOCK),
    "context": object_like(
        TYPE
        | {
            "elements": array(
                by_type(
                    {
                        "image": ELEMENTS["image"],
                        "plain_text": any_text(2000),
                        "mrkdwn": any_text(2000),
                    }
                ),
                1,
                10,
            )
        },
        _BLOCK,
    ),
    "divider": object_like(TYPE, _BLOCK),
    "header": object_like(TYPE | {"text": plain_text(150)}, {**_BLOCK, "level": integer(1, 4)}),
    "image": object_like(
        TYPE | {"alt_text": string(1, 2000)},
        {**_BLOCK, "image_url": url(), "slack_file": SLACK_FILE, "title": plain_text(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT,
    "section": object_like(
        TYPE,
        {
            **_BLOCK,
            "text": any_text(3000),
            "fields": array(any_text(2000), 1, 10),
            "accessory": by_type(elements(IN_SECTION)),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    ),
    "video": object_like(
        TYPE
        | {
            "alt_text": string(1, 2000),
            "title": plain_text(199),
            "thumbnail_url": url(),
            "video_url": url(),
        },
        {
            **_BLOCK,
            "author_name": string(0, 50),
            "description": plain_text(200),
            "provider_icon_url": url(),
            "provider_name": string(),
            "title_url": url(),
        },
    ),
}

MESSAGE_BLOCKS: dict[str, Schema] = {
    **_EVERYWHERE,
    "context_actions": object_like(TYPE | {"elements": array(by_type(_CONTEXT_ACTIONS), 1, 5)}, _BLOCK),
    "file": object_like(TYPE | {"external_id": string(1), "source": choice("remote")}, _BLOCK),
    "input": _input(IN_INPUT - {"file_input"}),
    "markdown": object_like(TYPE | {"text": string(1, 12_000)}, _BLOCK),
    "table": object_like(
        TYPE | {"rows": array(array(by_type(_CELLS), 1, 20), 1, 100)},
        {**_BLOCK, "column_settings": array(_COLUMN, 0, 20)},
    ),
}
MODAL_BLOCKS: dict[str, Schema] = {**_EVERYWHERE, "input": _input(IN_INPUT)}
HOME_BLOCKS: dict[str, Schema] = {**_EVERYWHERE, "input": _input(IN_INPUT - {"file_input"})}
