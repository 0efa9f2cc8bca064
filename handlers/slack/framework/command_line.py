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
    `start` is where it begins in the command's text, and `end` where it is over.
    """

    kind: str
    text: str
    key: str = ""
    start: int = 0
    end: int = 0


def as_written(text: str) -> str:
    """What a person wrote: Slack escapes `&`, `<` and `>` in a command's text, and marks mentions and addresses."""
    return unescape(_REFERENCE.sub(_name_of, text))


def unescape(text: str) -> str:
    """Text without Slack's three escapes, which are undone once."""
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
    while (word := next_word(text, position)) is not None:
        words.append(word)
        position = word.end
    return words


def next_word(text: str, position: int) -> Word | None:
    """The word of a command at or after a position, or None at its end. Raises InvalidInputError as `cut` does."""
    stripped = text.rstrip()
    if position >= len(stripped):
        return None
    match = _TOKEN.match(stripped, position)
    if match is None:
        raise InvalidInputError("A quotation mark is not closed.", 'Quote names like "terraform prod".')
    return _word(match)


def _word(match: re.Match[str]) -> Word:
    found = match.groupdict()
    start = match.end() - len(match.group(0).lstrip())
    if found["user"]:
        return Word("user", found["user"], start=start, end=match.end())
    if found["group"]:
        return Word("group", found["group"], start=start, end=match.end())
    if found["key"]:
        value = found["quoted_value"] if found["quoted_value"] is not None else found["value"] or ""
        return Word("pair", unescape(value), found["key"].lower(), start, match.end())
    if found["quoted"] is not None:
        return Word("quoted", as_written(found["quoted"]), start=start, end=match.end())
    return Word("word", as_written(found["word"]), start=start, end=match.end())
