"""The connection to Slack: opened, kept, mended, and closed without cutting anybody off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings, load_settings
from bot.slack_link import SlackLink, SlackRefusedError
from bot.socket_mode import DrainingHandler, SocketMode
from sandbox.player import Control, SandboxRefusedError
from sandbox.server import SandboxServer
from tests.waiting import eventually

MIA = "U0MIA00001"


class Desk:
    """Answers /keys, once its gate is open."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.gate = asyncio.Event()
        self.gate.set()
        self.in_hand = 0

    def make_app(self, identity: AuthorizeResult) -> AsyncApp:
        """The app for whoever the bot is."""

        async def authorize() -> AuthorizeResult:
            return identity

        app = AsyncApp(client=self._client, signing_secret="s", authorize=authorize, process_before_response=True)

        @app.command("/keys")
        async def keys(ack: Any) -> None:
            self.in_hand += 1
            await self.gate.wait()
            await ack(text="here you are")

        return app


@asynccontextmanager
async def running(link: SlackLink) -> AsyncIterator[None]:
    """The link, connected within the block."""
    task = asyncio.create_task(link.run())
    try:
        await eventually(lambda: task.done() or link.find_problem() is None)
        yield
    finally:
        await link.stop(5)
        await task


def type_keys(slack: SandboxServer) -> asyncio.Task[Any]:
    """Somebody types /keys in the browser."""
    return asyncio.create_task(asyncio.to_thread(Control(slack.url).person(MIA).type_command, "/keys"))


async def test_requests_come_in_over_the_socket(
    slack: SandboxServer, slack_settings: Settings, client: AsyncWebClient
) -> None:
    """With an app-level token Keydesk connects to Slack and answers what comes over the socket."""
    link = SlackLink(slack_settings, client, Desk(client).make_app)
    assert link.find_problem() == "not connected to Slack yet"
    async with running(link):
        answer = await type_keys(slack)
        assert answer["text"] == "here you are"
        assert link.routes() == []
    assert link.find_problem() == "the socket to Slack is closed"


async def test_what_is_in_hand_is_finished_before_the_socket_closes(
    slack: SandboxServer, slack_settings: Settings, client: AsyncWebClient
) -> None:
    """A person whose command is being worked on when Keydesk stops gets the answer."""
    desk = Desk(client)
    link = SlackLink(slack_settings, client, desk.make_app)
    async with running(link):
        desk.gate.clear()
        asked = type_keys(slack)
        await eventually(lambda: desk.in_hand)
        stopped = asyncio.create_task(link.stop(5))
        await asyncio.sleep(0)
        assert not stopped.done()
        desk.gate.set()
        assert (await asked)["text"] == "here you are"
        await stopped


async def test_what_comes_after_the_stop_is_left_unacknowledged(
    slack: SandboxServer, slack_settings: Settings, client: AsyncWebClient
) -> None:
    """A request that was not begun is not acknowledged either, so that it can be made again."""
    desk = Desk(client)
    link = SlackLink(slack_settings, client, desk.make_app)
    async with running(link):
        desk.gate.clear()
        first = type_keys(slack)
        await eventually(lambda: desk.in_hand)
        stopped = asyncio.create_task(link.stop(5))
        await asyncio.sleep(0)
        second = type_keys(slack)
        with pytest.raises(SandboxRefusedError):
            await second
        assert desk.in_hand == 1
        desk.gate.set()
        await asyncio.gather(first, stopped, return_exceptions=True)


async def test_a_stop_does_not_wait_for_ever(
    slack: SandboxServer, slack_settings: Settings, client: AsyncWebClient
) -> None:
    """What is not finished in time is cut off."""
    desk = Desk(client)
    link = SlackLink(slack_settings, client, desk.make_app)
    async with running(link):
        desk.gate.clear()
        asked = type_keys(slack)
        await eventually(lambda: desk.in_hand)
        await asyncio.wait_for(link.stop(0.1), 5)
        with pytest.raises(SandboxRefusedError):
            await asked
        desk.gate.set()


async def test_a_broken_socket_is_opened_again(
    slack: SandboxServer, slack_settings: Settings, client: AsyncWebClient
) -> None:
    """After Slack dropped the connection, requests come in again without anybody's help."""
    link = SlackLink(slack_settings, client, Desk(client).make_app)
    async with running(link):
        Control(slack.url).call("POST", "faults", {"method": "delivery", "kind": "socket_drop", "times": 1})
        with pytest.raises(SandboxRefusedError):
            await type_keys(slack)
        answer = None
        while answer is None:
            try:
                answer = await type_keys(slack)
            except SandboxRefusedError:
                await asyncio.sleep(0.05)
        assert answer["text"] == "here you are"


async def test_a_client_that_does_not_come_back_is_replaced(slack: SandboxServer, client: AsyncWebClient) -> None:
    """When the socket stays away for too long, a new client is made, and it connects."""
    app = Desk(client).make_app(AuthorizeResult(enterprise_id=None, team_id="T0SANDBOX01", bot_token="xoxb-sandbox"))
    made: list[DrainingHandler] = []

    def make_handler() -> DrainingHandler:
        made.append(DrainingHandler(app, "xapp-sandbox"))
        return made[-1]

    mode = SocketMode(make_handler, check_every=0.02, patience=0.2)
    task = asyncio.create_task(mode.run("ws://127.0.0.1:9/nobody-listens-here"))
    await eventually(lambda: mode.connected)
    assert len(made) == 2
    assert made[0].client.closed
    assert (await type_keys(slack))["text"] == "here you are"
    await mode.stop(5)
    await task


@pytest.mark.parametrize(
    ("variable", "token"), [("SLACK_BOT_TOKEN", "xoxb-wrong"), ("SLACK_APP_TOKEN", "xapp-wrong")]
)
async def test_a_refused_token_ends_the_attempt(
    slack_settings: Settings,
    client: AsyncWebClient,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    token: str,
) -> None:
    """A token that Slack does not accept is told by its variable; trying on would be of no use."""
    monkeypatch.setenv(variable, token)
    settings = load_settings(None)
    client.token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    link = SlackLink(settings, client, Desk(client).make_app)
    with pytest.raises(SlackRefusedError, match=f"Slack refuses the token in {variable}: invalid_auth"):
        await link.run()
