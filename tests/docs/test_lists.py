"""Lists of the documents are what the code has: `make docs` writes them."""

import pytest

from docs.lists.__main__ import LISTS, ROOT, render_documents
from docs.lists.marks import UnfinishedListError, fill_in, find_lists, pages_of, words_for


def test_every_list_is_written() -> None:
    """A setting, a command, a log event, a limit, a series or a field that came, went or changed is found here; type
    `make docs` when this fails."""
    for path, text in render_documents().items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_every_list_stands_somewhere() -> None:
    """Once: a list that nobody reads goes, and nobody keeps one twice."""
    found = [name for page in pages_of(ROOT) for name in find_lists(page.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(LISTS)


def test_a_list_is_put_between_its_marks() -> None:
    """What stands around it stays, and what stood there goes."""
    text = "Before.\n<!-- list: limits -->\nold\n<!-- end of list -->\nAfter.\n"
    filled = fill_in(text, {"limits": lambda: "new\n"})
    assert filled == "Before.\n<!-- list: limits -->\n\nnew\n\n<!-- end of list -->\nAfter.\n"
    assert fill_in(filled, {"limits": lambda: "new\n"}) == filled


def test_a_thing_without_words_stops_the_writing() -> None:
    """Nothing gets into a list without somebody saying what it is, and no words outlive their thing."""
    names = words_for(
        ["name", "description", "id", "status", "showcase", "only_show_if_degraded", "start_date", "components"],
        "components",
    )
    assert names["name"]
    with pytest.raises(UnfinishedListError, match="what they are: another"):
        words_for([*names, "another"], "components")
    with pytest.raises(UnfinishedListError, match="not there: name"):
        words_for([one for one in names if one != "name"], "components")
