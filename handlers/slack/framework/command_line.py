"""A slash command's text, cut into words as a person means them."""

import re
import unicodedata
from dataclasses import dataclass

from desk.errors import InvalidInputError
from handlers.slack.framework.quotes import find_closing, opens_double

_USER = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>")
_GROUP = re.compile(r"<!subteam\^(?P<group>S[A-Z0-9]+)(?:\|[^>]*)?>")
_KEY = re.compile(r"(?:(?:--|[—–])(?=[A-Za-z]))?([A-Za-z_]+)([:=：＝])")
_BARE = re.compile(r"(?:<[@#!a-z][^<>\n]*>|\S)*")
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")
DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that nobody sees, which keyboards of scripts from right to left set around words."""
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


_ADDRESS = re.compile(r"<((?:https?://|mailto:|tel:)[^<>|\s]*)(?:\|([^<>|]*))?>")
_REFERENCE = re.compile(
    r"<(?:([@#])([A-Z0-9]+)|!(?:subteam\^)?([A-Za-z0-9]+)|((?:https?://|mailto:|tel:)[^<>|\s]*))(?:\|([^<>|]*))?>"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command: a bare or quoted word, `key:value`, a user or a user group.

    `kind` is `word`, `quoted`, `pair`, `user` or `group`; `text` is the word, the value or the Slack id;
    `start` is where it begins in the command's text, and `end` where it is over. `sign` stands in a pair between
    `key` and value.
    """

    kind: str
    text: str
    key: str = ""
    start: int = 0
    end: int = 0
    sign: str = ""

    @property
    def as_typed(self) -> str:
        """As it was typed, but for quotation marks."""
        if self.kind == "pair":
            return f"{self.key}{self.sign or ':'}{self.text}"
        return f"<@{self.text}>" if self.kind == "user" else self.text


def typed_text(text: str) -> str:
    """What stands behind a command, as every reader of it expects: composed, with one kind of blank and of line end,
    and without signs that nobody sees. No word, quotation mark or line is lost."""
    composed = unicodedata.normalize("NFC", _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)))
    return "".join(" " if unicodedata.category(mark) == "Zs" else mark for mark in composed)


def as_written(text: str) -> str:
    """What a person wrote: Slack escapes `&`, `<` and `>` in a command's text, and marks mentions and addresses."""
    return unescape(_REFERENCE.sub(_name_of, text))


def unescape(text: str) -> str:
    """Text without Slack's three escapes, which are undone once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _name_of(match: re.Match[str]) -> str:
    mark, target, audience, address, label = match.groups()
    if address:
        return _plain_address(address, label)
    return f"{mark or '@'}{(label or target or audience).lstrip('@#')}"


def _plain_address(address: str, label: str | None) -> str:
    """Slack makes addresses of what looks like one: then the label is what was typed."""
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", address)
    return label if label and label.rstrip("/") in (bare.rstrip("/"), address.rstrip("/")) else address


def cut(text: str) -> list[Word]:
    """The words of a command. Every keyboard's quotation marks quote; raises InvalidInputError on an open one."""
    words: list[Word] = []
    position = 0
    while (word := next_word(text, position)) is not None:
        words.append(word)
        position = word.end
    return words


def next_word(text: str, position: int) -> Word | None:
    """The word of a command at or after a position, or None at its end. Raises InvalidInputError as `cut` does."""
    while position < len(text) and (text[position].isspace() or text[position] in DIRECTIONS):
        position += 1
    if position >= len(text):
        return None
    for kind, pattern in (("user", _USER), ("group", _GROUP)):
        if named := pattern.match(text, position):
            return Word(kind, named[1], start=position, end=named.end())
    if (key := _KEY.match(text, position)) is not None:
        value, end = _value_at(text, key.end())
        return Word("pair", value, key[1].lower(), position, end, unicodedata.normalize("NFKC", key[2]))
    if (closed := _closing(text, position)) is not None:
        return Word("quoted", as_written(text[position + 1 : closed]), start=position, end=closed + 1)
    end = _bare_end(text, position)
    return Word("word", as_written(text[position:end]).rstrip(DIRECTIONS), start=position, end=end)


def peek_word(text: str, position: int) -> Word | None:
    """As `next_word`; None too where a quotation mark is never closed, as in words for the public."""
    try:
        return next_word(text, position)
    except InvalidInputError:
        return None


def split_reason(text: str, *, also: frozenset[str] = frozenset()) -> tuple[str, str | None]:
    """What stands before the first “because” outside quotation marks, or before one of `also` with a colon, and what
    follows it; None without one.

    Mentions and escapes in the reason are as Slack sent them.
    """
    position = 0
    while position < len(text):
        try:
            word = next_word(text, position)
        except InvalidInputError:
            # A mark that is never closed quotes nothing here; whoever reads the words says so.
            position += len(text[position:]) - len(text[position:].lstrip()) + 1
            continue
        if word is None:
            break
        if word.kind == "word" and word.text.lower() in {"because", "because:"}:
            return text[: word.start].strip(), text[word.end :].lstrip(": \t\n").strip()
        if word.kind == "pair" and word.key in {"because", *also}:
            return text[: word.start].strip(), text[word.start + len(word.key) + 1 :].lstrip(": \t\n").strip()
        position = word.end
    return text, None


def without_dashes(word: str) -> str:
    """An option's name without the dashes before it; keyboards make one dash of two."""
    return re.sub("^(?:--|—|–)(?=[a-z])", "", word.lower())


def _value_at(text: str, position: int) -> tuple[str, int]:
    closed = _closing(text, position)
    if closed is not None:
        return _value(text[position + 1 : closed]), closed + 1
    end = _bare_end(text, position)
    return _value(text[position:end]), end


def _value(text: str) -> str:
    # A mention in it stays one: it names somebody.
    return unescape(_ADDRESS.sub(lambda match: _plain_address(match[1], match[2]), text))


def _closing(text: str, position: int) -> int | None:
    closed = find_closing(text, position)
    if closed is None and opens_double(text, position):
        raise InvalidInputError("A quotation mark is not closed.", 'Quote names like "terraform prod".')
    return closed


def _bare_end(text: str, position: int) -> int:
    match = _BARE.match(text, position)
    return match.end() if match else position
