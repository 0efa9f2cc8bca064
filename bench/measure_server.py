"""A server to be measured, in a process of its own: `python -m bench.measure_server bare|idle|keydesk|slack|gateway`.

`bare [file] [head]` sends what the files hold, `idle` has a Bolt app with one button that does nothing; `keydesk
<url>`, `slack <url>` and `gateway <url> <key> <client>` have a database.

Prints its port; then, for every line on standard input, the CPU seconds it has used so far.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.measure_aiohttp_client import AiohttpClient
from bot.server import HttpServer, listen
from bot.slack_link import EVENTS_PATH
from desk.clock import SystemClock
from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.app import HttpSettings, create_http_app
from handlers.http.gateway.assembly import UpstreamOptions
from handlers.slack.app import ANSWER_SECONDS, create_bolt_app
from handlers.slack.directory.reading import Acquaintances
from handlers.slack.framework.door import answer_slack
from storage.database import Database
from storage.sealing import Seal
from tests.databases import ORGANIZATION
from tests.policies import policy_of

SECRET = "bench"  # noqa: S105 - nobody else's
IDENTITY = AuthorizeResult(enterprise_id=None, team_id="T0BENCH0001", bot_token="xoxb-bench")  # noqa: S106 - nobody's
_CLIENT = AsyncWebClient(token="xoxb-bench", base_url="http://127.0.0.1:9/")  # noqa: S106 - nobody is called
BODY = b'[{"id":"acmepage0001","name":"Acme"}]' * 20


def bare(body: bytes, head: bytes = b"") -> Any:
    """The least that an ASGI application can do: the baseline. `head` is a status and headers, a line each."""
    status, *lines = (head or b"200\ncontent-type: application/json\ncontent-length: %d" % len(body)).split(b"\n")
    number, headers = int(status), [tuple(line.split(b": ", 1)) for line in lines]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": number, "headers": headers})
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


def idle_app() -> Any:
    """A Bolt app with one button, which does nothing, behind the adapter that Bolt has for it."""

    async def authorize() -> AuthorizeResult:
        return IDENTITY

    app = AsyncApp(client=_CLIENT, signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @app.action("idle")
    async def listener(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    return Starlette(routes=[Route(EVENTS_PATH, AsyncSlackRequestHandler(app).handle, methods=["POST"])])


async def serve_slack(database_url: str) -> None:
    """Serve Keydesk's whole app for Slack until standard input closes."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    desk = Desk(database, SystemClock(), policy_of(owners_channel="C0OWNERS01"))
    bolt = create_bolt_app(desk, _CLIENT, signing_secret=SECRET, identity=IDENTITY, ensure_known=Acquaintances())

    async def answer(request: Request) -> Response:
        return await answer_slack(bolt, SECRET, ANSWER_SECONDS, request)

    app = create_http_app(desk, routes=[Route(EVENTS_PATH, answer, methods=["POST"])])
    async with app.running():
        await _serve(app)
    database.close()


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
            runner.run(_serve(bare(*(Path(file).read_bytes() for file in (of, key) if file) if of else (BODY,))))
        elif what == "idle":
            runner.run(_serve(idle_app()))
        elif what == "slack":
            runner.run(serve_slack(of))
        elif what == "gateway":
            calling = AiohttpClient() if client == "aiohttp" else None
            runner.run(serve_keydesk(of, UpstreamOptions(seal=Seal([key]), client=calling)))
        else:
            runner.run(serve_keydesk(of))


if __name__ == "__main__":
    main(*sys.argv[1:])
