"""The marks between which lists stand, and what is put there."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

_WORDS = Path(__file__).with_name("words.yml")
_LIST = re.compile(r"(<!-- list: ([a-z-]+) -->\n).*?(<!-- end of list -->)", re.DOTALL)


class UnfinishedListError(Exception):
    """Something has no words yet, or words are of nothing that there is. The text says what."""


def fill_in(text: str, lists: Mapping[str, Callable[[], str]]) -> str:
    """The text of a document with its lists as they are now. Raises KeyError for a list that nobody makes."""
    return _LIST.sub(lambda found: f"{found[1]}\n{lists[found[2]]()}\n{found[3]}", text)


def find_lists(text: str) -> list[str]:
    """The lists that a document has."""
    return [found[2] for found in _LIST.finditer(text)]


def render_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a `|` in a cell is no end of it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def words_for(names: Iterable[str], about: str, usual: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """What `words.yml` says of each name, below `about`; `usual` has words for those it leaves out.

    Raises UnfinishedListError where they are not of just these names.
    """
    said = _read_words()[about]
    words = {**(usual or {}), **said}
    wanted = set(names)
    if missing := sorted(wanted - set(words)):
        raise UnfinishedListError(f"say in {_WORDS.name} of these {about} what they are: {', '.join(missing)}")
    if stale := sorted(set(words) - wanted):
        raise UnfinishedListError(f"{_WORDS.name} has words for {about} that are not there: {', '.join(stale)}")
    return words


@cache
def _read_words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def pages_of(root: Path) -> list[Path]:
    """Every document that may have lists."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]
