"""What `help` says can be typed, as somebody would type it in the demo: with names for what stands in capitals."""

import re
from collections.abc import Iterator, Mapping

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_CHOICE = re.compile(r"\[[^\]]*\]|[^\[]+")


def expand(usage: str, names: Mapping[str, str]) -> Iterator[str]:
    """How a usage can be typed: without anything in brackets, with all of it, and with each of what is between `|`.
    Words in capitals are replaced by `names`, and `…` by words."""
    name, _, rest = usage.partition(" ")
    pieces = [list(_ways(piece)) for piece in _CHOICE.findall(rest)]
    whole = [ways[-1] for ways in pieces]
    typed = [[ways[0] for ways in pieces], whole]
    typed += [[*whole[:at], way, *whole[at + 1 :]] for at, ways in enumerate(pieces) for way in ways if way]
    for way in dict.fromkeys(" ".join(" ".join(one).split()) for one in typed):
        yield f"{name} {_with_names(way, names)}".strip()


def _ways(piece: str) -> Iterator[str]:
    optional = _BRACKETS.fullmatch(piece)
    if optional:
        yield ""
    yield from (optional[1] if optional else piece).split("|")


def _with_names(way: str, names: Mapping[str, str]) -> str:
    way = way.replace("…", "we try it out")
    return re.sub(r"\b[A-Z]{4,}\b|\bKEY\b|\btext\b", lambda found: names.get(found[0], found[0]), way)
