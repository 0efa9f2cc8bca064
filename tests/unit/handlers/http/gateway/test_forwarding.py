"""A forwarded call meets upstream as it is, and its caller hears upstream's own answer or whose fault it is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.keys.ring import RingKey
from desk.secret import Secret
from handlers.http.answers import Message, Send
from handlers.http.gateway.connections import Connection, Known, OpenKey
from handlers.http.gateway.forwarding import MOST_OF_ONE, SHORT, Forward, Forwarder
from handlers.http.gateway.replies import BrokenOffError, pass_on
from handlers.upstream.budget import Budget
from handlers.upstream.client import Body, Limits, ReqwestClient
from handlers.upstream.fuse import FAILURES, Fuses
from storage.models import KeyStatus
from tests.hostile_server import Behaviour, HostileServer, answering, json_answer, length_of

KEYS = {"first": "1" * 64, "second": "2" * 64}
CALLER = RingKey(
    "kkkkkkkkkkk1",
    "ooooooooooo1",
    1,
    KeyStatus.ACTIVE,
    frozenset({"read"}),
    None,
    None,
    datetime(2030, 1, 1, tzinfo=UTC),
    None,
)


class Heard:
    """What a caller gets."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """As a server takes it."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """The code."""
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        """The headers."""
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        """All of it so far."""
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def sentence(self) -> str:
        """What an error of ours says."""
        said: str = json.loads(self.body)["error"]
        return said


class Stage:
    """A forwarder with a connection to one upstream."""

    def __init__(
        self, url: str, client: ReqwestClient, keys: Mapping[str, str] = KEYS, most: int | None = None
    ) -> None:
        known = Known(
            "uuuuuuuuuuu1", url, {name: OpenKey(name, Secret(value), most, None) for name, value in keys.items()}
        )
        budget = Budget(dict.fromkeys(keys, most), wait_seconds=0.0, monotonic=time.monotonic)
        self.connection = Connection(known, budget, Fuses(time.monotonic))
        self.refused: list[tuple[str, str]] = []
        self.forwarder = Forwarder(client, on_refused=lambda *of: self.refused.append(of))

    async def pass_on(self, call: Forward, send: Send) -> int:
        """Forward a call and pass its answer on."""
        reply = await self.forwarder.open(self.connection, call)
        try:
            return await pass_on(reply, send, head=False, is_given_up=call.is_given_up)
        finally:
            await reply.close()

    async def call(self, method: str = "GET", body: Body | None = None) -> Heard:
        """Forward one call."""
        heard = Heard()
        headers = ((b"authorization", b"OAuth kd_of_the_caller"), (b"x-a", b"b"))
        call = Forward(CALLER, method, "/v1/pages?page=2", headers, body)
        status = await self.pass_on(call, heard.send)
        assert status == heard.status
        assert heard.messages[-1].get("more_body", False) is False
        return heard


@pytest.fixture
async def client() -> AsyncIterator[ReqwestClient]:
    """A client that is not patient."""
    client = ReqwestClient(Limits(silent_seconds=0.3, connect_seconds=1.0))
    yield client
    await client.close()


async def test_the_call_arrives_with_our_key_and_its_answer_as_it_is(client: ReqwestClient) -> None:
    """Method, address, body and status; nothing of the caller's key."""
    bodies: list[bytes] = []

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.readexactly(length_of(head)))
        writer.write(b"HTTP/1.1 422 No\r\nContent-Type: text/html\r\nX-Runtime: 1\r\nContent-Length: 2\r\n\r\n{}")

    async with HostileServer(behave).running() as server:
        heard = await Stage(server.url, client).call("PATCH", b'{"a":1}')
    assert (heard.status, heard.body, heard.headers[b"x-runtime"]) == (422, b"{}", b"1")
    assert heard.headers[b"content-type"] == b"text/html"
    assert bodies == [b'{"a":1}']
    head = server.heads[0]
    assert head.startswith(b"PATCH /v1/pages?page=2 HTTP/1.1\r\n")
    assert b"OAuth " + b"1" * 64 in head
    assert b"kd_of_the_caller" not in head


def taking(*secrets: str) -> Behaviour:
    """Answers calls with these keys, and says 401 to others."""

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        good = any(secret.encode() in head for secret in secrets)
        body = b"[]" if good else b'{"error":"Could not authenticate"}'
        line = b"HTTP/1.1 200 OK" if good else b"HTTP/1.1 401 Unauthorized"
        writer.write(line + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return behave


@pytest.mark.parametrize("body", [None, b"{}"])
async def test_another_key_of_ours_is_tried_when_one_is_refused(client: ReqwestClient, body: bytes | None) -> None:
    """The caller notices nothing; whoever watches is told which key it was."""
    async with HostileServer(taking(KEYS["second"])).running() as server:
        stage = Stage(server.url, client)
        heard = await stage.call("POST" if body else "GET", body)
    assert (heard.status, heard.body) == (200, b"[]")
    assert stage.refused == [(CALLER.organization_id, "first")]
    assert len(server.heads) == 2


async def test_our_own_key_is_never_the_caller_s_fault(client: ReqwestClient) -> None:
    """Where upstream takes none of ours, it is 502 and says so."""
    async with HostileServer(taking()).running() as server:
        stage = Stage(server.url, client)
        heard = await stage.call()
    assert heard.status == 502
    assert "does not take Keydesk's own" in heard.sentence
    assert [key for _, key in stage.refused] == ["first", "second"]
    assert all(secret not in heard.body.decode() for secret in KEYS.values())


async def test_what_comes_bit_by_bit_goes_so_and_is_not_sent_twice(client: ReqwestClient) -> None:
    """A body that nobody keeps cannot be tried with another key."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"{}"

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}")

    async with HostileServer(behave).running() as server:
        stage = Stage(server.url, client)
        heard = await stage.call("POST", parts())
    assert (heard.status, len(server.heads)) == (502, 1)


@pytest.mark.parametrize("status", [420, 429])
async def test_upstream_s_limit_is_passed_on_and_kept(client: ReqwestClient, status: int) -> None:
    """The caller reads when to come again, and nobody calls with that key before."""
    answer = json_answer(b'{"error":"slow down"}', b"%d Slow" % status, b"Retry-After: 7")
    async with HostileServer(answer).running() as server:
        stage = Stage(server.url, client, {"first": KEYS["first"]}, most=60)
        heard = await stage.call()
        assert (heard.status, heard.headers[b"retry-after"], heard.body) == (status, b"7", b'{"error":"slow down"}')
        heard = await stage.call()
        assert (heard.status, heard.headers[b"retry-after"]) == (420, b"7")
        assert len(server.heads) == 1
        stage.forwarder = Forwarder(client, limit_code=429, on_refused=lambda *_: None)
        assert (await stage.call()).status == 429


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (answering(), 504, "did not answer in time"),
        (answering(close=True), 502, "broke its answer off"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", close=True), 502, "broke its answer off"),
        (
            answering(b"HTTP/1.1 302 Found\r\nLocation: http://x.example/\r\nContent-Length: 0\r\n\r\n"),
            502,
            "sends this call elsewhere",
        ),
    ],
)
async def test_what_fails_before_the_answer_is_said(
    client: ReqwestClient, behaviour: Behaviour, status: int, words: str
) -> None:
    """With the code for it, and whether something may have been done."""
    async with HostileServer(behaviour).running() as server:
        heard = await Stage(server.url, client).call("POST", b"{}")
    assert heard.status == status
    assert words in heard.sentence
    assert ("look before you repeat" in heard.sentence) == (words != "sends this call elsewhere")


async def test_an_upstream_that_is_not_there_did_nothing(client: ReqwestClient) -> None:
    """And the caller may try again without a look."""
    async with HostileServer(answering()).running() as server:
        url = server.url
    heard = await Stage(url, client).call("POST", b"{}")
    assert (heard.status, "cannot be reached; nothing was done" in heard.sentence) == (502, True)


@pytest.mark.parametrize(("length", "status"), [(9, 502), (2 * SHORT, 200)])
async def test_an_answer_that_breaks_off_breaks_off(client: ReqwestClient, length: int, status: int) -> None:
    """Half an answer is never given as a whole one: a short one is an error in words, a long one breaks off too."""
    heard, is_heard = Heard(), asyncio.Event()

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * (length - 1))
        if status == 200:
            await is_heard.wait()
        writer.close()

    async def send(message: Message) -> None:
        await heard.send(message)
        is_heard.set()

    async with HostileServer(behave).running() as server:
        stage = Stage(server.url, client)
        call = Forward(CALLER, "GET", "/v1/pages", (), None)
        if status == 200:
            with pytest.raises(BrokenOffError):
                await stage.pass_on(call, send)
            assert heard.messages[-1].get("more_body") is True
        else:
            await stage.pass_on(call, send)
            assert "broke its answer off" in heard.sentence
    assert heard.status == status


async def test_a_caller_holds_only_so_many_connections(client: ReqwestClient) -> None:
    """However slowly they read long answers, others have theirs."""
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * SHORT) + b"x" * SHORT + b"y"
    async with HostileServer(answering(long)).running() as server:
        stage = Stage(server.url, client)
        call = Forward(CALLER, "GET", "/v1/pages", (), None)
        held = await asyncio.gather(*(stage.forwarder.open(stage.connection, call) for _ in range(MOST_OF_ONE)))
        assert {(reply.status, reply.rest is None) for reply in held} == {(200, False)}
        assert (await stage.call()).status == 503
        other = await stage.forwarder.open(stage.connection, replace(call, key=replace(CALLER, id="kkkkkkkkkkk2")))
        assert other.status == 200
        for reply in (*held, other):
            await reply.close()
        assert not stage.connection.under_way


async def test_a_server_that_is_down_is_left_alone(client: ReqwestClient) -> None:
    """After some failures calls are refused at once, and say when to come again."""
    async with HostileServer(answering(close=True)).running() as server:
        stage = Stage(server.url, client)
        for _ in range(FAILURES):
            assert (await stage.call()).status == 502
        heard = await stage.call()
        assert (heard.status, int(heard.headers[b"retry-after"]) >= 1) == (503, True)
        assert len(server.heads) == FAILURES


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_callers_whose_bodies_do_not_end_stop_nobody_else(hangs_up: bool) -> None:
    """That they break off, or let upstream wait, is no sign that it is down."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"{"
        if hangs_up:
            raise ConnectionError("the caller hung up")
        await asyncio.Event().wait()

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"POST"):
            await reader.read()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    client = ReqwestClient(Limits(total_seconds=0.1))
    async with HostileServer(behave).running() as server:
        stage = Stage(server.url, client)
        for _ in range(FAILURES):
            heard = await stage.call("POST", parts())
            assert (heard.status, "did not come to its end" in heard.sentence) == (408, True)
        assert (await stage.call()).status == 200
    await client.close()


async def test_a_call_that_ends_here_leaves_the_next_to_try(client: ReqwestClient) -> None:
    """Whatever goes wrong with the trial of a server that was down, others try it again."""

    async with HostileServer(json_answer(b"[]")).running() as server:
        stage, now = Stage(server.url, client), [0.0]
        stage.connection.fuse = Fuses(lambda: now[0])
        for _ in range(FAILURES):
            stage.connection.fuse.failed(CALLER.id)
        now[0] = 1000.0
        with pytest.raises(ValueError, match="invalid"):
            await stage.call("GET ME")
        assert (await stage.call()).status == 200


async def test_gateways_between_count_as_failures(client: ReqwestClient) -> None:
    """503 is passed on, and enough of them are as good as no answer; other errors are answers."""
    async with HostileServer(json_answer(b"{}", b"503 Busy")).running() as server:
        stage = Stage(server.url, client)
        assert [(await stage.call()).status for _ in range(FAILURES + 1)] == [503] * (FAILURES + 1)
        assert len(server.heads) == FAILURES
    async with HostileServer(json_answer(b"{}", b"500 Oops")).running() as server:
        stage = Stage(server.url, client)
        assert [(await stage.call()).status for _ in range(FAILURES + 1)] == [500] * (FAILURES + 1)
        assert len(server.heads) == FAILURES + 1


async def test_a_key_that_is_dropped_meanwhile_is_not_called_with(client: ReqwestClient) -> None:
    """Its turn is lost, and the next key's comes."""
    async with HostileServer(taking(*KEYS.values())).running() as server:
        stage = Stage(server.url, client)
        known = stage.connection.known
        stage.connection.use(Known(known.upstream_id, known.base_url, {"second": known.keys["second"]}))
        stage.connection.budget.use({"second": None})
        heard = await stage.call()
    assert heard.status == 200
    assert KEYS["second"].encode() in server.heads[0]


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_key_that_another_process_has_put_there_is_found(client: ReqwestClient, is_there: bool) -> None:
    """Before a call fails for want of one, it is read once which there are."""
    async with HostileServer(taking(KEYS["second"])).running() as server:
        stage = Stage(server.url, client, {"first": KEYS["first"]})
        looked: list[str] = []

        async def look_anew() -> None:
            looked.append("anew")
            if is_there:
                known = stage.connection.known
                fresh = OpenKey("second", Secret(KEYS["second"]), None, None)
                stage.connection.use(Known(known.upstream_id, known.base_url, {"second": fresh}))
                stage.connection.budget.use({"second": None})

        stage.forwarder = Forwarder(client, on_refused=lambda *_: None, look_anew=look_anew)
        assert (await stage.call()).status == (200 if is_there else 502)
    assert looked == ["anew"]


def test_a_key_of_ours_shows_nowhere() -> None:
    """However it is printed."""
    key: Any = OpenKey("first", Secret(KEYS["first"]), 60, datetime.now(UTC) + timedelta(days=1))
    assert KEYS["first"] not in f"{key!r}{key}"
