"""The real bot, served over HTTP from a thread of the test, with its time and its database handed in."""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import aiohttp
import uvicorn
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.program import make_deliverers
from bot.server import address_of, listen
from desk.transaction import Desk
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker, Step
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from handlers.slack.app import PunctualApp, all_renderers, create_bolt_app
from handlers.slack.directory.reading import Acquaintances
from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.client import SlackClient
from handlers.slack.framework.door import answer_slack
from handlers.upstream.access import UpstreamAccess
from handlers.upstream.client import ReqwestClient
from sandbox.server import PromptServer
from storage.models import Channel
from storage.open_questions import OpenQuestions

T = TypeVar("T")

SIGNING_SECRET = "sandbox-signing-secret"
BOT_TOKEN = "xoxb-sandbox"
_STUCK_SECONDS = 30


class RunningBot:
    """A bot that answers the sandbox's signed requests on `url`, until `stop()`. It has no page and no API.

    It may take its time, unless a story sets `app.answer_seconds`: the machine may be crowded.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        slack_api_url: str,
        settings: HttpSettings | None = None,
        questions: OpenQuestions | None = None,
    ) -> None:
        self.desk = desk
        self._questions = questions
        self._settings = settings or HttpSettings()
        self._slack_api_url = slack_api_url
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping: asyncio.Event
        self._afterwards = Afterwards()
        self._failure: BaseException | None = None
        self._steps = 0
        self.app: PunctualApp
        self.client: AsyncWebClient
        self.worker: OutboxWorker
        self._thread = threading.Thread(target=self._run, name="bot")
        self._thread.start()
        assert self._ready.wait(_STUCK_SECONDS), "the bot did not start"
        if self._failure is not None:
            raise self._failure

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the bot's in the bot's own event loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STUCK_SECONDS)

    def begin(self, work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
        """Begin something in the bot's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def deliver(self) -> int:
        """Deliver what is due in the outbox; gives the number of rows dealt with.

        However much is due: it may take as long as it gets on, and fails when no delivery makes a step for a while.
        """
        delivering = asyncio.run_coroutine_threadsafe(self.worker.deliver_due(), self._loop)
        while True:
            steps = self._steps
            with contextlib.suppress(concurrent.futures.TimeoutError):
                return delivering.result(_STUCK_SECONDS)
            assert self._steps > steps, "the delivery is stuck"

    def _deliver_by(self, deliverers: Mapping[Channel, Deliverer]) -> None:
        self.worker = OutboxWorker(self.desk, deliverers, on_step=self._on_step)

    def _on_step(self, _step: Step, _row_id: int) -> None:
        self._steps += 1

    def stop(self) -> None:
        """Stop serving and wait for the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STUCK_SECONDS)
        assert not self._thread.is_alive(), "the bot did not stop"

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as failure:
            self._failure = failure
            self._ready.set()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        async with aiohttp.ClientSession() as session:
            self.client = SlackClient(
                token=BOT_TOKEN, base_url=self._slack_api_url, session=session, retry_handlers=[], timeout=2
            )
            who = (await self.client.auth_test()).data
            assert isinstance(who, dict)
            identity = AuthorizeResult.from_auth_test_response(bot_token=BOT_TOKEN, auth_test_response=who)
            upstreams = ReqwestClient()
            app = create_bolt_app(
                self.desk,
                self.client,
                signing_secret=SIGNING_SECRET,
                identity=identity,
                ensure_known=Acquaintances(),
                afterwards=self._afterwards,
                upstream=UpstreamAccess(upstreams, self._settings.upstreams.seal),
                questions=self._questions,
                answer_seconds=_STUCK_SECONDS,
            )
            self.app = app
            slack = SlackDeliverer(self.client, self.desk.clock, all_renderers())
            self._deliver_by({Channel.SLACK: slack})

            async def handle(request: Request) -> Response:
                return await answer_slack(app, SIGNING_SECRET, app.answer_seconds, request)

            await self._listen(handle)
            await self._afterwards.drain(0)
            await upstreams.close()

    async def _listen(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        await self._serve_web(Starlette(routes=[Route("/slack/events", handle, methods=["POST"])]))

    async def _serve_web(self, web: HttpApp | Starlette) -> None:
        listener = listen("127.0.0.1", 0)
        self._address = address_of(listener)
        self.url = f"{self._address}/slack/events"
        server = PromptServer(
            uvicorn.Config(web, interface="asgi3", log_config=None, lifespan="off", proxy_headers=False)
        )
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0)
        self._ready.set()
        await self._stopping.wait()
        server.leave()
        await serving


class PublishingBot(RunningBot):
    """The whole bot, which also keeps the page and the API at `base_url` up to date."""

    http: HttpApp

    @property
    def base_url(self) -> str:
        """Where readers and API clients call."""
        return self._address

    def flush_uses(self) -> None:
        """Write down the uses of keys noted so far, and tell owners of those of suspended keys."""
        self.call(self.http.flush())

    async def _listen(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        routes = [Route("/slack/events", handle, methods=["POST"])]
        self.http = create_http_app(self.desk, routes=routes, settings=self._settings)
        self._deliver_by(make_deliverers(self.desk, self.client, self.http.upstreams))
        async with self.http.running():
            await self._serve_web(self.http)
