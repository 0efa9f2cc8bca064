"""Lists of keys: a page at a time, as a message or as a modal."""

import re
from dataclasses import replace

from desk.keys.details import KeyPage, show_keys
from desk.keys.lookup import KeyView
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    button,
    context,
    divider,
    escape,
    mention,
    modal,
    plain,
    section,
    text_length,
)
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.messages import list_text
from handlers.slack.keys.details import key_line
from handlers.slack.keys.parsing import read_filter
from storage.models import Member

MESSAGE_KEYS = 8
"""Keys in a message; their text stays well below what Slack takes in one."""
MODAL_KEYS = 20
_LONGEST_FILTER = 500
_MOST_PEOPLE = 5
_MENTIONS = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


def list_message(tx: Transaction, offset: int, text: str) -> Message:
    """A part of the keys that the actor may see, narrowed by what they typed, as a message."""
    page = show_keys(tx, read_filter(tx, text), offset=offset, limit=MESSAGE_KEYS)
    narrowed = _narrowed(tx, text)
    blocks = _list_blocks(page, text, narrowed, MESSAGE_KEYS, reader=tx.actor.id)
    while text_length(blocks) > MAX_MESSAGE_TEXT and len(page.keys) > 1:
        page = replace(page, keys=page.keys[:-1])
        blocks = _list_blocks(page, text, narrowed, len(page.keys), reader=tx.actor.id)
    counted = list_text(f"{_counted(page)}{narrowed}", [shown.key.name for shown in page.keys])
    text = counted if page.keys else _empty_words(page, narrowed, reader=tx.actor.id)
    return Message(text, blocks, replaces=True)


def list_modal(tx: Transaction, offset: int, text: str) -> Block:
    """The same as a modal, with more keys on a page."""
    page = show_keys(tx, read_filter(tx, text), offset=offset, limit=MODAL_KEYS)
    blocks = _list_blocks(page, text, _narrowed(tx, text), MODAL_KEYS, reader=tx.actor.id)
    return modal("Keys", blocks, callback_id=CallbackId.KEYS_LIST)


def page_value(offset: int, text: str) -> str:
    """The value of a button that shows a part of a list."""
    return f"{offset} {text[:_LONGEST_FILTER]}".strip()


def read_page_value(value: str) -> tuple[int, str]:
    """The offset and what the list is narrowed by."""
    offset, _, text = value.partition(" ")
    return number_in(offset) or 0, text


def _list_blocks(page: KeyPage, text: str, narrowed: str, step: int, *, reader: str) -> list[Block]:
    if not page.keys:
        return [section(_empty_words(page, narrowed, reader=reader)), actions(*_ask_buttons(), block_id="keys.ask")]
    blocks: list[Block] = [section(f"*{_counted(page)}*{narrowed}")]
    for shown in page.keys:
        blocks += [divider(), *key_line(shown)]
    turns = []
    if page.offset > 0:
        back = page_value(max(0, page.offset - step), text)
        turns.append(button("‹ Previous", ActionId.KEYS_PREVIOUS, back))
    after = page.offset + len(page.keys)
    if after < page.total or page.is_more:
        turns.append(button("Next ›", ActionId.KEYS_NEXT, page_value(after, text)))
    if turns:
        blocks.append(actions(*turns, block_id="keys.turn"))
    if page.only_own:
        blocks.append(context("These are the keys that you answer for. Only owners see the others."))
    return blocks


def _ask_buttons() -> list[Block]:
    return [button("Ask for a key", ActionId.REQUEST_OPEN, style="primary")]


def _counted(page: KeyPage) -> str:
    if page.total == 1:
        return "1 key"
    if len(page.keys) == page.total and not page.is_more:
        return f"{page.total} keys"
    return f"Keys {page.offset + 1} to {page.offset + len(page.keys)} of {total_in_words(page)}"


def total_in_words(page: KeyPage) -> str:
    """How many keys there are, as far as they were counted."""
    return f"more than {page.total}" if page.is_more else str(page.total)


def _narrowed(tx: Transaction, text: str) -> str:
    # In code Slack would show a mention as its id, so people whom the desk knows stand outside.
    named = [user for user in dict.fromkeys(_MENTIONS.findall(text)) if tx.session.get(Member, user) is not None]
    people = [mention(user) for user in named[:_MOST_PEOPLE]]
    words = plain(as_written(" ".join(_MENTIONS.sub(" ", text).replace("`", "").split())), limit=100)
    parts = [*([f"`{escape(words)}`"] if words else []), *people]
    return f" matching {' '.join(parts)}" if parts else ""


def _empty_words(page: KeyPage, narrowed: str, *, reader: str) -> str:
    if narrowed == f" matching {mention(reader)}":
        return "You answer for no key."
    if narrowed:
        views = ", ".join(f"`{view}`" for view in KeyView if view is not KeyView.LIVE)
        return f"No key{narrowed}. Lists can be narrowed by {views}, `page:acme`, `holder:@max` or any text."
    if page.only_own:
        return "You answer for no key. Only owners see the keys of others."
    return "There is no key yet."
