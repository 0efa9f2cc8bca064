"""Calls while the database comes and goes: answered in time, in a code that clients try again, and made once."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from desk.transaction import Desk
from handlers.http.app import HttpSettings
from handlers.http.v1.writing import CALL_SECONDS
from storage.deadline import answer_within
from storage.models import Scope
from tests.clock import HeldClock
from tests.databases import open_database
from tests.policies import policy_of
from tests.postgresql_proxy import Cut, PostgresqlProxy, proxied
from tests.unit.handlers.http.conftest import Site, site

__all__ = ["site"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresqlProxy]:
    """A proxy in front of the database."""
    with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
def http_settings() -> HttpSettings:
    """Nothing else looks at the database by itself."""
    return HttpSettings()


@pytest.fixture
async def desk(proxy: PostgresqlProxy, clock: HeldClock) -> AsyncIterator[Desk]:
    """A desk behind the proxy."""
    database = open_database(proxy.url)
    yield Desk(database, clock, policy_of())
    proxy.talk_again()
    database.close()


@pytest.mark.parametrize(("when", "code"), [("before", 503), ("after", 201)])
async def test_a_connection_that_dies_at_the_commit(proxy: PostgresqlProxy, site: Site, when: Cut, code: int) -> None:
    """Where nothing was kept the client is told to try again; and then the same call ends with one incident."""
    page, (_, secret) = site.page(), site.key(scopes=[Scope.INCIDENTS_WRITE])
    for name in (f"Slow {number}" for number in range(9)):
        proxy.cut_next_commit(when)
        answers = [await _post(site, page.id, secret, name) for _ in range(3)]
        assert {one.status_code for one in answers[1:]} == {201}
        assert len({one.json()["id"] for one in answers if one.status_code == 201}) == 1
        listed = await site.get(f"/v1/pages/{page.id}/incidents?q={name.replace(' ', '+')}", secret)
        assert len(listed.json()) == 1
        # The page is read anew meanwhile, and it may be that which was cut.
        if answers[0].status_code == code and proxy.commits_cut:
            return
    pytest.fail(f"no answer was {code}")


async def test_a_database_that_falls_silent(proxy: PostgresqlProxy, site: Site) -> None:
    """Calls that write and calls that read get 503 with whole seconds, and nothing of them is done later."""
    page, (_, secret) = site.page(), site.key(scopes=[Scope.INCIDENTS_WRITE])
    proxy.fall_silent()
    with answer_within(0.5):
        said = await _post(site, page.id, secret)
    assert (said.status_code, int(said.headers["retry-after"]) > 0) == (503, True)
    with answer_within(0.5):
        read = await site.get(f"/v1/pages/{page.id}/incidents", secret)
    assert (read.status_code, set(read.json())) == (503, {"error", "message"})
    proxy.talk_again()
    assert (await site.get(f"/v1/pages/{page.id}/incidents", secret)).json() == []
    assert (await _post(site, page.id, secret)).status_code == 201


async def test_the_first_who_reads_waits_no_longer_than_others(proxy: PostgresqlProxy, site: Site) -> None:
    """A database that did not answer whoever asked how fresh memory is, is not waited for as long as a busy one."""
    page, (_, secret) = site.page(), site.key()
    proxy.fall_silent()
    async with asyncio.timeout(CALL_SECONDS / 2):
        read = await site.get(f"/v1/pages/{page.id}/incidents", secret)
    assert (read.status_code, "took too long" in read.json()["error"]) == (503, True)


async def _post(site: Site, page_id: str, secret: str, name: str = "Slow") -> httpx.Response:
    return await site.client.post(
        f"/v1/pages/{page_id}/incidents",
        json={"incident": {"name": name}},
        headers={"Authorization": f"OAuth {secret}"},
    )
