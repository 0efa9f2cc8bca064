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
        return Word("pair", value, found["key"].lower(), start)
    if found["quoted"] is not None:
        return Word("quoted", found["quoted"], start=start)
    return Word("word", found["word"], start=start)
