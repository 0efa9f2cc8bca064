"""A server to be measured, in a process of its own: `python -m bench.measure_server bare|keydesk|gateway …`.

`bare [file]` sends what the file holds; `keydesk <url>` and `gateway <url> <key> <client>` have a database.

Prints its port; then, for every line on standard input, the CPU seconds it has used so far.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.measure_aiohttp_client import AiohttpClient
from bot.server import HttpServer, listen
from desk.clock import SystemClock
from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.app import HttpSettings, create_http_app
from handlers.http.gateway.assembly import UpstreamOptions
from storage.database import Database
from storage.sealing import Seal
from tests.databases import ORGANIZATION

BODY = b'[{"id":"acmepage0001","name":"Acme"}]' * 20


def bare(body: bytes) -> Any:
    """The least that an ASGI application can do: the baseline."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


async def _serve(app: Any) -> None:
    listener = listen("127.0.0.1", 0)
    server = HttpServer(app, listener, grace_seconds=1)
    await server.start()
    print(listener.getsockname()[1], flush=True)
    ended = asyncio.Event()

    def answer() -> None:
        if sys.stdin.readline():
            print(time.process_time(), flush=True)
        else:
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin, answer)
    await ended.wait()
    await server.stop()


async def serve_keydesk(database_url: str, upstreams: UpstreamOptions | None = None) -> None:
    """Serve until standard input closes."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    settings = HttpSettings(upstreams=upstreams or UpstreamOptions())
    app = create_http_app(Desk(database, SystemClock(), Policy()), settings=settings)
    async with app.running():
        await _serve(app)
    database.close()


def main(what: str, of: str = "", key: str = "", client: str = "reqwest") -> None:
    """Serve a bare application or, `of` a database, Keydesk: as a gateway with an encryption key and a client."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if what == "bare":
            runner.run(_serve(bare(Path(of).read_bytes() if of else BODY)))
        elif what == "gateway":
            calling = AiohttpClient() if client == "aiohttp" else None
            runner.run(serve_keydesk(of, UpstreamOptions(seal=Seal([key]), client=calling)))
        else:
            runner.run(serve_keydesk(of))


if __name__ == "__main__":
    main(*sys.argv[1:])
