"""What Slack makes of what a person types: references, links and mail addresses in angle brackets, signs escaped."""

from __future__ import annotations

import re
from typing import Any

from sandbox.workspace import Workspace

_AUDIENCES = frozenset({"here", "channel", "everyone"})
_ENDINGS = (
    "com|org|net|info|biz|dev|app|cloud|page|tech|xyz|io|ai|co|me|tv|sh|md|py|to|in|is|it|at|be|ch|cz|de|dk|es|eu|fi|fr"
    "|gr|hu|ie|jp|cn|kr|lu|nl|no|nz|pl|pt|ro|ru|se|sk|uk|us|au|br|ca|mx|za"
)
"""Some of the endings that Slack knows: of anything else it makes no link."""
_HOST = rf"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:{_ENDINGS})"
_BEGINNING = r"(?:(?<=[\s(\"'“„«>*_~,;])|^)"
_END = r"(?![\w-]|\.\w|@)"
_TOKEN = re.compile(
    rf"""
      (?P<reference> <(?:[@#!]|https?:|mailto:)[^<>]*> )
    | (?P<code> `[^`\n]+` )
    | {_BEGINNING}(?P<url> https?://[^\s<>"“”]+ | mailto:[A-Za-z0-9._%+-]+@{_HOST} )
    | {_BEGINNING}(?P<mail> [A-Za-z0-9._%+-]+@{_HOST} ){_END}
    | {_BEGINNING}(?P<host> {_HOST}(?::\d+)?(?:/[^\s<>"“”]*)? ){_END}
    | (?<![\w&])(?P<mark> [@#] )(?P<name> [\w.-]*\w )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_BEHIND = ".,;:!?)'\""
"""Signs at the end of an address that are the sentence's."""


def escape_typed(workspace: Workspace, text: str, *, labelled: bool) -> str:
    """Typed `@name`, `#channel`, `@group` and `@here` as references, addresses as links, `&`, `<` and `>` escaped.

    What is escaped already, as by the browser page, stays as it is. In a command references are `labelled`.
    """
    written, position = [], 0
    for match in _TOKEN.finditer(text):
        written.append(_escape(text[position : match.start()]))
        written.append(_write(workspace, match, labelled=labelled))
        position = match.end()
    return "".join([*written, _escape(text[position:])])


def escape_shown(shown: Any) -> Any:
    """What a message shows as payloads repeat it: plain texts are escaped there too."""
    if isinstance(shown, list):
        return [escape_shown(one) for one in shown]
    if not isinstance(shown, dict):
        return shown
    whole = {name: escape_shown(value) for name, value in shown.items()}
    return whole | {"text": _escape(whole["text"])} if whole.get("type") == "plain_text" else whole


def _write(workspace: Workspace, match: re.Match[str], *, labelled: bool) -> str:
    if match["reference"]:
        return match["reference"]
    if match["mail"]:
        return f"<mailto:{match['mail']}|{match['mail']}>"
    if match["url"] or match["host"]:
        return _link(match["url"] or match["host"], is_whole=bool(match["url"]))
    if match["mark"]:
        return _refer(workspace, match["mark"], match["name"], labelled=labelled) or match.group()
    return _escape(match.group())


def _link(address: str, *, is_whole: bool) -> str:
    bare = address.rstrip(_BEHIND)
    # A bar would begin a label, which nobody can type.
    escaped = _escape(bare).replace("|", "%7C")
    link = f"<{escaped}>" if is_whole else f"<http://{escaped}|{escaped}>"
    return link + _escape(address[len(bare) :])


def _refer(workspace: Workspace, mark: str, name: str, *, labelled: bool) -> str | None:
    label = f"|{name}" if labelled else ""
    if mark == "#":
        channel = next((c for c in workspace.conversations.values() if c.name == name), None)
        return f"<#{channel.id}{label}>" if channel else None
    if name in _AUDIENCES:
        return f"<!{name}>"
    person = next((p for p in workspace.people.values() if p.name == name and not p.deleted), None)
    if person:
        return f"<@{person.id}{label}>"
    group = next((g for g in workspace.groups.values() if g.handle == name and not g.date_delete), None)
    return f"<!subteam^{group.id}{f'|@{name}' if labelled else ''}>" if group else None


def _escape(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
