"""Whole messages and views: their limits, and the rules between their blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sandbox.blockkit.blocks import HOME_BLOCKS, MESSAGE_BLOCKS, MODAL_BLOCKS
from sandbox.blockkit.objects import OPTION, OPTION_GROUP, TYPE, plain_text
from sandbox.blockkit.schema import Schema, array, boolean, by_type, exactly_one, object_like, string

Json = dict[str, Any]
# Slack documents no such limit, and refuses messages beyond it with msg_blocks_too_long.
BLOCKS_TEXT_LIMIT = 13_200
MARKDOWN_TEXT_LIMIT = 12_000
TABLE_TEXT_LIMIT = 10_000
MESSAGE_TEXT_LIMIT = 40_000
VIEW_BYTES_LIMIT = 250_000

_MESSAGE_BLOCKS = array(by_type(MESSAGE_BLOCKS), 0, 50)
_VIEW_FIELDS: dict[str, Schema] = {
    "private_metadata": string(0, 3000),
    "callback_id": string(0, 255),
    "external_id": string(0, 255),
}
_MODAL = object_like(
    TYPE | {"title": plain_text(24), "blocks": array(by_type(MODAL_BLOCKS), 1, 100)},
    {
        **_VIEW_FIELDS,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = object_like(TYPE | {"blocks": array(by_type(HOME_BLOCKS), 0, 100)}, _VIEW_FIELDS)
_VIEW = by_type({"modal": _MODAL, "home": _HOME})
_OPTIONS = object_like(
    {},
    {"options": array(OPTION, 0, 100), "option_groups": array(OPTION_GROUP, 0, 100)},
    exactly_one("options", "option_groups"),
)


def check_message(payload: Json) -> list[str]:
    """What Slack would object to in a message: its text, blocks and attachments. Empty when nothing."""
    problems: list[str] = []
    text, blocks = payload.get("text"), payload.get("blocks")
    if not text and not blocks and not payload.get("attachments"):
        problems.append("no_text: a message needs text, blocks or attachments [json-pointer:/text]")
    if text is not None:
        string(0, MESSAGE_TEXT_LIMIT)(text, "/text", problems)
    if blocks is not None:
        problems += check_blocks(blocks)
        if measure_text(blocks) > BLOCKS_TEXT_LIMIT:
            problems.append(
                f"msg_blocks_too_long: {measure_text(blocks)} characters in blocks, "
                f"about {BLOCKS_TEXT_LIMIT} allowed [json-pointer:/blocks]"
            )
    attachments = payload.get("attachments")
    for place, attachment in enumerate(attachments if isinstance(attachments, list) else []):
        if isinstance(attachment, dict) and attachment.get("blocks") is not None:
            problems += check_blocks(attachment["blocks"], f"/attachments/{place}/blocks")
    return problems


def check_blocks(blocks: Any, pointer: str = "/blocks") -> list[str]:
    """What Slack would object to in the blocks of a message."""
    problems: list[str] = []
    _MESSAGE_BLOCKS(blocks, pointer, problems)
    known = _known_blocks(blocks)
    _check_ids(known, pointer, problems)
    markdown = sum(len(str(block.get("text", ""))) for _, block in known if block.get("type") == "markdown")
    if markdown > MARKDOWN_TEXT_LIMIT:
        problems.append(f"markdown must be less than {MARKDOWN_TEXT_LIMIT + 1} characters [json-pointer:{pointer}]")
    tables = [block for _, block in known if block.get("type") == "table"]
    if len(tables) > 1:
        problems.append(f"only_one_table_allowed [json-pointer:{pointer}]")
    if measure_text(tables) > TABLE_TEXT_LIMIT:
        problems.append(f"table must be less than {TABLE_TEXT_LIMIT + 1} characters [json-pointer:{pointer}]")
    _check_focus(known, pointer, problems)
    return problems


def check_view(view: Any) -> list[str]:
    """What Slack would object to in a modal or Home tab. Empty when nothing."""
    problems: list[str] = []
    _VIEW(view, "/view", problems)
    if not isinstance(view, dict):
        return problems
    known = _known_blocks(view.get("blocks"))
    _check_ids(known, "/view/blocks", problems)
    _check_focus(known, "/view/blocks", problems)
    has_input = any(block.get("type") == "input" for _, block in known)
    if view.get("type") == "modal" and has_input and view.get("submit") is None:
        problems.append("must define `submit` to use an `input` block in `modal`s [json-pointer:/view]")
    if measure_view(view) > VIEW_BYTES_LIMIT:
        problems.append(f"view_too_large: over {VIEW_BYTES_LIMIT} bytes [json-pointer:/view]")
    return problems


def check_options(body: Any) -> list[str]:
    """What Slack would object to in an answer to block_suggestion. Empty when nothing."""
    problems: list[str] = []
    _OPTIONS(body, "", problems)
    return problems


def measure_text(value: Any) -> int:
    """How many characters of text there are in blocks."""
    if isinstance(value, list):
        return sum(measure_text(item) for item in value)
    if not isinstance(value, dict):
        return 0
    return sum(
        len(field) if name == "text" and isinstance(field, str) else measure_text(field)
        for name, field in value.items()
    )


def measure_view(view: Any) -> int:
    """The size of a view in bytes."""
    return len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode())


def _known_blocks(blocks: Any) -> list[tuple[int, Json]]:
    if not isinstance(blocks, list):
        return []
    return [(place, block) for place, block in enumerate(blocks) if isinstance(block, dict)]


def _check_ids(blocks: list[tuple[int, Json]], pointer: str, problems: list[str]) -> None:
    seen: set[str] = set()
    for place, block in blocks:
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id in seen:
            problems.append(f"`block_id` {block_id} already exists [json-pointer:{pointer}/{place}/block_id]")
        elif isinstance(block_id, str):
            seen.add(block_id)
        taken: set[str] = set()
        for where, element in _list_elements(block):
            action_id = element.get("action_id")
            if isinstance(action_id, str) and action_id in taken:
                problems.append(f"`action_id` {action_id} already exists [json-pointer:{pointer}/{place}/{where}]")
            elif isinstance(action_id, str):
                taken.add(action_id)


def _check_focus(blocks: list[tuple[int, Json]], pointer: str, problems: list[str]) -> None:
    focused = [element for _, block in blocks for _, element in _list_elements(block) if element.get("focus_on_load")]
    if len(focused) > 1:
        problems.append(f"only one element may have focus_on_load [json-pointer:{pointer}]")


def _list_elements(block: Json) -> Iterator[tuple[str, Json]]:
    listed = block.get("elements")
    for place, element in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(element, dict):
            yield f"elements/{place}", element
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield name, block[name]
