"""Lists of very many keys: read from an index, and counted no further than somebody reads."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text

from desk.keys.details import KeyPage, show_keys
from desk.keys.lookup import KeyFilter, KeyView, count_keys, list_keys
from desk.transaction import Actor, Desk, Transaction
from storage.models import KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import url_on_both
from tests.factories import MIA, OLIVIA, add_key, add_member, add_owner

database_url = url_on_both

OWNER = Actor.member(OLIVIA)


@pytest.fixture(autouse=True)
def five_keys(desk: Desk) -> None:
    """An owner, and five keys of which one is revoked and one works no more."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW)
        add_member(session, MIA, NOW)
        for name in ("delta", "Bravo", "alpha", "Charlie"):
            add_key(session, NOW, name=name)
        add_key(session, NOW, name="echo", status=KeyStatus.REVOKED)


def show(desk: Desk, offset: int, most: int | None) -> KeyPage:
    """Two keys from there on."""
    return desk.read_now(OWNER, lambda tx: show_keys(tx, KeyFilter(), offset=offset, limit=2, most=most))


@pytest.mark.parametrize(
    ("offset", "most", "names", "total", "is_more"),
    [
        (0, 4, ["alpha", "Bravo"], 4, False),
        (9, 4, ["Charlie", "delta"], 4, False),
        (0, 3, ["alpha", "Bravo"], 3, True),
        (2, 1, ["Charlie", "delta"], 1, True),
        (9, 3, ["Charlie", "delta"], 3, True),
        (9, None, ["Charlie", "delta"], 4, False),
    ],
)
def test_keys_are_counted_as_far_as_somebody_reads(
    desk: Desk, offset: int, most: int | None, names: Sequence[str], total: int, is_more: bool
) -> None:
    """Beyond it the list says that there are more, and goes on; behind its end comes the last counted part."""
    page = show(desk, offset, most)
    assert [shown.key.name for shown in page.keys] == names
    assert (page.total, page.is_more) == (total, is_more)


def plan_of(desk: Desk, look: Any) -> str:
    """How the database reads what a look asks for, were the tables large."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if " api_key" in statement:
            sent.append((statement, parameters))

    event.listen(desk.database.engine, "before_cursor_execute", note)
    desk.read_now(OWNER, look)
    event.remove(desk.database.engine, "before_cursor_execute", note)
    [(statement, parameters)] = sent
    with desk.database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
            statement = f"EXPLAIN {statement}"
        else:
            statement = f"EXPLAIN QUERY PLAN {statement}"
        return "\n".join(str(row) for row in connection.exec_driver_sql(statement, parameters))


@pytest.mark.parametrize("view", [KeyView.LIVE, KeyView.UNUSED, KeyView.ALL])
def test_a_part_of_a_list_is_read_in_the_order_of_an_index(desk: Desk, view: KeyView) -> None:
    """However many keys there are, none is sorted to show the first of them by name."""

    def look(tx: Transaction) -> object:
        return list_keys(tx, KeyFilter(view=view), limit=2)

    plan = plan_of(desk, look)
    assert "ix_api_key_by_name" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_keys_of_one_person_are_found_by_who_it_is(desk: Desk) -> None:
    """Not by going along the names of all."""

    def look(tx: Transaction) -> object:
        return list_keys(tx, KeyFilter(holder_id=MIA), limit=2)

    plan = plan_of(desk, look)
    assert "ix_api_key_holder_status" in plan


def test_a_count_ends_with_what_it_is_counted_to(desk: Desk) -> None:
    """Not one key more is looked at."""
    assert desk.read_now(OWNER, partial(count_keys, most=3)) == 3
    assert desk.read_now(OWNER, count_keys) == 4


def test_each_thing_is_read_once_for_a_list(desk: Desk) -> None:
    """However many keys it shows: who looks, how many there are, the keys, and those who answer for them."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    page = desk.read_now(OWNER, lambda tx: show_keys(tx, KeyFilter(view=KeyView.ALL), offset=0, limit=10))
    event.remove(desk.database.engine, "before_cursor_execute", note)
    assert len(page.keys) == 5
    assert len([statement for statement in sent if statement.startswith("SELECT")]) == 4
