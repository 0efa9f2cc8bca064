"""An incident that is posted again, because nobody knows whether it was made, is made once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from desk.transaction import Desk
from desk.upstreams.posts import DONE_WITHIN, GONE_AFTER, SAME_WITHIN
from handlers.upstream.marks import GROUP
from storage.models import UpstreamPost
from tests.clock import HeldClock
from tests.contract.gateway_stage import mint
from tests.contract.hostile_stage import Attacked, attacked
from tests.databases import both_databases
from tests.statuspage import Statuspage

NEW = {"incident": {"name": "Search is slow", "body": "We look.", "metadata": {"ours": {"a": "b"}}}}
LATER = timedelta(seconds=1)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def post(stage: Attacked, secret: str, body: Any = NEW, **headers: str) -> httpx.Response:
    """Post an incident."""
    return await stage.call(secret, "POST", "/incidents", json=body, headers=headers)


@on_sqlite
@pytest.mark.parametrize(("fault", "status"), [("lost", 502), ("busy", 502), ("odd", 201)])
async def test_what_was_done_and_not_said_is_found(desk: Desk, fault: str, status: int) -> None:
    """Whatever upstream said of it, four more of the same are answered with what it made."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage([fault])
    async with attacked(desk, there) as stage:
        assert (await post(stage, secret)).status_code == status
        answers = [await post(stage, secret) for _ in range(4)]
    [made] = there.incidents
    assert [(one.status_code, one.json()["id"]) for one in answers] == [(201, made["id"])] * 4
    assert made["metadata"]["ours"] == {"a": "b"}
    assert set(made["metadata"]) == {"ours", GROUP}


@on_sqlite
async def test_what_was_not_done_is_sent_again_when_nobody_can_be_doing_it(desk: Desk, clock: HeldClock) -> None:
    """Until then the caller is told when to come again, and nothing is sent."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage(["unread"])
    async with attacked(desk, there) as stage:
        assert (await post(stage, secret)).status_code == 502
        early = await post(stage, secret)
        assert (early.status_code, int(early.headers["retry-after"])) == (503, DONE_WITHIN.seconds)
        assert there.incidents == []
        clock.advance(DONE_WITHIN)
        assert (await post(stage, secret)).status_code == 201
        assert (await post(stage, secret)).status_code == 201
    assert len(there.incidents) == 1


@on_sqlite
@pytest.mark.parametrize("fault", ["limit", "wrong"])
async def test_what_upstream_refused_may_be_sent_at_once(desk: Desk, fault: str) -> None:
    """It said that it did nothing; and it is not looked for."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage([fault, fault])
    async with attacked(desk, there, keys=2) as stage:
        assert (await post(stage, secret)).status_code in (422, 429)
        assert (await post(stage, secret)).status_code in (422, 429)
        assert [head.split()[0] for head in stage.server.heads] == [b"POST", b"POST"]
        with desk.database.read() as session:
            assert session.scalars(select(UpstreamPost)).all() == []


@on_sqlite
async def test_what_became_something_else_is_another_one(desk: Desk, clock: HeldClock) -> None:
    """Whoever posts the same when the first is resolved, gone, or minutes old, means a new one."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage()
    async with attacked(desk, there) as stage:
        assert (await post(stage, secret)).status_code == 201
        there.incidents[0]["status"] = "resolved"
        assert (await post(stage, secret)).status_code == 201
        assert len(there.incidents) == 2
        there.incidents[0]["updated_at"] = "2030-01-01T01:00:00Z"
        assert (await post(stage, secret)).json()["id"] == there.incidents[0]["id"]
        gone = there.incidents.pop(0)
        assert (await post(stage, secret)).status_code == 201
        there.incidents.append(gone)
        clock.advance(SAME_WITHIN)
        assert (await post(stage, secret)).status_code == 201
    assert len(there.incidents) == 4
    assert len({one["metadata"][GROUP]["call"] for one in there.incidents}) == 4


@on_sqlite
async def test_what_two_callers_say_is_two_incidents(desk: Desk) -> None:
    """Nor do they share a name that both give their calls; and one name is for one call."""
    one, other = mint(desk, ["incidents:write"]), mint(desk, ["incidents:write"], name="other")
    there = Statuspage()
    name = {"Idempotency-Key": "first"}
    async with attacked(desk, there) as stage:
        for secret in (one, other, one, other):
            assert (await post(stage, secret, **name)).status_code == 201
        assert len(there.incidents) == 2
        assert len(set(there.keys)) == 2
        assert (await post(stage, one, {"incident": {"name": "Other"}}, **name)).status_code == 422
        assert (await post(stage, one, {"incident": {"name": "Other"}}, **{"Idempotency-Key": "second"})).is_success
    assert len(there.incidents) == 3


@on_sqlite
async def test_the_same_at_the_same_time_is_one(desk: Desk) -> None:
    """Who comes while the first is under way waits for it."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage(["slow"])
    async with attacked(desk, there, wait_seconds=10.0) as stage:
        first = asyncio.create_task(post(stage, secret))
        await asyncio.wait_for(stage.server.called.wait(), 30)
        second = asyncio.create_task(post(stage, secret))
        there.late.set()
        ids = {answer.json()["id"] for answer in await asyncio.gather(first, second)}
    assert ids == {there.incidents[0]["id"]}
    assert len(there.incidents) == 1


@both_databases
async def test_another_replica_knows_what_the_first_has_begun(desk: Desk, clock: HeldClock) -> None:
    """It sends nothing while the first may still, and answers with what it finds as soon as it is there."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage(["slow"])
    async with attacked(desk, there) as stage, stage.replica() as other:
        first = asyncio.create_task(post(stage, secret))
        await asyncio.wait_for(stage.server.called.wait(), 30)
        assert (await post(other, secret)).status_code == 503
        clock.advance(GONE_AFTER - LATER)
        assert (await post(other, secret)).status_code == 503
        there.late.set()
        made = await first
        found = await post(other, secret)
    assert (found.status_code, found.json()["id"]) == (201, made.json()["id"])
    assert len(there.incidents) == 1


@both_databases
async def test_replicas_that_try_again_at_once_send_it_once(desk: Desk, clock: HeldClock) -> None:
    """Whoever of them comes first in the database."""
    secret, there = mint(desk, ["incidents:write"]), Statuspage(["unread"])
    async with attacked(desk, there) as stage, stage.replica() as other:
        assert (await post(stage, secret)).status_code == 502
        clock.advance(DONE_WITHIN)
        codes = [one.status_code for one in await asyncio.gather(*(post(at, secret) for at in (stage, other) * 2))]
        assert set(codes) <= {201, 503}
        assert 201 in codes
        assert (await post(other, secret)).status_code == 201
    assert len(there.incidents) == 1
