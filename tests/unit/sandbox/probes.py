"""An app under the tests' own hand, and people who act on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

from sandbox.server import SandboxServer
from sandbox.workspace import BOT_TOKEN, Workspace

Json = dict[str, Any]
NO_ACK = object()
Answer = Callable[[Json], Any]
MIA, OLIVIA, OMAR, GUS, UMA, DAN, ZOE = (
    "U0MIA00001",
    "U0OLIVIA01",
    "U0OMAR0001",
    "U0GUS00001",
    "U0UMA00001",
    "U0DAN00001",
    "U0ZOE00001",
)
GENERAL, OWNERS, STATUS, MIA_IM = "C0GENERAL1", "C0OWNERS01", "C0STATUS01", "D0MIA00001"


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def section(text: str = "hello", **more: Any) -> Json:
    """A section of text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "press", **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain("Press"), "value": "1", **more}


def actions(*elements: Json, block_id: str = "buttons") -> Json:
    """A block of elements."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def text_input(block_id: str = "name", action_id: str = "value", **more: Any) -> Json:
    """A required line of text."""
    block: Json = {key: more.pop(key) for key in ("optional", "dispatch_action") if key in more}
    element = {"type": "plain_text_input", "action_id": action_id, **more}
    return {"type": "input", "block_id": block_id, "label": plain("Name"), "element": element, **block}


def modal(*blocks: Json, title: str = "Modal", **more: Any) -> Json:
    """A modal that can be submitted."""
    fields: Json = {"type": "modal", "callback_id": "probe", "title": plain(title), "submit": plain("Go")}
    return fields | {"blocks": list(blocks) or [section()]} | more


def home(*blocks: Json) -> Json:
    """A Home tab."""
    return {"type": "home", "blocks": list(blocks) or [section()]}


@dataclass
class Slack:
    """The sandbox as its Web API and its people see it; `app` holds the payloads that reached the app."""

    server: SandboxServer
    http: httpx.AsyncClient
    app: list[Json] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """The state behind the server."""
        return self.server.workspace

    async def api(self, method: str, *, token: str = BOT_TOKEN, **args: Any) -> Json:
        """Call a Web API method with a JSON body."""
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.post(f"/api/{method}", json=args, headers=headers)
        body: Json = answer.json()
        return body

    async def do(self, path: str, **body: Any) -> Json:
        """A control call that must be taken."""
        answer = await self.http.post(f"/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        taken: Json = answer.json()
        return taken

    async def look(self, path: str, **query: str) -> Json:
        """A control look-up that must be answered."""
        answer = await self.http.get(f"/sandbox/{path}", params=query)
        assert answer.status_code == 200, answer.text
        seen: Json = answer.json()
        return seen

    async def type(self, text: str, *, user: str = MIA, channel: str = GENERAL) -> Json:
        """Somebody types a slash command."""
        return await self.do("command", user=user, channel=channel, text=text)

    async def trigger(self, user: str = MIA) -> str:
        """A fresh trigger_id, from a slash command."""
        await self.type("/probe", user=user)
        trigger_id: str = self.app[-1]["trigger_id"]
        return trigger_id

    async def open(self, view: Json, user: str = MIA) -> Json:
        """Open a modal; gives the view."""
        opened = await self.api("views.open", trigger_id=await self.trigger(user), view=view)
        assert opened["ok"], opened
        shown: Json = opened["view"]
        return shown

    async def stack(self, user: str = MIA) -> list[Json]:
        """What somebody has open."""
        views: list[Json] = (await self.look("views", user=user))["views"]
        return views

    async def messages(self, channel: str, user: str = MIA) -> list[Json]:
        """What somebody sees in a conversation."""
        messages: list[Json] = (await self.look("messages", user=user, channel=channel))["messages"]
        return messages

    async def press(self, message: Json, channel: str, action_id: str = "press", user: str = MIA) -> Json:
        """Somebody presses a button of the block `buttons`."""
        container = {"type": "message", "channel": channel, "ts": message["ts"]}
        return await self.do(
            "action", user=user, container=container, block_id="buttons", action_id=action_id, action={}
        )

    def violations(self) -> list[str]:
        """What Slack would not have accepted so far."""
        return [entry["text"] for entry in self.workspace.journal(kind="violation")]


class SocketApp:
    """An app on Socket Mode that answers each payload as `answer` says."""

    def __init__(self, slack: Slack, session: ClientSession, answer: Answer | None = None) -> None:
        self.slack = slack
        self.session = session
        self.answer: Answer = answer or (lambda payload: None)
        self.frames: list[Json] = []
        self.changed = asyncio.Event()
        self._socket: ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self) -> SocketApp:
        """Connect and wait for the greeting."""
        opened = await self.slack.api("apps.connections.open", token="xapp-sandbox")
        self._socket = await self.session.ws_connect(opened["url"])
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.until(lambda: any(frame["type"] == "hello" for frame in self.frames))
        return self

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            self.frames.append(frame)
            if "payload" in frame:
                self.slack.app.append(frame["payload"])
                answer = self.answer(frame["payload"])
                if isinstance(answer, Awaitable):
                    answer = await answer
                if answer is not NO_ACK:
                    await self.send(frame["envelope_id"], answer)
            self.changed.set()
        self.frames.append({"type": "closed"})
        self.changed.set()

    async def send(self, envelope_id: str, payload: Any = None) -> None:
        """Acknowledge."""
        assert self._socket is not None
        body = {"envelope_id": envelope_id}
        await self._socket.send_json(body if payload is None else {**body, "payload": payload})

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that frames bring about is so."""
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def close(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader


@dataclass
class Received:
    """One signed request."""

    headers: dict[str, str]
    body: bytes
    payload: Json


class HttpApp:
    """An app with a request URL; `answer` gives the body or a whole response for each payload."""

    def __init__(self, slack: Slack, answer: Answer | None = None) -> None:
        self.slack = slack
        self.answer: Answer = answer or (lambda payload: None)
        self.received: list[Received] = []
        self.changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> HttpApp:
        """Listen, and be the request URL."""
        application = web.Application()
        application.router.add_post("/slack/events", self._take)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.slack.workspace.set_request_url(f"http://{host}:{port}/slack/events")
        return self

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        payload = read_payload(request.content_type, body)
        self.slack.app.append(payload)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, body, payload))
        self.changed.set()
        answer = self.answer(payload)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, str):
            return web.Response(text=answer)
        return web.json_response(answer) if answer is not None else web.Response()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that requests bring about is so."""
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def __aenter__(self) -> HttpApp:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop listening."""
        self.slack.workspace.set_request_url(None)
        if self._runner is not None:
            await self._runner.cleanup()


def read_payload(content_type: str, body: bytes) -> Json:
    """The payload of a signed request, as an app would read it."""
    if content_type == "application/json":
        parsed: Json = json.loads(body)
        return parsed
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    return json.loads(fields["payload"]) if "payload" in fields else fields
