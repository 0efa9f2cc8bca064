"""A proxy on loopback, as companies have them between their machines and Slack: it forwards and tunnels."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

_REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BLOCKED = b"<html><body><h1>This address is blocked by your company.</h1></body></html>"
_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"


class Outage(StrEnum):
    """How a proxy does not do its work."""

    LOST = "cuts connections"
    SILENT = "answers nothing"
    BLOCKS = "answers with a page of its own"


@dataclass(slots=True)
class Proxy:
    """What passed through. With `wanted`, an Authorization header, it refuses everybody else."""

    wanted: str = ""
    asked: list[str] = field(default_factory=list)
    """The first line of each connection, as `GET http://…` or `CONNECT host:port`."""
    port: int = 0
    outage: Outage | None = None
    """What goes wrong for whoever connects from now on."""
    connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to one host, until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self.connections[task] = [writer]
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ", 2)
            self.asked.append(f"{method} {target}")
            if self.outage is not None:
                await self._fail(reader, writer, self.outage)
            elif self.wanted and f"proxy-authorization: {self.wanted}".lower() not in head.decode().lower():
                writer.write(_REFUSED)
            elif method == "CONNECT":
                host, _, port = target.rpartition(":")
                await self._join(reader, writer, host, int(port), b"")
            else:
                where = urlsplit(target)
                rest = head.replace(target.encode(), where._replace(scheme="", netloc="").geturl().encode(), 1)
                await self._join(reader, writer, where.hostname or "", where.port or 80, rest)
        writer.close()
        del self.connections[task]

    def cut(self) -> None:
        """End every connection. Only within the loop that serves."""
        for writer in [writer for ends in self.connections.values() for writer in ends]:
            writer.close()

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outage: Outage) -> None:
        match outage:
            case Outage.SILENT:
                await reader.read()
            case Outage.BLOCKS:
                writer.write(_PAGE % (len(_BLOCKED), _BLOCKED))
            case Outage.LOST:
                pass

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, head: bytes
    ) -> None:
        there, back = await asyncio.open_connection(host, port)
        self.connections[next(task for task, ends in self.connections.items() if writer in ends)].append(back)
        if head:
            back.write(head)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(wanted: str = "") -> AsyncIterator[Proxy]:
    """A proxy that listens within the block."""
    proxy = Proxy(wanted)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        if proxy.connections:
            await asyncio.wait(proxy.connections)


class ThreadedProxy:
    """A proxy with a loop and a thread of its own, for tests that have none. Its methods are for any thread."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._proxy.port}"

    def break_down(self, outage: Outage) -> None:
        """End every connection, and serve new ones like this."""
        self._set(outage)

    def recover(self) -> None:
        """Serve again, new connections alone."""
        if self._proxy.outage is not None:
            self._set(None)

    def _set(self, outage: Outage | None) -> None:
        async def work() -> None:
            self._proxy.outage = outage
            self._proxy.cut()

        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)


@contextmanager
def proxying_in_a_thread() -> Iterator[ThreadedProxy]:
    """A proxy that listens within the block."""
    loop, end = asyncio.new_event_loop(), asyncio.Event()
    started: list[Proxy] = []
    is_up = threading.Event()

    async def serve() -> None:
        async with proxying() as proxy:
            started.append(proxy)
            is_up.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    is_up.wait(10)
    try:
        yield ThreadedProxy(started[0], loop)
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()
