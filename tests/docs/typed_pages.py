"""Pages of the documentation whose commands tests type: what is to be typed, and whether what is shown is said."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"(?:(\w+))?\$ (keydesk .+)")
_VARIES = {
    r"\b(?=\w*\d)[a-z0-9]{12}\b": r"[a-z0-9]{12}",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": r"\d{4}-\d\d-\d\d \d\d:\d\d",
    r"\b20\d\d-\d\d-\d\d\b(?! \d)": r"\d{4}-\d\d-\d\d",
    r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d [A-Z]+": r"\w{3} \d{1,2} \w{3} \d{4} \d\d:\d\d [A-Z]+",
}
"""What is another each time: ids, instants, and instants by a page's clock → what stands in their place."""
_ANY = re.compile("|".join(f"({seen})" for seen in reversed(list(_VARIES))))
_ID = re.compile(next(iter(_VARIES)))


@dataclass(slots=True)
class Typed:
    """A command on the page, by whom it is typed, and what is shown below it."""

    login: str
    line: str
    shown: list[str] = field(default_factory=list)


def find_typed(page: str) -> Iterator[Typed]:
    """Every command on a page."""
    for block in _BLOCK.findall(page):
        current: Typed | None = None
        for line in block.splitlines():
            if prompt := _PROMPT.fullmatch(line):
                if current:
                    yield current
                current = Typed(prompt[1] or "ann", prompt[2])
            else:
                assert current is not None, line
                current.shown.append(line)
        assert current is not None
        yield current


def _pattern(line: str) -> str:
    """A line of the page as a pattern, whose groups are its ids."""

    def vary(found: re.Match[str]) -> str:
        seen = next(seen for seen in _VARIES if re.fullmatch(seen, found[0]))
        return f"\0{'(' if seen == _ID.pattern else '(?:'}{_VARIES[seen]})\0"

    pieces = _ANY.sub(vary, line).split("\0")
    return "".join(piece if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))


def with_ids(line: str, ids: Mapping[str, str]) -> str:
    """A line of the page with the ids that there are this time."""
    return _ID.sub(lambda found: ids.get(found[0], found[0]), line)


def matches(shown: str, real: str) -> Mapping[str, str] | None:
    """Whether a line says what the page shows: the ids that there are this time by those of the page; else None."""
    matched = re.fullmatch(_pattern(shown), real)
    return None if matched is None else dict(zip(_ID.findall(shown), matched.groups(), strict=True))
