"""Quotation marks of all keyboards, and where what they quote is over.

Phones and word processors set marks of their own, and a person may begin with one kind and end with another. What
tells a mark that opens from one that closes is what stands beside it.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache

DOUBLE = frozenset('"“”„‟«»＂〝〞〟')
"""Marks that quote wherever they stand at the beginning of a word. They close one another."""
_SINGLE = {"'": "'", "‘": "’'", "‛": "’'", "‚": "‘’'", "’": "’", "‹": "›", "›": "‹"}
"""Marks that may be apostrophes as well: each with what closes it."""
_CORNERS = {"「": "」", "『": "』", "《": "》", "〈": "〉"}
_BEFORE = frozenset("([{:=")
"""What a mark may follow, besides a blank, and still open."""
_AFTER = frozenset(".,;:!?)]}=")
"""What may follow a single mark that closes."""


def find_closing(text: str, position: int) -> int | None:
    """Where the quotation that begins at a position is closed; None when none begins there, or it has no end."""
    mark = text[position : position + 1]
    if mark in DOUBLE and mark:
        nested = _closing_of_nested(text, position)
        return nested if nested is not None else _first_double(text, position)
    if mark in _CORNERS:
        found = text.find(_CORNERS[mark], position + 1)
        return found if found >= 0 else None
    return _closing_of_single(text, position) if _SINGLE.get(mark) else None


def opens_double(text: str, position: int) -> bool:
    """Whether a double mark stands there, which quotes even when it is never closed."""
    return text[position : position + 1] in DOUBLE and position < len(text)


def _closing_of_nested(text: str, position: int) -> int | None:
    return _nested_closings(text, "„«" if text[position] == "«" else "„").get(position)


@lru_cache(maxsize=4)
def _nested_closings(text: str, openers: str) -> Mapping[int, int]:
    """Where each double mark of a text is closed if it opens, with all marks between counted.

    In one pass for all of them: a line of nothing but marks would be read once for each.
    """
    closings: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    depth = 0
    for at, mark in enumerate(text):
        if mark not in DOUBLE:
            continue
        depth += 1 if mark in openers or _opens(text, at) else -1
        while waiting and waiting[-1][1] > depth:
            closings[waiting.pop()[0]] = at
        waiting.append((at, depth))
    return closings


def _opens(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return (before.isspace() or before in _BEFORE) and bool(after) and not after.isspace()


def _first_double(text: str, position: int) -> int | None:
    return _next_of(_places(text, DOUBLE), position)


def _closing_of_single(text: str, position: int) -> int | None:
    if text[position + 1 : position + 2].isspace():
        return None
    return _next_of(_places(text, _SINGLE[text[position]]), position)


@lru_cache(maxsize=16)
def _places(text: str, marks: frozenset[str] | str) -> Sequence[int]:
    """Where any of these marks stands: single ones only where they close."""
    found = [at for at, mark in enumerate(text) if mark in marks]
    return found if marks is DOUBLE else [at for at in found if _closes(text, at)]


def _closes(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return not before.isspace() and (not after or after.isspace() or after in _AFTER)


def _next_of(places: Sequence[int], position: int) -> int | None:
    after = bisect_right(places, position)
    return places[after] if after < len(places) else None


def unquoted(text: str) -> str:
    """A text without the quotation marks around all of it."""
    whole = text.strip()
    closed = find_closing(whole, 0)
    return whole[1:-1].strip() if closed is not None and closed == len(whole) - 1 else whole
