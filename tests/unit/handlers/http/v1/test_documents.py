"""Pages and components as Statuspage shows them."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handlers.http.v1.paging import MAX_PER_PAGE, window
from handlers.http.v1.shapes.components import group_status
from handlers.http.v1.shapes.times import instant
from storage.models import ComponentStatus
from tests.databases import both_databases, url_on_sqlite
from tests.factories import add_component
from tests.unit.handlers.http.conftest import Site

database_url = url_on_sqlite
"""What calls ask the database is asked of both in `tests/unit/desk`; what only they ask is marked."""


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "2026-04-18T16:36:31.429Z"),
        ("Etc/UTC", "2026-04-18T16:36:31.429Z"),
        ("Europe/Zurich", "2026-04-18T18:36:31.429+02:00"),
        ("America/St_Johns", "2026-04-18T14:06:31.429-02:30"),
        ("Africa/Abidjan", "2026-04-18T16:36:31.429+00:00"),
    ],
)
def test_times_are_in_the_page_s_zone(zone: str, written: str) -> None:
    """Milliseconds, cut and not rounded; Z for UTC and an offset everywhere else."""
    at = datetime(2026, 4, 18, 16, 36, 31, 429999, tzinfo=UTC)
    assert instant(at, ZoneInfo(zone)) == written


def test_a_group_is_as_bad_as_its_worst_component() -> None:
    """Operational, under maintenance, degraded, partial outage, major outage: the last one found counts."""
    for statuses in permutations(ComponentStatus, 2):
        worst = max(statuses, key=list(ComponentStatus).index)
        assert group_status(statuses) is worst
    assert group_status(()) is ComponentStatus.OPERATIONAL


@pytest.mark.parametrize(
    ("query", "start", "stop"),
    [
        ({}, 0, 100),
        ({"page": "1"}, 0, 100),
        ({"page": "2"}, 100, 200),
        ({"page": "3", "per_page": "10"}, 20, 30),
        ({"per_page": "500"}, 0, 100),
        ({"per_page": "0"}, 0, 1),
        ({"per_page": "-5"}, 0, 1),
        ({"page": "0"}, 0, 100),
        ({"page": "-1"}, 0, 100),
        ({"page": ""}, 0, 100),
        ({"page": "two", "per_page": "ten"}, 0, 100),
        ({"page": "1.5"}, 0, 100),
        ({"page": "9" * 5000}, 0, 100),
        ({"page": "100", "limit": "5"}, 9900, 10000),
    ],
)
def test_the_window_of_a_list(query: dict[str, str], start: int, stop: int) -> None:
    """Sizes are clamped, pages begin at 1, and what cannot be used counts as not given."""
    assert window(query) == slice(start, stop)


@given(st.dictionaries(st.sampled_from(["page", "per_page", "q"]), st.text(max_size=12)))
def test_no_query_makes_a_window_fail(query: dict[str, str]) -> None:
    """Whatever is asked for, between 1 and 100 rows from some place on are meant."""
    rows = window(query)
    assert rows.start >= 0
    assert 1 <= rows.stop - rows.start <= MAX_PER_PAGE


async def _components(site: Site, page_id: str, **query: Any) -> list[dict[str, Any]]:
    _, secret = site.key()
    response = await site.get(f"/v1/pages/{page_id}/components", secret, params=query)
    assert response.status_code == 200
    rows: list[dict[str, Any]] = response.json()
    return rows


async def test_components_are_in_order_of_position_groups_and_children_mixed(site: Site) -> None:
    """As Statuspage does it: by position alone, which begins at 1 in every group; ties follow the groups."""
    page = site.page()
    second = site.component(page, name="Data", group=True, position=2)
    first = site.component(page, name="API", group=True, position=1)
    site.component(page, name="Search", group_id=second.id, position=1)
    site.component(page, name="Public", group_id=first.id, position=1)
    site.component(page, name="Webhooks", group_id=first.id, position=2)
    names = [row["name"] for row in await _components(site, page.id)]
    assert names == ["API", "Public", "Search", "Data", "Webhooks"]


async def test_group_rows_carry_the_worst_status(site: Site) -> None:
    """A group shows what its children make of it, whatever its own row says."""
    page = site.page()
    group = site.component(page, group=True, name="API")
    site.component(page, group_id=group.id, status=ComponentStatus.DEGRADED_PERFORMANCE)
    site.component(page, group_id=group.id, status=ComponentStatus.PARTIAL_OUTAGE, position=2)
    rows = {row["id"]: row for row in await _components(site, page.id)}
    assert (rows[group.id]["group"], rows[group.id]["status"]) == (True, "partial_outage")


async def test_pages_of_a_long_list_hold_every_component_once(site: Site) -> None:
    """A hundred by default and at most; together the pages hold all rows; past the end there is an empty list."""
    page = site.page()

    def add_many(tx: Any) -> None:
        for number in range(1, 251):
            add_component(tx.session, page, tx.now, name=f"c{number}", position=number)

    site.change(add_many)
    sizes = [len(await _components(site, page.id, page=number)) for number in (1, 2, 3, 4, 99999)]
    assert sizes == [100, 100, 50, 0, 0]
    small = [
        row["name"] for number in range(1, 7) for row in await _components(site, page.id, page=number, per_page=49)
    ]
    assert small == [f"c{number}" for number in range(1, 251)]
    assert len(await _components(site, page.id, per_page=500)) == 100


@both_databases
async def test_documents_follow_changes(site: Site) -> None:
    """What a transaction changed is shown by the first call after it."""
    page = site.page()
    component = site.component(page, start_date=date(2024, 1, 15), description="Ünïcode <&>")
    (row,) = await _components(site, page.id)
    assert (row["description"], row["start_date"]) == ("Ünïcode <&>", "2024-01-15")

    def rename(tx: Any) -> None:
        tx.session.get_one(type(component), component.id).name = "Shop"

    site.change(rename)
    (row,) = await _components(site, page.id)
    assert row["name"] == "Shop"


async def test_a_page_s_configuration_shows_under_statuspage_s_names(site: Site) -> None:
    """Fields of the configuration are part of the page; columns cannot be overridden by it."""
    page = site.page(configuration={"headline": "Hello", "hidden_from_search": True, "name": "X", "time_zone": "X"})
    _, secret = site.key()
    shown = (await site.get(f"/v1/pages/{page.id}", secret)).json()
    assert (shown["headline"], shown["hidden_from_search"]) == ("Hello", True)
    assert (shown["name"], shown["time_zone"], shown["city"]) == ("Acme", "UTC", None)


@both_databases
async def test_documents_that_cannot_be_rendered_leave_the_last_good_ones(site: Site) -> None:
    """A page with a broken time zone breaks no call: what was rendered last is still served."""
    page = site.page()
    _, secret = site.key()
    before = await site.get(f"/v1/pages/{page.id}", secret)
    site.change(lambda tx: tx.session.execute(text("UPDATE page SET time_zone = 'Nowhere/Nothing'")))
    after = await site.get(f"/v1/pages/{page.id}", secret)
    assert (after.status_code, after.content) == (200, before.content)
