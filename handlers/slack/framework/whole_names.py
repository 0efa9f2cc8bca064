"""Names of several words that somebody typed without quotation marks, where something tells what they name:
`page:Acme Internal for 30d`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from desk.transaction import Transaction
from handlers.slack.framework.command_line import Word, peek_word, split_reason
from handlers.slack.framework.quotes import DOUBLE, find_closing
from storage.folding import is_called
from storage.models import Component, IncidentTemplate, Member, Page

_NAMED: Mapping[str, Any] = {
    **dict.fromkeys(("page", "pages", "on"), Page.name),
    **dict.fromkeys(("component", "components", "c"), Component.name),
    "template": IncidentTemplate.name,
    "holder": Member.name,
}
"""What a pair names, by its key."""
_MOST_WORDS = 8
_WORD = rf"[^\s,=＝:<{re.escape(''.join(sorted(DOUBLE)))}]+"
_SEVERAL = re.compile(rf"{_WORD}(?:[ \t]+{_WORD}){{1,{_MOST_WORDS - 1}}}")
_ONE = re.compile(r"[^\s,]*")
_SIGN = re.compile(r"[^:=：＝]*[:=：＝][ \t]*")
_STATE = re.compile(r"[=＝][^\s,]*")
_PAIR = re.compile(rf"\b(?:{'|'.join(_NAMED)})[:=：＝][ \t]*[^\s,]*[ \t,]+\S", re.IGNORECASE)
_ON = re.compile(r"\bon\s+\S+\s", re.IGNORECASE)
_COMMA = re.compile(r"[ \t]*,[ \t]*")
Longest = Callable[[str, Sequence[str]], str | None]
"""Of texts, the longest that names what a pair with this key names."""


def may_name(text: str, *, takes_page: bool) -> bool:
    """Whether a line has anything in it that `with_whole_names` looks up."""
    return _PAIR.search(text) is not None or (takes_page and _ON.search(text) is not None)


def with_whole_names(tx: Transaction, text: str, *, takes_page: bool) -> str:
    """A line in which such names stand in quotation marks, up to the reason. Where `takes_page`, a page also follows
    `on`: in words for the public and in names, that is a word as any other."""
    head, reason = split_reason(text)
    end = len(text) if reason is None else text.index(head) + len(head)
    quoted = quote_names(text[:end], lambda key, names: _find_longest(tx, key, names), takes_page=takes_page)
    return quoted + text[end:]


def quote_names(text: str, longest: Longest, *, takes_page: bool) -> str:
    """The same with what knows the names. Pure."""
    position = 0
    while (word := peek_word(text, position)) is not None:
        position = word.end
        if (key := _key_of(word, takes_page=takes_page)) in _NAMED:
            text, behind = _quote_list(text, _value_at(text, word), key, longest)
            position = max(position, behind)
    return text


def _key_of(word: Word, *, takes_page: bool) -> str:
    is_on = takes_page and word.kind == "word" and word.text.lower() == "on"
    return "on" if is_on else word.key


def _value_at(text: str, word: Word) -> int:
    sign = _SIGN.match(text, word.start) if word.kind == "pair" else None
    return sign.end() if sign else len(text) - len(text[word.end :].lstrip())


def _quote_list(text: str, at: int, key: str, longest: Longest) -> tuple[str, int]:
    """The text with the names quoted that begin there, with commas between, and where they are over."""
    while True:
        closed = find_closing(text, at)
        if closed is not None:
            at = closed + 1
        elif (name := _name_at(text, at, key, longest)) is not None:
            # No word of a list goes on with a quotation mark.
            gap = " " if text[at - 1 : at] == "," else ""
            text = f'{text[:at]}{gap}"{name}"{text[at + len(name) :]}'
            at += len(gap) + len(name) + 2
        else:
            at = _end_of(_ONE, text, at)
        at = _end_of(_STATE, text, at)
        if (comma := _COMMA.match(text, at)) is None:
            return text, at
        at = comma.end()


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _name_at(text: str, at: int, key: str, longest: Longest) -> str | None:
    run = _SEVERAL.match(text, at)
    if run is None:
        return None
    ends = [each.end() for each in re.finditer(r"\S+", run[0])][1:]
    return longest(key, [run[0][:end].rstrip(".;!?") for end in ends])


def _find_longest(tx: Transaction, key: str, names: Sequence[str]) -> str | None:
    """A component may be named with its group before it."""
    column = _NAMED[key]
    own = {" ".join(name.split(" - ")[-1].split()): name for name in names}
    called = tx.session.scalars(select(column).where(or_(*(is_called(column, name) for name in own))))
    lengths = {len(name.split()) for name in called}
    return max((whole for name, whole in own.items() if len(name.split()) in lengths), key=len, default=None)
