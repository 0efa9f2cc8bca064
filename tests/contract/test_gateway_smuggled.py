"""Callers who mean harm, at the gateway's socket: what two programs could read in two ways does not go on."""

import asyncio
import json
import re
import resource
from collections.abc import Sequence

import pytest

from desk.transaction import Desk
from tests.contract.gateway_stage import EVERYTHING, mint
from tests.contract.hostile_stage import PAGE, Attacked, attacked
from tests.hostile_server import length_of

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BODY = b'{"incident":{"name":"one"}}'
HIDDEN = f"DELETE /v1/pages/{PAGE}/components/aaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\n".encode()


_NO_MORE_SECONDS = 0.05
"""After an answer, in which what stands behind the request would be answered."""


class Upstream:
    """Takes whatever comes, and keeps it whole: each request's first line, and its body."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, bytes]] = []
        self.headers: list[bytes] = []

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken.append((head.partition(b"\r\n")[0], await reader.readexactly(length_of(head))))
        self.headers.append(head.lower())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


def post(secret: str, *headers: bytes, body: bytes = BODY, kind: bytes = b"application/json") -> bytes:
    """A POST of an incident with these headers, as it goes over the wire."""
    first = f"POST /v1/pages/{PAGE}/incidents HTTP/1.1".encode()
    usual = (b"Host: x", b"Authorization: OAuth " + secret.encode(), b"Content-Type: " + kind)
    return b"\r\n".join([first, *usual, *headers, b"", b""]) + body


def statuses(heard: bytes) -> list[int]:
    """Of the answers that came."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


async def say(stage: Attacked, raw: bytes) -> list[int]:
    """Send it, and hear what is answered until the connection ends or nothing more comes."""
    reader, writer = await asyncio.open_connection(stage.served.host, stage.served.port)
    writer.write(raw)
    heard, patience = b"", 10.0
    try:
        while part := await asyncio.wait_for(reader.read(65536), patience):
            heard, patience = heard + part, _NO_MORE_SECONDS
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.transport.abort()
    return statuses(heard)


def chunked(*parts: bytes, size: bytes = b"%x", end: bytes = b"\r\n", last: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks, written so."""
    return b"".join(size % len(part) + end + part + end for part in parts) + last


TWO_ENDS: Sequence[tuple[Sequence[bytes], bytes]] = (
    ((b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked"), chunked(BODY)),
    ((b"Transfer-Encoding: chunked", b"Content-Length: 4"), chunked(BODY)),
    ((b"Content-Length: %d" % len(BODY), b"Content-Length: 0"), BODY),
    ((b"Content-Length: 0", b"Content-Length: %d" % len(BODY)), BODY),
    ((b"Content-Length: %d, 0" % len(BODY),), BODY),
    ((b"Content-Length: +%d" % len(BODY),), BODY),
    ((b"Content-Length: 0x1b",), BODY),
    ((b"Content-Length: -1",), BODY),
    ((b"Content-Length: 1 2",), BODY),
    ((b"Content-Length: 99999999999999999999999",), BODY),
    ((b"Content-Length : %d" % len(BODY),), BODY),
    ((b"Transfer-Encoding: xchunked",), chunked(BODY)),
    ((b"Transfer-Encoding: chunked, identity",), chunked(BODY)),
    ((b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", b"Content-Length: 3"), chunked(BODY)),
    ((b"Transfer-Encoding : chunked",), chunked(BODY)),
    ((b"Transfer-Encoding:\x0bchunked",), chunked(BODY)),
    ((b"Transfer-Encoding:\r\n chunked", b"Content-Length: 3"), chunked(BODY)),
    ((b"X: a\r\n\tContent-Length: 3",), b""),
    ((b"X: a\x00b", b"Content-Length: %d" % len(BODY)), BODY),
    ((b"X: a\rContent-Length: 3", b"Content-Length: %d" % len(BODY)), BODY),
    ((b"X: a\nTransfer-Encoding: chunked", b"Content-Length: %d" % len(BODY)), BODY),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, size=b"0x%x")),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, size=b"%x ;")),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, size=b"%xffffffffffffffff")),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, size=b"-%x")),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, end=b"\n")),
    ((b"Transfer-Encoding: chunked",), chunked(BODY, last=b"0\n\n")),
    ((b"Transfer-Encoding: chunked",), b"1b;a\nb\r\n" + BODY + b"\r\n0\r\n\r\n"),
    ((b"Transfer-Encoding: chunked",), b"1b\r\n" + BODY + b"XX0\r\n\r\n"),
)
"""Headers and bodies of which two programs may think differently where the body ends."""


async def test_a_request_whose_end_is_in_doubt_hides_no_other(desk: Desk) -> None:
    """It is refused, and the connection with it."""
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there) as stage:
        for headers, body in TWO_ENDS:
            codes = await say(stage, post(secret, *headers, body=body) + HIDDEN + b"\r\n")
            assert codes == [400], (headers, body)
        assert there.taken == []


async def test_what_is_plain_goes_on(desk: Desk) -> None:
    """Bodies in chunks, also with extensions and trailers, of which nothing is passed on; and two calls on one
    connection are two."""
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there) as stage:
        for number, body in enumerate(
            (
                chunked(BODY[:5], BODY[5:]),
                chunked(BODY, size=b'%x;a="b"'),
                chunked(BODY, last=b"0\r\nAuthorization: evil\r\n\r\n"),
            )
        ):
            headers = (b"Transfer-Encoding: chunked", b"Idempotency-Key: c%d" % number)
            assert await say(stage, post(secret, *headers, body=body)) == [200], body
        whole = post(secret, b"Content-Length: %d" % len(BODY), b"Idempotency-Key: 1")
        assert await say(stage, whole + whole.replace(b"one", b"two").replace(b"Key: 1", b"Key: 2")) == [200, 200]
    posted = [whole for first, whole in there.taken if first.startswith(b"POST")]
    assert [json.loads(whole)["incident"]["name"] for whole in posted] == ["one", "one", "one", "one", "two"]
    assert not any(b"evil" in head or b"trailer" in head for head in there.headers)


PATHS: Sequence[bytes] = (
    *(b"/v1/pages/%s/../other/components", b"/v1/pages/%s/./components", b"/v1//pages/%s/components"),
    *(b"/v1/pages/%s/%%2e%%2e/other/components", b"/v1/pages/%s/.%%2e/components", b"/v1/pages/%s%%2fcomponents"),
    *(b"/v1/pages/%s/components%%2F..", b"/v1/pages/%s/components%%5c..", b"/v1/pages/%s\\components"),
    *(b"/v1/pages/%s;a=b/components", b"/v1/pages/%s/components;.json", b"/v1/pages/%s/components%%3b"),
    *(b"/v1/pages/%s/components%%00", b"/v1/pages/%s/components%%0d%%0aX:a", b"/v1/pages/%s/components%%252e"),
    *(b"/v1/pages/%s/c\xc3\xb6mponents", b"/v1/pages/%s/c%%C3%%B6mponents", b"/v1/pages/%s/components%%c0%%ae"),
    *(b"/v1/pages/%s/components/%%", b"/v1/pages/%s/components/%%zz", b"/v1/pages/%s/components@x", b"//v1/pages/%s"),
)


async def test_no_path_has_two_meanings(desk: Desk) -> None:
    """Each is refused before anybody looks at the key: with a good one, a bad one and none the answer is the same."""
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there) as stage:
        for path in PATHS:
            found = set()
            for key in (secret.encode(), b"kd_bad", b""):
                lines = (b"Host: x", b"Authorization: OAuth " + key if key else b"X: a", b"Connection: close")
                target = path % PAGE.encode()
                found |= {*await say(stage, b"\r\n".join([b"GET " + target + b" HTTP/1.1", *lines, b"", b""]))}
            assert len(found) == 1 and found <= {400, 404}, (path, found)
        assert there.taken == []


async def test_whole_addresses_mean_their_paths(desk: Desk) -> None:
    """Whatever host a request names, in its line or beside it, it goes to our upstream; and a wish for another method
    means nothing, wherever it stands."""
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there) as stage:
        for target in (
            f"http://evil.example/v1/pages/{PAGE}/components",
            f"/v1/pages/{PAGE}/components?_method=DELETE",
        ):
            lines = (f"GET {target} HTTP/1.1", "Host: evil.example", "X-Forwarded-Host: evil.example")
            more = (f"Authorization: OAuth {secret}", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE")
            codes = await say(stage, "\r\n".join([*lines, *more, "Connection: close", "", ""]).encode())
            assert codes in ([200], [400], [404]), codes
        for kind, body in (
            (b"application/json", b'{"_method":"delete","incident":{"name":"x"}}'),
            (b"application/x-www-form-urlencoded", b"_method=delete&incident[name]=y"),
        ):
            headers = (b"Content-Length: %d" % len(body), b"X-HTTP-Method-Override: DELETE")
            assert await say(stage, post(secret, *headers, body=body, kind=kind)) == [200]
    assert {first.split()[0] for first, _ in there.taken} == {b"GET", b"POST"}
    assert not any(b"evil" in head or b"override" in head or b"urlencoded" in head for head in there.headers)


async def test_a_body_that_drips_is_given_up(desk: Desk) -> None:
    """However steadily a byte comes now and then: the time is that of the whole."""
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there, body_seconds=0.2) as stage:
        reader, writer = await asyncio.open_connection(stage.served.host, stage.served.port)
        writer.write(post(secret, b"Content-Length: 1000", body=b"{"))
        answer = asyncio.create_task(reader.readuntil(b"\r\n"))
        while not answer.done():
            writer.write(b" ")
            await asyncio.wait([answer], timeout=0.02)
        assert b" 408 " in answer.result()
        writer.close()
        assert there.taken == []


async def test_a_thousand_idle_connections_stop_nobody(desk: Desk) -> None:
    """Some silent, some in the middle of their headers: who calls meanwhile is answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Both ends are ours.
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    secret, there = mint(desk, EVERYTHING), Upstream()
    async with attacked(desk, there) as stage:
        idle = []
        for number in range(1000):
            _, writer = await asyncio.open_connection(stage.served.host, stage.served.port)
            if number % 2:
                writer.write(b"GET /v1/pages HTTP/1.1\r\nAuthoriz")
            idle.append(writer)
        try:
            for _ in range(3):
                assert (await stage.call(secret, "GET", "/components")).status_code == 200
        finally:
            for writer in idle:
                writer.transport.abort()
