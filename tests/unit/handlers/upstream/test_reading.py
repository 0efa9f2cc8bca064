"""What a Statuspage elsewhere says of itself is copied as far as it can be kept, whatever it says."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from desk.errors import ConflictError
from desk.transaction import Actor, Desk, JobName, Transaction
from desk.upstreams.copies import copy_pages
from handlers.http.v1.shapes.pages import page_shape
from handlers.upstream.client import ReqwestClient
from handlers.upstream.reading import UnreadableError, UpstreamReader
from storage.models import Component, Page
from tests.contract.hostile_stage import PAGE, attacked
from tests.factories import add_component, add_page
from tests.hostile_server import Behaviour

ONE = {"id": "cccccccccccc", "name": "API", "position": 1}


def telling(page: dict[str, Any], *components: dict[str, Any]) -> Behaviour:
    """An upstream with one page."""

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rows: Any = components if b"/components" in head else [{"id": PAGE, "name": "Acme", **page}]
        body = json.dumps(rows).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return behave


async def copy(desk: Desk, behaviour: Behaviour) -> None:
    """Copy what it tells."""
    client = ReqwestClient()
    async with attacked(desk, behaviour) as stage:
        pages = await UpstreamReader(client, stage.server.url, "secret").read_pages()
        desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, pages))
    await client.close()


async def test_what_is_odd_is_copied_as_far_as_it_can_be(desk: Desk) -> None:
    """A zone that nobody knows, text that no database takes, components that are there twice or in no group."""
    page = {"name": "A\0cme", "time_zone": "Mars Time (Olympus)", "url": {"a": 1}, "page_description": "a\0"}
    lost = {**ONE, "id": "dddddddddddd", "name": "D\0B", "group_id": "gone"}
    await copy(desk, telling(page, ONE, ONE | {"position": 2}, lost))
    with desk.database.read() as session:
        found = session.get_one(Page, PAGE)
        assert (found.name, found.time_zone, found.url, found.page_description) == ("Acme", "UTC", None, None)
        rows = {row.name: row for row in session.scalars(select(Component))}
    assert (rows["API"].position, rows["DB"].group_id) == (2, None)


async def test_zones_are_understood_as_statuspage_calls_them(desk: Desk) -> None:
    """By the names that Rails has for them."""
    await copy(desk, telling({"name": "Acme", "time_zone": "Eastern Time (US & Canada)"}, ONE))
    with desk.database.read() as session:
        page = session.get_one(Page, PAGE)
    assert (page.time_zone, page_shape(page)["time_zone"]) == ("America/New_York", "Eastern Time (US & Canada)")


@pytest.mark.parametrize("position", [2**31, -(2**40), "x"])
async def test_what_no_statuspage_says_is_not_understood(desk: Desk, position: object) -> None:
    """And is said to be so, rather than kept."""
    with pytest.raises(UnreadableError, match="not what Statuspage answers"):
        await copy(desk, telling({}, ONE | {"position": position}))


async def test_what_is_ours_already_is_not_taken_over(desk: Desk) -> None:
    """An id that a component of another page has is refused in words, and nothing is copied."""

    def add(tx: Transaction) -> str:
        return add_component(tx.session, add_page(tx.session, tx.now, name="Local"), tx.now, name="Ours").id

    taken = desk.write_now(Actor.operator("test"), add)
    with pytest.raises(ConflictError, match="there already, on another page"):
        await copy(desk, telling({"name": "New"}, ONE, ONE | {"id": taken}))
    with desk.database.read() as session:
        assert session.get_one(Page, PAGE).name == "Acme"
        assert session.get_one(Component, taken).name == "Ours"
