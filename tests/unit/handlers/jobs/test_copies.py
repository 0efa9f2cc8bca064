"""Copying what the Statuspage elsewhere has, with whichever key it takes."""

import time
from functools import partial

import pytest

from desk.transaction import Actor, Desk, Transaction
from desk.upstreams.connecting import connect_upstream, get_upstream
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, list_upstream_keys
from handlers.http.gateway.connections import ConnectionBook, read_connections
from handlers.jobs.copies import follow_upstream
from handlers.upstream.budget import OWN
from handlers.upstream.client import ReqwestClient
from storage.mirror import Mirror
from storage.sealing import Seal
from storage.signals import Topic
from tests.hostile_server import HostileServer
from tests.unit.bot.commands.test_upstream import KEY, statuspage

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OPERATOR = Actor.operator("root")


async def test_it_goes_on_with_a_key_that_is_taken(desk: Desk) -> None:
    """One that is not is told of, each call is counted, and only where none is taken it is a problem."""
    seal = Seal([Seal.make_key()])

    def connect(tx: Transaction, url: str) -> dict[str, str]:
        connect_upstream(tx, url)
        for name, value in (("old", "old-" + KEY), ("new", KEY)):
            add_upstream_key(tx, NewUpstreamKey(name=name, sealed=seal.close(value), calls_a_minute=60))
        return {key.name: key.id for key in list_upstream_keys(tx.session)}

    client, refused = ReqwestClient(), list[str]()
    async with HostileServer(statuspage(KEY)).running() as server:
        ids = desk.write_now(OPERATOR, partial(connect, url=server.url))
        mirror = Mirror(
            desk.database.everywhere, Topic.UPSTREAMS, partial(read_connections, seal=seal, settings=()),
        )  # fmt: skip
        mirror.reload()
        book = ConnectionBook(mirror, wait_seconds=0.0, monotonic=time.monotonic)
        follow = partial(follow_upstream, client, book, desk, lambda _, key_id: refused.append(key_id))
        assert await follow()
        assert set(refused) <= {ids["old"]}
        server.heads.clear()
        server.behaviour = statuspage()
        assert not await follow()
        assert set(refused) == set(ids.values())
        assert len(server.heads) == 2
    await client.close()
    problem = desk.read_now(OPERATOR, lambda tx: get_upstream(tx.session).problem)
    assert problem is not None
    assert "does not take this key (401)" in problem
    connection = book.find(desk.database.organization or "")
    assert connection is not None
    assert connection.budget.count(OWN) >= 4
