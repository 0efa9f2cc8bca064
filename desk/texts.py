"""What people type, made fit to be kept and shown. Pure."""

import re
import unicodedata

from storage.folding import without_unseen

_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tabs and new lines, and marks that show the text after them in another order: what an owner
reads would not be what is there."""
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""No database takes half a character, and some no NUL."""
_INVISIBLE = frozenset({"Cf", "Cn", "Co", "Mn", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing when they stand alone."""
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
"""What begins a new line, besides the usual sign."""
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""How a terminal is told of colours, as in what robots copy from a log."""


def as_typed(text: str) -> str:
    """A person's text with one sign for a new line, and nothing before or behind it; all else as it came."""
    return _TERMINAL.sub("", _BREAKS.sub("\n", text)).strip()


def clean_text(text: str) -> str:
    """A person's text without what no screen wants: control characters, and marks that turn the order of what
    follows. Halves of characters stay, to be refused where they would be kept: who typed them meant something."""
    return without_controls(as_typed(text)).strip()


def find_control(text: str) -> str | None:
    """The first sign that no screen shows and that `clean_text` takes away, as `U+0007`; None without one."""
    found = (mark for mark in as_typed(text) if mark not in "\n\t" and unicodedata.category(mark) == "Cc")
    return next((f"U+{ord(mark):04X}" for mark in found), None)


def without_controls(text: str) -> str:
    """A text without signs that a terminal would obey rather than show, and without those that reorder it."""
    return _UNWANTED.sub("", text)


def can_be_kept(text: str) -> bool:
    """Whether every database takes the text: none takes half a character, and some no NUL."""
    return _UNKEPT.search(text) is None


def readable(text: str) -> str:
    """The text with a sign in place of what no database takes, and no message that repeats it either."""
    return _UNKEPT.sub("\ufffd", text)


def without_broken(text: str) -> str:
    """The text without what no database takes: for what others call themselves, which nobody here can type again."""
    return _UNKEPT.sub("", text)


def clean_line(text: str) -> str:
    """As `clean_text`, in one line with single spaces and without signs that nobody sees; empty when nothing of it
    can be seen."""
    line = " ".join(without_unseen(clean_text(text)).split())
    return line if any(unicodedata.category(mark) not in _INVISIBLE for mark in line) else ""
