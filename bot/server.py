"""The HTTP server: uvicorn on a socket that we opened, stopped when we say so."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn

from bot.connections import LimitedConnection, Limits
from desk.errors import KeydeskError

_BACKLOG = 2048


def listen(host: str, port: int, *, setting: str = "KEYDESK") -> socket.socket:
    """A listening socket; port 0 picks a free one. `setting` is how those begin that say where.

    Raises KeydeskError when there can be none.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise KeydeskError(f"There is no address {host} to listen on.", f"Correct {setting}_HOST.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, setting, error) from error
    return listener


def _refusal(host: str, port: int, setting: str, error: OSError) -> KeydeskError:
    if error.errno == errno.EADDRINUSE:
        return KeydeskError(
            f"Port {port} of {host} is taken by another program.", f"Stop that one, or choose another {setting}_PORT."
        )
    if error.errno == errno.EACCES:
        return KeydeskError(f"Port {port} is for root only.", f"Choose a {setting}_PORT above 1023.")
    return KeydeskError(
        f"Keydesk cannot listen on {host}, port {port}: {error.strerror}.", f"Correct {setting}_HOST."
    )


def address_of(listener: socket.socket) -> str:
    """The address of a listening socket, as one types it into a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Leaves signals alone: whoever runs the server decides when it stops, and what stops before and after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an ASGI application on a listening socket, from `start()` to `stop()`."""

    def __init__(
        self, app: Any, listener: socket.socket, *, grace_seconds: float, limits: Limits | None = None
    ) -> None:
        limits = limits or Limits()
        config = uvicorn.Config(
            app,
            # It makes a protocol, as the class that uvicorn names would.
            http=partial(LimitedConnection, limits=limits),  # type: ignore[arg-type]
            timeout_keep_alive=limits.idle_seconds,
            log_config=None,
            access_log=False,
            lifespan="off",
            # Else uvicorn takes an application that is no coroutine function itself for one of ASGI 2.
            interface="asgi3",
            server_header=False,
            proxy_headers=False,
            ws="none",
        )
        self._server = _Server(config)
        self._grace_seconds = grace_seconds
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve; returns when requests are answered."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="http")
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Take no more connections, finish the requests in hand within the grace, and close: whoever has no answer by
        then is told to try again."""
        if self._task is None:
            self._listener.close()
            return
        self._server.should_exit = True
        _, late = await asyncio.wait([self._task], timeout=self._grace_seconds)
        if late:
            self._cut_off()
        await self._task

    def _cut_off(self) -> None:
        state = self._server.server_state
        for connection in list(state.connections):
            assert isinstance(connection, LimitedConnection)
            connection.cut_off()
        for task in state.tasks:
            task.cancel()
        self._server.force_exit = True
