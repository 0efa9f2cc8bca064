"""Clients as they are: what they really send, byte by byte, to the server as it runs in production."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from desk.secret import Secret
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction, keys_changed
from handlers.http.v1.app import MAX_QUERY
from storage.models import KeyUse
from tests.factories import add_key
from tests.serving import Served, serving

OPERATOR = Actor.operator("test")


@dataclass(frozen=True, slots=True)
class Wire:
    """A server and a key that reads everything."""

    served: Served
    desk: Desk
    key_id: str
    secret: str

    async def send(self, raw: str) -> tuple[int, dict[str, str], bytes]:
        """Send bytes as they are and read one response: status, headers and body."""
        reader, writer = await asyncio.open_connection(self.served.host, self.served.port)
        try:
            writer.write(raw.replace("\n", "\r\n").encode("latin-1"))
            return await read_response(reader)
        finally:
            writer.close()
            await writer.wait_closed()


async def read_response(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one response by its content length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body


@pytest.fixture
async def wire(desk: Desk) -> AsyncIterator[Wire]:
    """The demo's page, served."""
    secret = Secret.generate()

    def prepare(tx: Transaction) -> str:
        plant_seed(tx, read_acme())
        key = add_key(tx.session, tx.now, sha256=secret.sha256)
        keys_changed(tx, key.id)
        return key.id

    key_id = desk.write_now(OPERATOR, prepare)
    async with serving(desk) as served:
        yield Wire(served, desk, key_id, secret.reveal())


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /v1/pages HTTP/1.1\nHost: x\nAuthorization: OAuth {secret}\n\n",
        "GET /v1/pages.json HTTP/1.1\nHost: x\nauthorization: oauth {secret}\n\n",
        "GET /v1/pages HTTP/1.1\nHost: x\nAuthorization: {secret}\n\n",
        "GET /v1/pages HTTP/1.0\nAuthorization: OAuth {secret}\n\n",
        "GET /v1/pages HTTP/1.1\nHost: x\nAuthorization: OAuth {secret}\n"
        "Content-Type: application/x-www-form-urlencoded\n\n",
        "GET /v1/pages HTTP/1.1\nHost: x\nAuthorization: OAuth {secret}\nContent-Type: application/json\n"
        "Content-Length: 2\n\n{{}}",
        "GET /v1/pages?page=1&limit=100 HTTP/1.1\nHost: x\nAuthorization: OAuth {secret}\nUser-Agent: \n\n",
    ],
    ids=["plain", "small", "bare", "http10", "form", "body", "query"],
)
async def test_requests_as_clients_send_them(wire: Wire, request_text: str) -> None:
    """Small scheme words, bare keys, HTTP/1.0, form types on GET, bodies on GET: all get the list of pages."""
    status, headers, body = await wire.send(request_text.format(secret=wire.secret))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert [page["id"] for page in json.loads(body)] == ["acmepage0001", "acmepage0002"]


async def test_a_connection_is_used_again_and_again(wire: Wire) -> None:
    """Ten requests in one go over one connection, one of them without a key, get ten answers in order."""
    good = f"GET /v1/pages HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth {wire.secret}\r\n\r\n".encode()
    bad = b"GET /v1/pages HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await asyncio.open_connection(wire.served.host, wire.served.port)
    writer.write(good * 5 + bad + good * 4)
    statuses = [(await read_response(reader))[0] for _ in range(10)]
    writer.close()
    await writer.wait_closed()
    assert statuses == [200] * 5 + [401] + [200] * 4


async def test_head_over_the_wire(wire: Wire) -> None:
    """HEAD gives the length of the body and not the body: the next answer follows at once."""
    head = f"HEAD /v1/pages HTTP/1.1\r\nHost: x\r\nAuthorization: {wire.secret}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection(wire.served.host, wire.served.port)
    writer.write(head + b"OPTIONS /v1/pages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    first, second = answer.split("\r\n\r\n")[:2]
    assert first.startswith("HTTP/1.1 200")
    assert "content-length: " in first
    assert second.startswith("HTTP/1.1 204")
    assert "[{" not in answer


async def test_a_post_to_a_reading_path_is_405_with_json(wire: Wire) -> None:
    """A body nobody asked for is no reason to hang."""
    status, headers, body = await wire.send(
        f"POST /v1/pages HTTP/1.1\nHost: x\nAuthorization: {wire.secret}\nContent-Length: 19\n\npage[name]=whatever"
    )
    assert status == 405, body
    assert headers["allow"] == "get, head, options"
    assert set(json.loads(body)) == {"error", "message"}


async def test_many_callers_at_once_are_all_counted(wire: Wire) -> None:
    """Forty connections with twenty-five calls each make exactly a thousand reads."""

    async def call_often() -> int:
        request = f"GET /v1/pages HTTP/1.1\r\nHost: x\r\nAuthorization: {wire.secret}\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection(wire.served.host, wire.served.port)
        good = 0
        for _ in range(25):
            writer.write(request)
            good += (await read_response(reader))[0] == 200
        writer.close()
        await writer.wait_closed()
        return good

    assert sum(await asyncio.gather(*(call_often() for _ in range(40)))) == 1000
    await wire.served.app.flush()
    with wire.desk.database.read() as session:
        assert session.get_one(KeyUse, wire.key_id).reads == 1000


async def test_a_key_in_the_address_reaches_no_log(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the server logs of a refused call, at the finest level, the key is not in it."""
    with caplog.at_level(logging.DEBUG):
        status, _, body = await wire.send(f"GET /v1/pages?api_key={wire.secret} HTTP/1.1\nHost: x\n\n")
    assert status == 401
    assert wire.secret not in caplog.text
    assert wire.secret.encode() not in body


async def test_an_endless_query_is_not_taken_apart(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody holds up others with a query of thousands of parts: it is refused unread, and its key is in no log."""
    caplog.set_level(logging.DEBUG)
    long = f"GET /v1/pages?{'a&' * 10_000}api_key={wire.secret} HTTP/1.1\nHost: x\n\n"
    status, _, body = await wire.send(long)
    assert (status, set(json.loads(body))) == (414, {"error", "message"})
    assert wire.secret not in caplog.text
    longest = "a" * MAX_QUERY
    status, _, _ = await wire.send(f"GET /v1/pages?{longest} HTTP/1.1\nHost: x\nAuthorization: {wire.secret}\n\n")
    assert status == 200


@pytest.mark.parametrize("header", ["Authorization: OAuth {secret}", "authorization: oauth {secret}"])
async def test_curl_as_the_modal_prints_it(wire: Wire, header: str) -> None:
    """Where curl is installed, the line that people copy works; where it is not, its bytes do."""
    curl = shutil.which("curl")
    if curl is None:
        status, _, body = await wire.send(
            "GET /v1/pages HTTP/1.1\nHost: x\nUser-Agent: curl/8.9.1\nAccept: */*\n"
            + header.format(secret=wire.secret)
            + "\n\n"
        )
        assert status == 200
    else:
        process = await asyncio.create_subprocess_exec(
            curl,
            "-sS",
            "--fail",
            "-H",
            header.format(secret=wire.secret),
            f"{wire.served.url}/v1/pages",
            stdout=asyncio.subprocess.PIPE,
        )
        body, _ = await process.communicate()
        assert process.returncode == 0
    assert json.loads(body)[0]["name"] == "Acme"
