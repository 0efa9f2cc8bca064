"""A Statuspage elsewhere tells that something changed, and its page is copied anew: whatever else it says."""

import json
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from desk.secret import Secret
from desk.transaction import Desk, pages_changed
from desk.upstreams.hooks import drop_hook, make_hook
from handlers.jobs.copies import follow_page
from storage.models import Component, Upstream
from tests.contract.gateway_stage import OPERATOR, TwoKeydesks, two_keydesks
from tests.waiting import eventually

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def both(desk: Desk, there: Desk) -> AsyncIterator[TwoKeydesks]:
    """The gateway and its upstream, which knows where to call."""
    async with two_keydesks(desk, there) as both:
        parts = both.served.app.upstreams
        parts.hooks.look = partial(follow_page, parts.client, parts.book, desk, parts.hear_refused)
        yield both


async def tell(both: TwoKeydesks, secret: Secret | str, body: bytes) -> int:
    """Call the address as Statuspage does."""
    word = secret if isinstance(secret, str) else secret.reveal()
    async with httpx.AsyncClient(base_url=both.served.url) as client:
        headers = {"Content-Type": "application/json"}
        return (await client.post(f"/hooks/statuspage/{word}", content=body, headers=headers)).status_code


def telling(page_id: str) -> bytes:
    """What it says when a component changes, as far as anybody would look."""
    update = {"old_status": "operational", "new_status": "major_outage", "component_id": "made_up"}
    page = {"id": page_id, "status_indicator": "major", "status_description": "Lies"}
    return json.dumps({"meta": {}, "page": page, "component_update": update, "component": {"name": "Lies"}}).encode()


def names(desk: Desk) -> set[str]:
    """Of components, as the copies have them."""
    with desk.database.read() as session:
        return {row.name for row in session.query(Component)}


async def test_what_it_tells_of_is_looked_at(both: TwoKeydesks) -> None:
    """The page is copied from itself; of what was told nothing is believed."""
    secret = both.desk.write_now(OPERATOR, make_hook)
    api = both.story.components["API"]
    with both.there.database.write() as session:
        session.get_one(Component, api).name = "The API"
    both.there.write_now(OPERATOR, pages_changed)
    assert await tell(both, secret, telling(both.story.page)) == 200
    await eventually(lambda: "The API" in names(both.desk))
    assert "Lies" not in names(both.desk)
    with both.desk.database.read() as session:
        assert session.query(Upstream).one().heard_at == both.desk.clock.now()


async def test_who_does_not_know_the_address_tells_nothing(both: TwoKeydesks) -> None:
    """Nor does one from before; what nobody can read is answered, so that Statuspage does not send it again."""
    first = both.desk.write_now(OPERATOR, make_hook)
    second = both.desk.write_now(OPERATOR, make_hook)
    looked: list[str] = []

    async def look(_organization_id: str, page_id: str) -> None:
        looked.append(page_id)

    both.served.app.upstreams.hooks.look = look
    told = telling(both.story.page)
    assert [await tell(both, word, told) for word in (first, "x", "%2e%2e")] == [404] * 3
    odd = (b"", b"[]", b"{", b'{"page":{"id":["a"]}}', b'{"page":1}', telling("another00000"), b"x" * 300_000)
    assert [await tell(both, second, body) for body in odd] == [200] * len(odd)
    assert looked == []
    assert await tell(both, second, told) == 200
    await eventually(lambda: looked == [both.story.page])
    # However often it is told, looks have some seconds between them.
    assert [await tell(both, second, told) for _ in range(20)] == [200] * 20
    assert looked == [both.story.page]
    both.desk.write_now(OPERATOR, drop_hook)
    assert await tell(both, second, told) == 404
