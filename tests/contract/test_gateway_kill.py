"""The gateway's process, killed at each step of a POST: after a restart and what its caller tries again, there is one
incident upstream."""

import asyncio
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from desk.transaction import Desk
from handlers.http.gateway.once import Moment
from tests.clock import HeldClock
from tests.contract import dying_gateway
from tests.contract.gateway_stage import mint
from tests.contract.hostile_stage import PAGE, Attacked, attacked
from tests.contract.test_gateway_once_things import losing
from tests.forking import Fork
from tests.statuspage import Statuspage
from tests.waiting import eventually

NEW = {"incident": {"name": "Search is slow", "body": "We look."}}
UNDONE = ("claiming", Moment.BEGUN, "read")
"""Nothing was made by then."""
DONE = ("done", Moment.ANSWERED, "keeping", Moment.KEPT)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


Sent = tuple[str, str, dict[str, Any]]
POSTED: Sent = ("POST", "/incidents", NEW)


async def send(url: str, secret: str, sent: Sent = POSTED) -> httpx.Response:
    """Make the call."""
    method, path, body = sent
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        headers = {"Authorization": f"OAuth {secret}"}
        return await client.request(method, f"/v1/pages/{PAGE}{path}", json=body, headers=headers)


async def die_in_the_middle(
    stage: Attacked, has_come: Callable[[], bool], secret: str, where: str, sent: Sent = POSTED
) -> None:
    """A process of its own gets the call, and is killed."""
    now = stage.desk.clock.now().isoformat()
    gateway = Fork(dying_gateway.main, stage.database_url, where, now, stage.sealing_key, heard=True)
    assert gateway.stdout is not None
    url = (await asyncio.to_thread(gateway.stdout.readline)).strip()
    call = asyncio.create_task(send(url, secret, sent))
    if where in ("read", "done"):
        await eventually(has_come)
        gateway.kill()
    with pytest.raises(httpx.TransportError):
        await call
    assert await asyncio.to_thread(partial(gateway.wait, 30)) == -signal.SIGKILL
    gateway.stdout.close()


@on_sqlite
@pytest.mark.parametrize("where", [*UNDONE, *DONE])
async def test_after_a_kill_there_is_one_incident(desk: Desk, clock: HeldClock, where: str) -> None:
    """What is there is found at once; what is not is sent as soon as nobody can be sending it any more."""
    await _is_made_once(desk, clock, where)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("where", [Moment.BEGUN, Moment.ANSWERED])
async def test_the_same_where_the_database_outlives_the_process(desk: Desk, clock: HeldClock, where: str) -> None:
    """Before it is sent, and before it is written down what became of it."""
    await _is_made_once(desk, clock, where)


async def _is_made_once(desk: Desk, clock: HeldClock, where: str) -> None:
    secret = mint(desk, ["incidents:write"])
    there = Statuspage([{"read": "held", "done": "mute"}.get(where, "")])
    async with attacked(desk, there) as stage:
        await die_in_the_middle(stage, lambda: there.posts == 1, secret, where)
        there.faults.clear()
        assert len(there.incidents) == (where in DONE)
        waits = 0
        while (answer := await send(stage.served.url, secret)).status_code == 503:
            assert len(there.incidents) == 0
            clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
            waits += 1
        assert answer.status_code == 201
        assert waits == (where in (Moment.BEGUN, "read"))
        again = await send(stage.served.url, secret)
    [made] = there.incidents
    assert answer.json()["id"] == again.json()["id"] == made["id"]


@on_sqlite
@pytest.mark.parametrize(
    ("where", "sent"),
    [
        *((where, POSTED) for where in ("claiming", Moment.BEGUN, "done", Moment.ANSWERED, "keeping", Moment.KEPT)),
        (Moment.ANSWERED, ("POST", "/components", {"component": {"name": "New"}})),
        ("done", ("PATCH", "/incidents/{open}", {"incident": {"body": "A cable."}})),
    ],
)
async def test_a_live_statuspage_has_one_thing_afterwards(
    desk: Desk, there: Desk, clock: HeldClock, where: str, sent: Sent
) -> None:
    """Whatever was made, and with whatever it is known by."""
    async with losing(desk, there, clock) as stage:
        method, path, body = sent
        sent = (method, path.format(open=stage.story.open), body)
        at = sent[1]
        before = await stage.there(at)
        stage.losing.mute = where == "done"
        await die_in_the_middle(stage.gateway, lambda: stage.losing.writes == 1, stage.secret, where, sent)
        stage.losing.mute = False
        await stage.apply(*sent, losses=0)
        await stage.apply(*sent, losses=0)
        after = await stage.there(at)
        if method == "POST":
            assert len(after) == len(before) + 1
        else:
            assert len(after["incident_updates"]) == len(before["incident_updates"]) + 1
