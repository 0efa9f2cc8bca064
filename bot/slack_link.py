"""The way to and from Slack: who the bot is there, and how requests come in, over a socket or over HTTP."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.settings import Settings
from bot.slack_proxy import find_slack_proxy
from bot.socket_mode import DrainingHandler, SocketMode
from desk.errors import KeydeskError
from handlers.delivery.deliverer import Trouble
from handlers.slack.app import ANSWER_SECONDS
from handlers.slack.framework.client import SlackClient
from handlers.slack.framework.door import answer_slack
from handlers.slack.framework.error_codes import code_of, trouble_of

EVENTS_PATH = "/slack/events"
_CALL_SECONDS = 10
_LONGEST_WAIT = 30.0

_log = structlog.get_logger(__name__)


class SlackRefusedError(KeydeskError):
    """Slack knows the token and will not have it."""


def make_session(traces: Sequence[aiohttp.TraceConfig] = ()) -> aiohttp.ClientSession:
    """One session for all calls to Slack: opening one for each call would cost a TLS handshake each time."""
    # The client applies its own time limit only to sessions that it makes itself.
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS), trace_configs=[*traces])


def make_client(settings: Settings, session: aiohttp.ClientSession) -> SlackClient:
    """Slack's client, for the bot."""
    assert settings.slack_bot_token is not None
    client = SlackClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=f"{settings.slack_api_url}/",
        session=session,
        timeout=_CALL_SECONDS,
        retry_handlers=[],
        logger=logging.getLogger("slack_sdk"),
    )
    # Given as None, the client would look for one itself.
    client.proxy = find_slack_proxy(settings)
    return client


class SlackLink:
    """Connects to Slack and stays connected. `make_app` builds the Bolt app once it is known who the bot is;
    `seconds_now` is the time by which requests over HTTP are fresh."""

    def __init__(
        self,
        settings: Settings,
        client: AsyncWebClient,
        make_app: Callable[[AuthorizeResult], AsyncApp],
        *,
        seconds_now: Callable[[], float] = time.time,
    ) -> None:
        self._seconds_now = seconds_now
        self._app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else None
        self._bot_token = client.token
        secret = settings.slack_signing_secret
        self._signing_secret = secret.get_secret_value() if secret else ""
        self._client = client
        self._make_app = make_app
        self._socket: SocketMode | None = None
        self._stopping = asyncio.Event()
        self.known = asyncio.Event()
        """Set once Slack has said who the bot is."""
        self._http: AsyncApp | None = None

    async def run(self) -> None:
        """Connect, trying until Slack answers, and stay so until `stop()`. Raises SlackRefusedError."""
        identity = await self._insist("SLACK_BOT_TOKEN", self._client.auth_test)
        if identity is None:
            return
        authorized = AuthorizeResult.from_auth_test_response(bot_token=self._bot_token, auth_test_response=identity)
        app = self._make_app(authorized)
        _log.info("slack_known", team=identity.get("team"), team_id=identity.get("team_id"), bot=identity.get("user"))
        self.known.set()
        if self._app_token is None:
            self._http = app
            await self._stopping.wait()
            return
        app_token = self._app_token
        opened = await self._insist(
            "SLACK_APP_TOKEN", lambda: self._client.apps_connections_open(app_token=app_token)
        )
        if opened is None:
            return
        self._socket = SocketMode(lambda: DrainingHandler(app, app_token))
        await self._socket.run(str(opened["url"]))

    def routes(self) -> Sequence[Route]:
        """Where Slack calls us: EVENTS_PATH without an app-level token, nowhere in Socket Mode."""
        return [] if self._app_token else [Route(EVENTS_PATH, self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        if self._http is None:
            raise HTTPException(503, "Keydesk is not connected to Slack yet.", {"Retry-After": "5"})
        return await answer_slack(
            self._http,
            self._signing_secret,
            ANSWER_SECONDS,
            request,
            seconds_now=self._seconds_now,
        )

    async def _insist(
        self, variable: str, call: Callable[[], Awaitable[AsyncSlackResponse]]
    ) -> AsyncSlackResponse | None:
        """The answer to a call, made again until there is one; None when we are stopped before."""
        wait = 1.0
        while not self._stopping.is_set():
            try:
                return await call()
            except SlackApiError as error:
                code = code_of(error)
                if trouble_of(code) in {Trouble.ACCOUNT, Trouble.CALL}:
                    raise SlackRefusedError(
                        f"Slack refuses the token in {variable}: {code}.",
                        "Copy it again from your app's page at Slack, or install the app in the workspace again.",
                    ) from error
                _log.warning("slack_not_ready", error=code, again_in_seconds=wait)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("slack_not_reached", error=str(error) or type(error).__name__, again_in_seconds=wait)
            try:
                async with asyncio.timeout(wait):
                    await self._stopping.wait()
            except TimeoutError:
                wait = min(wait * 2, _LONGEST_WAIT)
        return None

    async def stop(self, seconds: float) -> None:
        """Take no more requests and finish those in hand within `seconds`. (Those over HTTP are the server's.)"""
        self._stopping.set()
        if self._socket is not None:
            await self._socket.stop(seconds)

    def find_problem(self) -> str | None:
        """What is wrong with the connection, in a few words; None when all is well."""
        if self._socket is not None:
            return None if self._socket.connected else "the socket to Slack is closed"
        if self._http is None:
            return "not connected to Slack yet"
        return None
