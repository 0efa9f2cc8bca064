"""A proxy on loopback, as companies have them between their machines and Slack: it forwards and tunnels."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Proxy:
    """What passed through. With `wanted`, an Authorization header, it refuses everybody else."""

    wanted: str = ""
    asked: list[str] = field(default_factory=list)
    """The first line of each connection, as `GET http://…` or `CONNECT host:port`."""
    port: int = 0
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
            if self.wanted and f"proxy-authorization: {self.wanted}".lower() not in head.decode().lower():
                writer.write(_REFUSED)
            elif method == "CONNECT":
                host, _, port = target.rpartition(":")
                await self._join(reader, writer, host, int(port), b"")
            else:
                where = urlsplit(target)
                rest = head.replace(target.encode(), where._replace(scheme="", netloc="").geturl().encode(), 1)
                await self._join(reader, writer, where.hostname or "", where.port or 80, rest)
        writer.close()

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
        for writer in [writer for ends in proxy.connections.values() for writer in ends]:
            writer.close()
        if proxy.connections:
            await asyncio.wait(proxy.connections)
