"""What is worded for Slack, at a terminal: the same sentences, with names for ids and without Slack's signs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from desk.people import group_name, member_name
from desk.transaction import Transaction
from handlers.slack.framework.command_line import unescape
from handlers.slack.markdown.emoji import find_emoji

_SIGNS = re.compile(
    r"<!date\^\d+\^[^|>]*\|(?P<instant>[^>]*)>"
    r"|<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>|<!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?>|<#(?P<channel>[A-Z0-9]+)[^>]*>"
    r"|<(?P<url>[a-z]+:[^|>]+)\|(?P<label>[^>]*)>|<(?P<bare>[a-z]+:[^>]+)>"
    r"|(?<!\w):(?P<emoji>[a-z0-9_+-]+):(?!\w) ?"
)
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")


def lines_of(tx: Transaction, blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What sections and contexts say, a line each; buttons are left out."""
    texts = []
    for block in blocks:
        if block["type"] == "section":
            texts.append(block["text"]["text"])
        elif block["type"] == "context":
            texts += [element["text"] for element in block["elements"] if "text" in element]
    return [line for text in texts for line in plain_words(tx, text).splitlines()]


def plain_words(tx: Transaction, text: str) -> str:
    """Slack's markup as a terminal shows it."""

    def word(found: re.Match[str]) -> str:
        if found["user"]:
            return member_name(tx.session, found["user"])
        if found["group"]:
            return group_name(tx.session, found["group"])
        if found["url"]:
            return f"{found['label']}: {found['url']}"
        if found["emoji"]:
            character = find_emoji(found["emoji"])
            return f"{character} " if character else found[0]
        return found["instant"] or found["bare"] or f"the channel {found['channel']}"

    return unescape(_BOLD.sub(r"\1", _SIGNS.sub(word, text)))
