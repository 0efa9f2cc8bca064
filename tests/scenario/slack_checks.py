"""Would Slack take it, by three judges who know nothing of each other, and is nobody's text alive in it?

The sandbox's own rules; the models of Slack's SDK; and what both leave out. Each check gives sentences, none when all
is well.
"""

import re
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from sandbox.blockkit import check_message, check_view
from sandbox.player import Json

STRANGER = "EVIL"
"""In every id, address and name that is hidden in people's text, and in nothing of the bot's own."""
READER = "reader.example"
"""The host of every address to which Markdown for the public may link."""

_OWN_TOKENS = (
    re.compile(r"<@[UW][A-Z0-9]{8,}>"),
    re.compile(r"<#C[A-Z0-9]{8,}>"),
    re.compile(r"<!date\^\d{10}\^[^<>|^]+\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>"),
    re.compile(
        r"<https?://[^<>|\s]+/incidents/[0-9a-z]{12}(?:#postmortem)?"
        r"\|(?:On the page|Look at it|the page has all of them|Postmortem)>"
    ),
)
_READER_LINK = re.compile(
    rf"<(?P<address>https?://{re.escape(READER)}(?:[/?#][^<>|\s]*)?|mailto:[^<>|\s@]+@{re.escape(READER)})\|[^<>|\n]+>"
)
"""What Markdown for the public links to. In its label people may write what they like, as long as it is dead."""
_TOKEN = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)[^;]{0,5};?")


def problems_of_message(text: str, blocks: list[Json]) -> list[str]:
    """What Slack would object to in a message, and what in it is alive that the bot did not make."""
    return [
        *check_message({"text": text, "blocks": blocks}),
        *_problems_of_models([Block.parse(block) for block in blocks], len(blocks)),
        *_doubles(blocks),
        *_alive("text", text),
        *_alive_in(blocks),
    ]


def problems_of_view(view: Json) -> list[str]:
    """The same of a modal or a Home tab."""
    blocks = view["blocks"]
    parsed = View(**view)
    needs_submit = view["type"] == "modal" and any(block["type"] == "input" for block in blocks)
    return [
        *check_view(view),
        *_problems_of_models(parsed, len(blocks)),
        *_doubles(blocks),
        *(["inputs without submit"] if needs_submit and not view.get("submit") else []),
        *_alive_in(blocks),
    ]


def _problems_of_models(parsed: Any, expected: int) -> list[str]:
    objects = list(_objects(parsed))
    blocks = [one for one in objects if isinstance(one, Block)]
    problems = [] if len(blocks) == expected else [f"the SDK reads {len(blocks)} of {expected} blocks"]
    for one in objects:
        try:
            one.validate_json()
        except SlackObjectFormationError as error:
            problems.append(f"the SDK says of a {type(one).__name__}: {error}")
    return problems


def _objects(value: Any) -> Iterator[JsonObject]:
    if isinstance(value, JsonObject):
        yield value
        yield from _objects(vars(value))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _objects(part)


def _doubles(blocks: list[Json]) -> list[str]:
    problems = []
    block_ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(block_ids) != len(set(block_ids)):
        problems.append(f"a block_id twice in {block_ids}")
    for block in blocks:
        action_ids = [element["action_id"] for element in interactive(block)]
        if len(action_ids) != len(set(action_ids)):
            problems.append(f"an action_id twice in {action_ids}")
    return problems


def interactive(block: Json) -> list[Json]:
    """The buttons, menus and inputs of a block."""
    parts = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
    return [part for part in parts if isinstance(part, dict) and "action_id" in part]


def _alive_in(blocks: Any) -> list[str]:
    problems = []
    for markup in _markups(blocks):
        problems += _alive("mrkdwn", markup["text"])
        if markup.get("verbatim") is not True:
            problems.append(f"Slack would make links in: {markup['text'][:100]}")
    return problems


def _markups(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value
        for part in value.values():
            yield from _markups(part)
    elif isinstance(value, list):
        for part in value:
            yield from _markups(part)


def _alive(where: str, markup: str) -> list[str]:
    problems = [
        f"{where} holds {token}, which the bot did not make"
        for token in _TOKEN.findall(markup)
        if not _is_ours(token)
    ]
    rest = re.sub(r"^> ?", "", _TOKEN.sub("", markup), flags=re.MULTILINE)
    if "<" in rest or ">" in rest:
        problems.append(f"{where} holds a sign that is not escaped: {rest[:200]}")
    problems += [f"{where} holds half an escaped sign: {found}" for found in _ENTITY.findall(markup)]
    return problems


def _is_ours(token: str) -> bool:
    link = _READER_LINK.fullmatch(token)
    if link is not None:
        return STRANGER not in link["address"]
    return STRANGER not in token and any(own.fullmatch(token) for own in _OWN_TOKENS)
