"""A slash command's text, cut into words as a person means them."""

import re
from dataclasses import dataclass

from desk.errors import InvalidInputError

_TOKEN = re.compile(
    r"""\s*(?:
        <@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>
      | <!subteam\^(?P<group>S[A-Z0-9]+)(?:\|[^>]*)?>
      | (?P<key>[A-Za-z_]+)[:=](?:["“”](?P<quoted_value>[^"“”]*)["“”]|(?P<value>[^\s"“”]*))
      | ["“”](?P<quoted>[^"“”]*)["“”]
      | (?P<word>[^\s"“”]+)
    )""",
    re.VERBOSE,
)


_REFERENCE = re.compile(
    r"<(?:([@#])([A-Z0-9]+)|!(?:subteam\^)?([A-Za-z0-9]+)|((?:https?://|mailto:)[^<>|\s]*))(?:\|([^<>|]*))?>"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command: a bare or quoted word, `key:value`, a user or a user group.

    `kind` is `word`, `quoted`, `pair`, `user` or `group`; `text` is the word, the value or the Slack id;
    `start` is where it begins in the command's text.
    """

    kind: str
    text: str
    key: str = ""
    start: int = 0


def as_written(text: str) -> str:
    """What a person wrote: Slack escapes `&`, `<` and `>` in a command's text, and marks mentions and addresses."""
    return _unescape(_REFERENCE.sub(_name_of, text))


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _name_of(match: re.Match[str]) -> str:
    mark, target, audience, address, label = match.groups()
    if address:
        return str(address)
    return f"{mark or '@'}{(label or target or audience).lstrip('@#')}"


def cut(text: str) -> list[Word]:
    """The words of a command. Straight and typographic quotes both quote; raises InvalidInputError on an open one."""
    words: list[Word] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise InvalidInputError("A quotation mark is not closed.", 'Quote names like "terraform prod".')
        words.append(_word(match))
        position = match.end()
    return words


def _word(match: re.Match[str]) -> Word:
    found = match.groupdict()
    start = match.end() - len(match.group(0).lstrip())
    if found["user"]:
        return Word("user", found["user"], start=start)
    if found["group"]:
        return Word("group", found["group"], start=start)
    if found["key"]:
        value = found["quoted_value"] if found["quoted_value"] is not None else found["value"] or ""
        return Word("pair", _unescape(value), found["key"].lower(), start)
    if found["quoted"] is not None:
        return Word("quoted", as_written(found["quoted"]), start=start)
    return Word("word", as_written(found["word"]), start=start)
