"""What comes over the socket and is not Slack's: acknowledged or left, without a traceback; the next is answered."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.socket_mode import DrainingHandler
from tests.waiting import eventually

COMMAND = {
    "command": "/keys",
    "text": "",
    "user_id": "U0MIA00001",
    "channel_id": "C0GENERAL1",
    "team_id": "T0ACME0001",
    "trigger_id": "1.2.a",
}
VIEW = {"id": "V1", "type": "modal", "callback_id": "x", "blocks": [], "state": {"values": {}}}
SUBMISSION = {"type": "view_submission", "user": {"id": "U0MIA00001"}, "team": {"id": "T0ACME0001"}, "view": VIEW}
EVENT = {"type": "event_callback", "event_id": "Ev1", "team_id": "T0ACME0001", "event": {"type": "app_home_opened"}}


def enveloped(payload: Any, envelope_id: Any = "bad", **more: Any) -> str:
    """As Slack sends it."""
    return json.dumps({"type": "interactive", "envelope_id": envelope_id, "payload": payload, **more})


ACKNOWLEDGED = [
    *map(enveloped, [None, [], "text", 7, {}, {"type": ["view_submission"]}, {"type": "block_actions"}]),
    enveloped({**COMMAND, "user_id": None}),
    enveloped({**COMMAND, "text": ["a"]}),
    enveloped({**COMMAND, "team_id": {"id": 1}}),
    enveloped({**SUBMISSION, "user": "U0MIA00001"}),
    enveloped({**SUBMISSION, "view": {**VIEW, "state": None}}),
    enveloped({**SUBMISSION, "view": {**VIEW, "private_metadata": {"a": 1}}}),
    enveloped(EVENT),
    enveloped({**EVENT, "event": "app_home_opened"}),
    enveloped(COMMAND, retry_attempt={"a": 1}),
    enveloped(COMMAND, type=["slash_commands"]),
]
LEFT = [
    *(
        "",
        "no JSON",
        "{",
        "[]",
        "null",
        "7",
        '"text"',
        '{"type": 1}',
        "{}",
        '{"envelope_id": "bad", "envelope_id": "b"}',
    ),
    '{"a":' * 5000 + "1" + "}" * 5000,
    enveloped(COMMAND, envelope_id=7),
    enveloped(COMMAND, envelope_id={"a": 1}),
    enveloped(COMMAND, envelope_id=""),
]


class Slack:
    """The other end of the socket."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.acknowledged: list[Any] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Send what is queued, note what is answered."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sender = asyncio.create_task(self._send(socket))
        async for message in socket:
            self.acknowledged.append(json.loads(message.data))
        sender.cancel()
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        while True:
            frame = await self.frames.get()
            await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))


@asynccontextmanager
async def connected(slack: Slack) -> AsyncIterator[None]:
    """An app that answers /keys, connected within the block."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0ACME0001", bot_token="xoxb-1")

    app = AsyncApp(client=AsyncWebClient(), signing_secret="s", authorize=authorize, process_before_response=True)

    @app.command("/keys")
    async def keys(ack: Any) -> None:
        await ack(text="here you are")

    site = web.Application()
    site.router.add_get("/", slack.serve)
    runner = web.AppRunner(site)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    handler = DrainingHandler(app, "xapp-1")
    port = runner.addresses[0][1]
    handler.client.wss_uri = f"ws://127.0.0.1:{port}/"
    await handler.client.connect()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
        tasks = [handler.client.message_processor, handler.client.message_receiver]
        tasks.append(handler.client.current_session_monitor)
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        await runner.cleanup()


async def test_a_malformed_envelope_is_nobodys_trouble(caplog: pytest.LogCaptureFixture) -> None:
    """Those that can be acknowledged are, so that Slack does not send them again; then a command is answered."""
    slack = Slack()
    with caplog.at_level(logging.WARNING):
        async with connected(slack):
            for frame in (*ACKNOWLEDGED, *LEFT):
                slack.frames.put_nowait(frame)
            slack.frames.put_nowait(b"\x00\xff")
            slack.frames.put_nowait(enveloped(COMMAND, envelope_id="good"))
            await eventually(lambda: slack.acknowledged and slack.acknowledged[-1]["envelope_id"] == "good")
    *others, last = slack.acknowledged
    assert last["payload"] == {"text": "here you are"}
    assert others == [{"envelope_id": "bad"}] * len(ACKNOWLEDGED)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []
