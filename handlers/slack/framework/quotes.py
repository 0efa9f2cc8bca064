"""Quotation marks of all keyboards, and where what they quote is over.

Phones and word processors set marks of their own, and a person may begin with one kind and end with another. What
tells a mark that opens from one that closes is what stands beside it.
"""

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
    depth = 1
    for at in range(position + 1, len(text)):
        if text[at] not in DOUBLE:
            continue
        always = text[at] == "„" or (text[at] == text[position] == "«")
        depth += 1 if always or _opens(text, at) else -1
        if depth == 0:
            return at
    return None


def _opens(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at + 1 : at + 2]
    return (before.isspace() or before in _BEFORE) and bool(after) and not after.isspace()


def _first_double(text: str, position: int) -> int | None:
    return next((at for at in range(position + 1, len(text)) if text[at] in DOUBLE), None)


def _closing_of_single(text: str, position: int) -> int | None:
    closing = _SINGLE[text[position]]
    if text[position + 1 : position + 2].isspace():
        return None
    for at in range(position + 1, len(text)):
        after = text[at + 1 : at + 2]
        if text[at] in closing and not text[at - 1].isspace() and (not after or after.isspace() or after in _AFTER):
            return at
    return None


def unquoted(text: str) -> str:
    """A text without the quotation marks around all of it."""
    whole = text.strip()
    closed = find_closing(whole, 0)
    return whole[1:-1].strip() if closed is not None and closed == len(whole) - 1 else whole
