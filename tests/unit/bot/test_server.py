"""The HTTP server: where it listens, and how it stops."""

import asyncio
import logging
import socket
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.connections import STOPPING
from bot.server import HttpServer, address_of, listen
from desk.errors import KeydeskError


def test_port_0_picks_a_free_port() -> None:
    """The address says which one it was."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert address_of(listener) == f"http://127.0.0.1:{port}"


def test_an_address_of_version_6_is_written_in_brackets() -> None:
    """So that it can be typed into a browser."""
    with listen("::1", 0) as listener:
        assert address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_taken_port_is_refused() -> None:
    """The sentence names the port, the hint the setting."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KeydeskError) as caught:
            listen("127.0.0.1", port)
    assert caught.value.sentence == f"Port {port} of 127.0.0.1 is taken by another program."
    assert "KEYDESK_PORT" in caught.value.hint


def test_an_address_of_another_machine_is_refused() -> None:
    """One can only listen where one is."""
    with pytest.raises(KeydeskError, match=r"cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)


class Slow:
    """Answers when its gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.cut_off = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        self.begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cut_off.set()
            raise
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


async def test_requests_in_hand_are_finished_when_it_stops() -> None:
    """Who was being answered gets the answer; who comes later finds nobody."""
    app = Slow()
    listener = listen("127.0.0.1", 0)
    url = address_of(listener)
    server = HttpServer(app, listener, grace_seconds=10)
    await server.start()
    async with httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.get(url))
        await app.begun.wait()
        stopped = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        assert not stopped.done()
        app.gate.set()
        assert (await asked).text == "done"
        await stopped
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


async def test_whoever_has_no_answer_at_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A call that takes longer than a stop is answered in words, and is a plain line in the log."""
    app = Slow()
    listener = listen("127.0.0.1", 0)
    server = HttpServer(app, listener, grace_seconds=0.4)
    await server.start()
    async with httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.post(address_of(listener)))
        await app.begun.wait()
        with capture_logs() as logs:
            await server.stop()
        answer = await asked
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json() == {"error": STOPPING, "message": STOPPING}
    assert app.cut_off.is_set()
    assert [(line["event"], line["method"]) for line in logs] == [("call_cut_off", "POST")]
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]


async def test_a_server_that_was_never_started_stops_too() -> None:
    """Its socket is closed."""
    listener = listen("127.0.0.1", 0)
    await HttpServer(Slow(), listener, grace_seconds=1).stop()
    assert listener.fileno() == -1
