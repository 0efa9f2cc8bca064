"""The network that tests may use."""

import asyncio
import socket

import httpx
import pytest

from tests.network import watch_network


def test_a_connection_that_leaves_the_machine_is_refused_and_noted() -> None:
    """An address of another machine cannot be connected to, and the attempt is remembered."""
    with watch_network() as attempts:
        with socket.socket() as outgoing, pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
            outgoing.connect(("192.0.2.1", 80))
        assert attempts == ["192.0.2.1"]


async def test_asynchronous_clients_are_guarded_too() -> None:
    """A client on the event loop is refused at the look-up of the name."""
    with watch_network() as attempts:
        async with httpx.AsyncClient() as client:
            with pytest.raises((PermissionError, httpx.HTTPError)):
                await client.get("http://slack.invalid/api/auth.test")
        assert attempts == ["slack.invalid"]


async def test_the_machine_itself_can_be_reached() -> None:
    """A server on the loopback address answers."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with watch_network() as attempts:
            reader, writer = await asyncio.open_connection("localhost", port)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
        assert attempts == []
