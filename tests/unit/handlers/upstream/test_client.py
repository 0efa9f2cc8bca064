"""Calls to a server elsewhere: what is sent and answered is passed on as it is, and what fails is told apart."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence

import pytest

from handlers.http.answers import Header
from handlers.upstream.client import Body, Fault, Limits, Outgoing, ReqwestClient, UpstreamError
from tests.hostile_server import Behaviour, HostileServer, answering, json_answer, length_of, resetting, silent

Answered = tuple[int, Sequence[Header], bytes]


@pytest.fixture
async def client() -> AsyncIterator[ReqwestClient]:
    """A client that is not patient."""
    client = ReqwestClient(Limits(silent_seconds=0.3, connect_seconds=1.0, total_seconds=5.0))
    yield client
    await client.close()


async def call(
    client: ReqwestClient, url: str, method: str = "GET", body: Body | None = None, *headers: Header
) -> Answered:
    """The whole answer."""
    async with client.send(Outgoing(method, f"{url}/v1/pages?x=%2Fy", headers, body)) as answer:
        return answer.status, answer.headers, b"".join([chunk async for chunk in answer.chunks()])


async def fault_of(client: ReqwestClient, url: str, method: str = "POST") -> Fault:
    """How such a call fails."""
    with pytest.raises(UpstreamError) as failure:
        await call(client, url, method, b"{}")
    return failure.value.fault


async def test_what_is_sent_arrives_as_it_is(client: ReqwestClient) -> None:
    """Address, query and headers, those among them that the library knows of too."""
    async with HostileServer(json_answer(b"[]")).running() as server:
        headers = ((b"authorization", b"OAuth abc"), (b"user-agent", b"terraform/1"), (b"accept-encoding", b"gzip"))
        assert (await call(client, server.url, "GET", None, *headers))[0] == 200
    lines = server.heads[0].lower().split(b"\r\n")
    assert lines[0] == b"get /v1/pages?x=%2fy http/1.1"
    assert {b"authorization: oauth abc", b"user-agent: terraform/1", b"accept-encoding: gzip"} <= set(lines)
    assert not [line for line in lines if line.startswith((b"cookie", b"content-length", b"transfer-encoding"))]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_goes_whole_or_in_parts(client: ReqwestClient, streamed: bool) -> None:
    """Bytes have their length said, and what comes bit by bit goes so."""
    received: list[bytes] = []

    async def read(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"chunked" in head.lower():
            received.append(await reader.readuntil(b"0\r\n\r\n"))
        else:
            received.append(await reader.readexactly(length_of(head)))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"a":'
        yield b"1}"

    async with HostileServer(read).running() as server:
        body = parts() if streamed else b'{"a":1}'
        assert (await call(client, server.url, "POST", body))[0] == 201
    assert received == [b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n' if streamed else b'{"a":1}']


async def test_what_is_answered_comes_as_it_is(client: ReqwestClient) -> None:
    """Not decompressed, redirects not followed, cookies not kept, errors no exceptions."""
    packed = gzip.compress(b"[]")
    async with HostileServer(
        json_answer(packed, b"200 OK", b"Content-Encoding: gzip", b"Set-Cookie: a=b", b"Set-Cookie: c=d")
    ).running() as server:
        for _ in range(2):
            status, headers, body = await call(client, server.url)
            assert (status, body) == (200, packed)
            assert [value for name, value in headers if name == b"set-cookie"] == [b"a=b", b"c=d"]
    assert not [head for head in server.heads if b"cookie" in head.lower()]
    async with HostileServer(
        answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    ).running() as server:
        status, headers, _ = await call(client, server.url)
        assert (status, (b"location", b"http://127.0.0.1:1/") in headers) == (302, True)
    async with HostileServer(json_answer(b'{"error":"x"}', b"422 Unprocessable Entity")).running() as server:
        assert (await call(client, server.url))[::2] == (422, b'{"error":"x"}')


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (resetting(), Fault.CUT),
        (answering(close=True), Fault.CUT),
        (answering(b"HTTP/1.1 200 OK\r\nConte", close=True), Fault.CUT),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", close=True), Fault.CUT),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", close=True), Fault.CUT),
        (answering(b"220 smtp.acme.example ready\r\n\r\n", close=True), Fault.CUT),
        (answering(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", close=True), Fault.CUT),
        (answering(), Fault.SILENT),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"), Fault.SILENT),
    ],
    ids=[
        "reset",
        "no answer",
        "half a head",
        "half a body",
        "half a chunk",
        "no HTTP",
        "huge head",
        "silent",
        "stuck",
    ],
)
async def test_what_breaks_may_have_been_done(client: ReqwestClient, behaviour: Behaviour, fault: Fault) -> None:
    """A server that got the call and does not answer it in full may have done what it says."""
    async with HostileServer(behaviour).running() as server:
        assert await fault_of(client, server.url) is fault
    assert len(server.heads) == 1
    assert not UpstreamError(fault).is_harmless


async def test_a_server_that_is_not_there_did_nothing(client: ReqwestClient) -> None:
    """Whoever was not reached has done nothing, and may be asked again."""
    async with HostileServer(answering()).running() as server:
        url = server.url
    assert await fault_of(client, url) is Fault.UNREACHED
    assert await fault_of(client, "http://nobody.invalid") is Fault.UNREACHED
    assert await fault_of(client, url.replace("http:", "https:")) is Fault.UNREACHED
    assert UpstreamError(Fault.UNREACHED).is_harmless


async def test_an_endless_body_is_passed_on_bit_by_bit(client: ReqwestClient) -> None:
    """Nobody gathers it, and whoever has enough stops reading."""

    async def pour(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    async with HostileServer(pour).running() as server:
        read = 0
        async with client.send(Outgoing("GET", server.url, ())) as answer:
            async for chunk in answer.chunks():
                read += len(chunk)
                if read > 3_000_000:
                    break
    assert 3_000_000 < read < 6_000_000


async def test_only_so_many_calls_are_under_way(client: ReqwestClient) -> None:
    """One more waits for a moment and is told that there are too many."""
    await client.close()
    let_go = asyncio.Event()
    narrow = ReqwestClient(Limits(connections=1, pool_seconds=0.1, silent_seconds=5.0))
    async with HostileServer(silent(let_go)).running() as server:
        first = asyncio.create_task(fault_of(narrow, server.url))
        await asyncio.wait_for(server.called.wait(), 30)
        assert await fault_of(narrow, server.url) is Fault.CROWDED
        let_go.set()
        assert await first is Fault.CUT
    await narrow.close()
