"""What Keydesk wrote at a Statuspage elsewhere is known again by its mark, however much stands around it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handlers.upstream.marks import find_marked, has_mark, put_mark, read_instant
from tests.clock import MONDAY_MORNING as NOW

MARK = {"incident": "iiiiiiiiiiii"}


def row(minutes: int = 0, **metadata: Any) -> dict[str, Any]:
    """An incident there that was opened so many minutes before now."""
    return {"created_at": (NOW - timedelta(minutes=minutes)).isoformat(), "metadata": metadata}


def telling(rows: list[Any]) -> tuple[list[str], Callable[[str], Any]]:
    """A Statuspage with these incidents, a hundred at a time; and what it was asked for."""
    asked: list[str] = []

    async def ask(path: str) -> Any:
        asked.append(path)
        number = int(path.rpartition("page=")[2])
        return rows[100 * (number - 1) : 100 * number]

    return asked, ask


def test_a_mark_stands_beside_what_else_is_there() -> None:
    """What clients keep in the metadata stays, and a mark is put anew where there is one."""
    fields = {"name": "Slow", "metadata": {"jira": {"issue": "X-1"}, "keydesk": {"incident": "another"}}}
    marked = put_mark(fields, MARK)
    assert marked == {"name": "Slow", "metadata": {"jira": {"issue": "X-1"}, "keydesk": MARK}}
    assert fields["metadata"]["keydesk"] == {"incident": "another"}  # type: ignore[index]
    assert put_mark({"metadata": None}, MARK) == put_mark({}, MARK) == {"metadata": {"keydesk": MARK}}


@pytest.mark.parametrize(
    ("metadata", "known"),
    [
        ({"keydesk": {"incident": "iiiiiiiiiiii", "change": "c"}}, True),
        ({"keydesk": {"incident": "another"}}, False),
        ({"keydesk": "iiiiiiiiiiii"}, False),
        ({}, False),
        (None, False),
        ([], False),
    ],
)
def test_only_the_whole_mark_is_one(metadata: Any, known: bool) -> None:
    """Whatever else is in the metadata, and whatever is there instead of it."""
    assert has_mark({"metadata": metadata}, MARK) is known


async def test_it_is_looked_for_as_far_back_as_it_may_be() -> None:
    """The newest come first, a hundred at a time, and nothing is read that is older than it can be."""
    rows = [row(minutes=number) for number in range(250)]
    rows[150] = row(150, keydesk=MARK)
    asked, ask = telling(rows)
    assert await find_marked(ask, "p", MARK, since=NOW - timedelta(minutes=160)) == rows[150]
    assert asked == [f"/v1/pages/p/incidents?limit=100&page={number}" for number in (1, 2)]
    asked.clear()
    assert await find_marked(ask, "p", MARK, since=NOW - timedelta(minutes=90)) is None
    assert len(asked) == 1
    # Its clock may be behind.
    assert await find_marked(ask, "p", MARK, since=NOW - timedelta(minutes=96)) == rows[150]


async def test_a_server_without_an_end_is_not_read_for_ever() -> None:
    """Five hundred are looked at, and no more."""
    asked: list[str] = []

    async def ask(path: str) -> Any:
        asked.append(path)
        return [row()] * 100

    assert await find_marked(ask, "p", MARK, since=NOW) is None
    assert len(asked) == 5


@pytest.mark.parametrize("answer", [None, {"items": []}, "no", [None, "x", {"metadata": {}}]])
async def test_what_is_no_list_of_incidents_has_no_mark(answer: Any) -> None:
    """And raises nothing."""

    async def ask(path: str) -> Any:
        return answer

    assert await find_marked(ask, "p", MARK, since=NOW) is None


def test_instants_are_read_as_statuspage_writes_them() -> None:
    """With the offset of the page's zone; without one, as UTC; and nothing else."""
    assert read_instant("2026-03-02T10:00:00.000+01:00") == read_instant("2026-03-02T09:00:00")
    assert [read_instant(value) for value in ("soon", None, 5)] == [None, None, None]
