"""The network that tests may use."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import httpx
import pytest

from tests.network import watch_network

ELSEWHERE = ("192.0.2.1", 80)


def connect_by_tls(outgoing: socket.socket) -> None:
    """As clients of `https` do."""
    with ssl.create_default_context().wrap_socket(outgoing, server_hostname="slack.invalid") as inner:
        inner.connect(ELSEWHERE)


@pytest.mark.parametrize(
    "leave",
    [
        lambda outgoing: outgoing.connect(ELSEWHERE),
        lambda outgoing: outgoing.connect_ex(ELSEWHERE),
        lambda outgoing: outgoing.sendto(b"hello", ELSEWHERE),
        lambda outgoing: outgoing.sendto(b"hello", 0, ELSEWHERE),
        lambda _outgoing: socket.create_connection(ELSEWHERE, timeout=1),
        connect_by_tls,
    ],
)
def test_what_leaves_the_machine_is_refused_and_noted(leave: Callable[[socket.socket], object]) -> None:
    """An address of another machine cannot be reached in any way, and the attempt is remembered."""
    with watch_network() as attempts:
        with socket.socket() as outgoing, pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
            leave(outgoing)
        assert attempts == ["192.0.2.1"]


@pytest.mark.parametrize(
    "ask",
    [lambda: socket.getaddrinfo("slack.invalid", 80), lambda: socket.create_connection(("slack.invalid", 80))],
)
def test_names_are_asked_of_nobody(ask: Callable[[], object]) -> None:
    """A name that is not this machine's is not looked up, whoever asks."""
    with watch_network() as attempts:
        with pytest.raises(PermissionError, match=r"slack\.invalid"):
            ask()
        assert attempts == ["slack.invalid"]


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
