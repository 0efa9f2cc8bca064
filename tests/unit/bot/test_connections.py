"""What connections may take of the server, tried on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.connections import Limits
from bot.server import HttpServer, listen

SHORT = Limits(head_seconds=0.2, body_seconds=0.2, idle_seconds=1, head_bytes=2_000, headers=10, body_bytes=100)
WAIT_SECONDS = 5


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body; not at all when that does not come whole."""
    length = 0
    while (message := await receive())["type"] == "http.request":
        length += len(message["body"])
        if not message["more_body"]:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"%d bytes" % length})
            return


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(limits: Limits = SHORT) -> AsyncIterator[Connection]:
    """A connection to a server with these limits."""
    listener = listen("127.0.0.1", 0)
    host, port = listener.getsockname()[:2]
    server = HttpServer(echo, listener, grace_seconds=1, limits=limits)
    await server.start()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await server.stop()


async def said(connection: Connection, *parts: bytes) -> bytes:
    """Everything that the server says until it closes the connection, after these parts."""
    reader, writer = connection
    async with asyncio.timeout(WAIT_SECONDS):
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
        try:
            return await reader.read()
        except ConnectionError:
            return b""


HALVES = {
    "nothing": b"",
    "half a request line": b"GET / HT",
    "half a header": b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "no end of headers": b"GET / HTTP/1.1\r\nHost: a\r\n",
    "no body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no last chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "a second request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
async def test_a_connection_without_a_whole_request_is_closed(half: bytes) -> None:
    """In time, whatever is missing; who had begun to ask is told why."""
    async with connected() as connection:
        answer = await said(connection, half)
    assert (b"408 Request Timeout" in answer) == bool(half)


async def test_a_byte_now_and_then_does_not_help() -> None:
    """The time is that of the whole, not of the next byte: of headers as of the body."""
    for begin in (b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n"):
        async with connected() as (reader, writer):
            writer.write(begin)

            async def drip(writer: asyncio.StreamWriter = writer) -> None:
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.02)

            task = asyncio.create_task(drip())
            assert b"408" in await said((reader, writer))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_an_idle_connection_is_closed() -> None:
    """After its request was answered, in silence."""
    async with connected() as connection:
        answer = await said(connection, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"200 OK" in answer


TOO_MUCH = {
    "a long path": (431, b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 3000)),
    "a long header": (431, b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * 3000)),
    "a header without an end": (431, b"GET / HTTP/1.1\r\nX: %s" % (b"a" * 3000)),
    "many headers": (431, b"GET / HTTP/1.1\r\n%s\r\n" % (b"A: b\r\n" * 11)),
    "a long body": (413, b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n"),
    "a long body that is sent to its end": (
        413,
        b"POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n%s" % (b"a" * 3_000_000),
    ),
    "a long body in chunks": (
        413,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n%s\r\n" % (b"a" * 101),
    ),
    "a long header and no HTTP": (431, b"GET / HTTP/1.1\r\nX: %s\r\n\r\n\0\0\0 /" % (b"a" * 3000)),
    "two at once": (431, b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * 3000) * 2),
    "a body, and no HTTP": (413, b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n%s" % (b"\0" * 300)),
    "a chunk, and none": (413, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n%s\r\nzz" % (b"a" * 101)),
}


_CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


async def test_what_comes_behind_a_body_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who has passed every check could still say something else of the request."""
    seen: list[Any] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        seen.extend(scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setitem(globals(), "echo", look)
    async with connected() as connection:
        answer = await said(connection, _CHUNKED + b"1\r\na\r\n0\r\nAuthorization: b\r\nX-Forwarded-For: c\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [name for name, _ in seen] == [b"host", b"transfer-encoding", b"connection"]


@pytest.mark.parametrize("endless", [b"1;" + b"a" * 4000, b"0\r\nX: " + b"a" * 4000, b"0\r\n" + b"X: a\r\n" * 700])
async def test_what_stands_beside_a_body_is_counted_too(endless: bytes) -> None:
    """Extensions of chunks and trailers, which nobody reads."""
    async with connected(Limits(head_bytes=2_000, headers=10, body_bytes=100)) as connection:
        assert (await said(connection, _CHUNKED, endless)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(("status", "request_bytes"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_too_much_is_refused_at_once(
    status: int, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Without waiting for the rest, whatever is asked for, and once, also where more than one thing is too much."""
    async with connected(Limits(head_bytes=2_000, headers=10, body_bytes=100)) as connection:
        answer = await said(connection, request_bytes)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("more", [0, 1])
async def test_headers_may_be_as_long_as_said(more: int) -> None:
    """Of the request line's path and the headers not a byte more: what is refused is what is said."""
    filled = 2_000 - len("/") - len("Hosta") - len("X") - 2 * len(": \r\n")
    request = b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * (filled + more))
    limits = Limits(head_bytes=2_000, headers=2, idle_seconds=1)
    async with connected(limits) as connection:
        assert (await said(connection, request)).startswith(b"HTTP/1.1 %d " % (431 if more else 200))


NO_HTTP = {
    "nonsense": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path of no letters": b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length below nothing": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length beyond counting": b"POST / HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"9" * 40),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_request_is_refused(request_bytes: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """As the sender's mistake, without a traceback, and the connection ends."""
    async with connected() as connection:
        assert (await said(connection, request_bytes)).startswith(b"HTTP/1.1 4")
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


async def test_whole_requests_are_answered_one_after_another() -> None:
    """Several on one connection, also sent at once, with and without a body."""
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with connected() as connection:
        answer = await said(connection, post + get, post, last)
    assert [part.split(b"\r\n\r\n")[1].count(b"bytes") for part in answer.split(b"HTTP/1.1 200 OK")[1:]] == [1] * 4
    assert answer.count(b"3 bytes") == 2
