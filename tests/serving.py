"""The HTTP side on a real socket, served as in production."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.server import HttpServer, address_of, listen
from desk.transaction import Desk
from handlers.http.app import HttpApp, create_http_app


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    app: HttpApp
    host: str
    port: int
    url: str


@asynccontextmanager
async def serving(desk: Desk, **options: Any) -> AsyncIterator[Served]:
    """Serve on a free port of this machine within the block. `options` are those of `create_http_app`."""
    app = create_http_app(desk, **options)
    listener = listen("127.0.0.1", 0)
    host, port = listener.getsockname()[:2]
    url = address_of(listener)
    server = HttpServer(app, listener, grace_seconds=5)
    async with app.running():
        await server.start()
        try:
            yield Served(app, host, port, url)
        finally:
            await server.stop()
