"""Two replicas on one PostgreSQL: whoever writes by one reads it by the other, with no wait between."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import httpx
import pytest

from desk.keys.changes import revoke_key
from desk.transaction import Desk
from handlers.http.app import HttpSettings, create_http_app
from storage.database import Database
from storage.models import Page
from tests.databases import ORGANIZATION
from tests.unit.handlers.http.conftest import ACTOR, Site

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def http_settings() -> HttpSettings:
    """Nobody asks by itself, and who asks waits for the answer."""
    hours = timedelta(hours=1)
    return HttpSettings(revision_interval=hours, distrust_after=hours * 2, catch_up_within=timedelta(minutes=1))


@pytest.fixture
async def other(site: Site, database_url: str, http_settings: HttpSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Calls a second application, which has connections and a memory of its own."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    app = create_http_app(Desk(database, site.desk.clock, site.desk.policy), settings=http_settings)
    transport = httpx.ASGITransport(app=app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client
    database.close()


async def test_what_one_wrote_is_read_by_the_other(site: Site, other: httpx.AsyncClient) -> None:
    """A component by API: made, changed and deleted through one, each is seen at once through the other."""
    page = site.page()
    _, secret = site.key(scopes=["read", "components:write"])
    headers, path = {"Authorization": f"OAuth {secret}"}, f"/v1/pages/{page.id}/components"
    made = await site.client.post(path, headers=headers, json={"component": {"name": "Search"}})
    assert made.status_code == 201
    component = f"{path}/{made.json()['id']}"
    for number in range(8):
        wanted = {"component": {"name": f"Search {number}"}}
        changed = await site.client.patch(component, headers=headers, json=wanted)
        assert changed.status_code == 200
        read = await other.get(component, headers=headers)
        assert (read.status_code, read.json()["name"]) == (200, f"Search {number}")
    assert (await site.client.delete(component, headers=headers)).status_code == 204
    assert (await other.get(component, headers=headers)).status_code == 404


async def test_a_key_is_good_and_ends_everywhere_at_once(site: Site, other: httpx.AsyncClient) -> None:
    """A key that was just made is no stranger at the other replica, and one that was just revoked is none's."""
    page: Page = site.page()
    for _ in range(3):
        key_id, secret = site.key()
        headers, path = {"Authorization": f"OAuth {secret}"}, f"/v1/pages/{page.id}"
        assert (await other.get(path, headers=headers)).status_code == 200
        site.desk.write_now(ACTOR, partial(revoke_key, key_id=key_id, reason="It was in a log"))
        assert (await other.get(path, headers=headers)).status_code == 401
