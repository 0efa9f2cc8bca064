"""Readers who are allowed the same share an answer, while it is on its way and for as long as it is kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from handlers.http.answers import Header
from handlers.http.gateway.forwarding import Forward
from handlers.http.gateway.reads import Reads
from handlers.upstream.client import Limits, ReqwestClient
from tests.hostile_server import HostileServer, json_answer
from tests.unit.handlers.http.gateway.test_forwarding import CALLER, KEYS, Stage
from tests.waiting import eventually

OTHER = replace(CALLER, id="kkkkkkkkkkk2")
WIDER = replace(OTHER, scopes=frozenset({"read", "component_status:write"}))
ELSEWHERE = replace(OTHER, pages=frozenset({"pppppppppppp"}))


@pytest.fixture
async def client() -> AsyncIterator[ReqwestClient]:
    """A client."""
    client = ReqwestClient(Limits(silent_seconds=5.0))
    yield client
    await client.close()


class Gate:
    """An upstream that counts its answers, and lets none go before it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.answers = 0
        self.status = b"200 OK"

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answers += 1
        number = self.answers
        await self.opened.wait()
        await json_answer(b"%d" % number, self.status)(head, reader, writer)


TOLD: list[str] = []


async def tell(organization_id: str) -> None:
    """Note it."""
    TOLD.append(organization_id)


def make_reads(stage: Stage, keep_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Reads:
    """What opens answers."""
    TOLD.clear()
    return Reads(stage.forwarder, keep_seconds=keep_seconds, monotonic=monotonic, tell_change=tell)


def call(key: object = CALLER, target: str = "/v1/pages", *headers: Header) -> Forward:
    """One that reads."""
    return Forward(key, "GET", target, headers, None)  # type: ignore[arg-type]


async def test_what_is_asked_at_the_same_time_is_asked_once(client: ReqwestClient) -> None:
    """Whoever may the same gets the same answer; another address, form or right is another question."""
    gate = Gate()
    async with HostileServer(gate).running() as server:
        stage = Stage(server.url, client)
        reads = make_reads(stage, 0.0, time.monotonic)
        first = asyncio.create_task(reads.open(stage.connection, call()))
        await asyncio.wait_for(server.called.wait(), 30)
        same = [call(OTHER), call(CALLER, "/v1/pages", (b"user-agent", b"terraform"))]
        others = [
            call(WIDER),
            call(ELSEWHERE),
            call(OTHER, "/v1/pages?page=2"),
            call(OTHER, "/v1/pages", (b"accept-language", b"de")),
        ]
        tasks = [asyncio.create_task(reads.open(stage.connection, one)) for one in (*same, *others)]
        await eventually(lambda: gate.answers == 5)
        gate.opened.set()
        bodies = [reply.body for reply in await asyncio.gather(first, *tasks)]
        assert bodies[:3] == [b"1"] * 3
        assert sorted(bodies[3:]) == [b"2", b"3", b"4", b"5"]
        # Nothing is kept.
        assert (await reads.open(stage.connection, call())).body == b"6"


async def test_who_reads_after_a_change_does_not_get_what_was_before(client: ReqwestClient) -> None:
    """Even where somebody's question from before is still on its way."""
    gate = Gate()
    async with HostileServer(gate).running() as server:
        stage = Stage(server.url, client)
        reads = make_reads(stage, 60.0, time.monotonic)
        before = asyncio.create_task(reads.open(stage.connection, call()))
        await asyncio.wait_for(server.called.wait(), 30)
        async with reads.changing("ooooooooooo1"):
            assert TOLD == []
        assert TOLD == ["ooooooooooo1"]
        after = asyncio.create_task(reads.open(stage.connection, call()))
        await eventually(lambda: gate.answers == 2)
        gate.opened.set()
        assert [(await before).body, (await after).body] == [b"1", b"2"]
        assert (await reads.open(stage.connection, call())).body == b"2"
        reads.forget()
        assert (await reads.open(stage.connection, call())).body == b"3"


async def test_a_caller_without_a_turn_holds_nobody_up(client: ReqwestClient) -> None:
    """That it is not one caller's turn is that caller's answer alone."""
    gate = Gate()
    gate.opened.set()
    async with HostileServer(gate).running() as server:
        stage = Stage(server.url, client, {"first": KEYS["first"]}, most=10)
        reads = make_reads(stage, 0.0, time.monotonic)
        for number in range(8):
            await reads.open(stage.connection, call(CALLER, f"/v1/pages?page={number}"))
        late, other = await asyncio.gather(
            reads.open(stage.connection, call(CALLER)), reads.open(stage.connection, call(OTHER))
        )
        assert (late.status, other.status) == (420, 200)


async def test_what_is_kept_is_given_for_so_long(client: ReqwestClient) -> None:
    """With its age, to those who may the same and do not ask for it anew; errors are not kept."""
    gate, now = Gate(), [0.0]
    gate.opened.set()
    async with HostileServer(gate).running() as server:
        stage = Stage(server.url, client)
        reads = make_reads(stage, 5.0, lambda: now[0])

        async def read(key: object = CALLER, *headers: Header) -> tuple[bytes, bytes | None]:
            reply = await reads.open(stage.connection, call(key, "/v1/pages", *headers))
            return reply.body, dict(reply.headers).get(b"age")

        assert await read() == (b"1", None)
        now[0] = 4.5
        assert await read(OTHER) == (b"1", b"4")
        assert await read(WIDER) == (b"2", None)
        assert await read(CALLER, (b"cache-control", b"no-cache")) == (b"3", None)
        now[0] = 5.0
        assert await read() == (b"4", None)
        gate.status = b"500 Oops"
        now[0] = 10.0
        assert [await read(), await read()] == [(b"5", None), (b"6", None)]


async def test_who_goes_away_takes_nobody_along(client: ReqwestClient) -> None:
    """Whoever waited for the same answer asks for it then."""
    gate = Gate()
    async with HostileServer(gate).running() as server:
        stage = Stage(server.url, client)
        reads = make_reads(stage, 0.0, time.monotonic)
        first = asyncio.create_task(reads.open(stage.connection, call()))
        await asyncio.wait_for(server.called.wait(), 30)
        second = asyncio.create_task(reads.open(stage.connection, call(OTHER)))
        await asyncio.sleep(0)
        first.cancel()
        gate.opened.set()
        assert (await second).body == b"2"
