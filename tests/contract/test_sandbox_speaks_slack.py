"""The sandbox against Slack's own software: slack_sdk and slack_bolt, unchanged, cannot tell it from Slack."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.blockkit import check_message, check_view
from sandbox.server import SandboxServer
from tests.waiting import eventually

Json = dict[str, Any]
MANIFEST = Path(__file__).parents[1] / "unit" / "sandbox" / "manifest.yml"
MIA, STATUS, MIA_IM = "U0MIA00001", "C0STATUS01", "D0MIA00001"
SECRETS = {"token": "xoxb-sandbox", "signing_secret": "sandbox-signing-secret"}

CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Request*"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "request-1",
            }
        ],
    },
]
FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Request"},
    "submit": {"type": "plain_text", "text": "Send"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}

PARTS: Json = FORM | {
    "private_metadata": "acme",
    "blocks": [
        FORM["blocks"][0]
        | {
            "block_id": "parts",
            "element": {"type": "multi_external_select", "action_id": "parts", "min_query_length": 0},
        }
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """One sandbox for the file."""
    with SandboxServer(manifest=MANIFEST) as running:
        yield running


@pytest.fixture
async def session(server: SandboxServer) -> AsyncIterator[ClientSession]:
    """A client session for the people, on a sandbox as seeded."""
    server.workspace.reset()
    async with ClientSession(server.url) as opened:
        yield opened


class People:
    """What people do, over the control side."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def do(self, path: str, **body: Any) -> Json:
        """A control call."""
        async with self._session.post(f"/sandbox/{path}", json={"user": MIA, **body}) as answer:
            done: Json = await answer.json()
            return done

    async def see(self, path: str, **query: str) -> Json:
        """A control look-up."""
        async with self._session.get(f"/sandbox/{path}", params={"user": MIA, **query}) as answer:
            seen: Json = await answer.json()
            return seen

    async def messages(self, channel: str) -> list[Json]:
        """What Mia sees in a conversation."""
        messages: list[Json] = (await self.see("messages", channel=channel))["messages"]
        return messages


@pytest.fixture
def people(session: ClientSession) -> People:
    """The people of the workspace."""
    return People(session)


def build_app(server: SandboxServer, heard: list[str]) -> AsyncApp:
    """A small Bolt app that uses every way in."""
    app = AsyncApp(
        client=AsyncWebClient(token=SECRETS["token"], base_url=server.api_url),
        signing_secret=SECRETS["signing_secret"],
        process_before_response=True,
    )

    @app.command("/probe")
    async def probe(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=PARTS if body["text"] else FORM)
        await ack(f"Opening a form for <@{body['user_id']}>.")

    @app.view("form")
    async def submitted(ack: Any, view: Json, body: Json, client: AsyncWebClient) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if " " in name:
            await ack(response_action="errors", errors={"name": "No spaces, please."})
            return
        await client.chat_postMessage(channel=body["user"]["id"], text=f"Request {name}", blocks=CARD)
        await ack()

    @app.view_closed("form")
    async def closed(ack: Any) -> None:
        heard.append("closed")
        await ack()

    @app.action("approve")
    async def approve(ack: Any, action: Json, respond: Any) -> None:
        await ack()
        await respond(f"Approved {action['value']}", replace_original=True)

    @app.options(re.compile("page"))
    async def pages(ack: Any, payload: Json) -> None:
        text = {"type": "plain_text", "text": payload["value"].title()}
        await ack(options=[{"text": text, "value": payload["value"]}])

    @app.options("parts")
    async def parts(ack: Any, body: Json) -> None:
        label = {"type": "plain_text", "text": body["view"]["private_metadata"]}
        option = {"text": {"type": "plain_text", "text": "Web"}, "value": "web"}
        await ack(option_groups=[{"label": label, "options": [option]}])

    @app.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": CARD[:1]})

    @app.event("user_change")
    async def changed(event: Json) -> None:
        heard.append("gone" if event["user"]["deleted"] else "changed")

    return app


@asynccontextmanager
async def by_socket(server: SandboxServer, app: AsyncApp) -> AsyncIterator[None]:
    """Bolt connected by its aiohttp Socket Mode adapter."""
    # The adapter notices a connection that broke without a word at its next ping, ten seconds apart by default.
    handler = AsyncSocketModeHandler(app, "xapp-sandbox", ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await eventually(lambda: server.workspace.sockets.connected)
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def by_http(server: SandboxServer, app: AsyncApp) -> AsyncIterator[None]:
    """Bolt behind its own HTTP server, verifying signatures."""
    runner = web.AppRunner(app.web_app(path="/slack/events"))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.workspace.set_request_url(f"http://127.0.0.1:{port}/slack/events")
    try:
        yield
    finally:
        server.workspace.set_request_url(None)
        await runner.cleanup()


@pytest.fixture(params=["socket", "http"])
async def heard(
    request: pytest.FixtureRequest, server: SandboxServer, session: ClientSession
) -> AsyncIterator[list[str]]:
    """A running Bolt app, once on Socket Mode and once on signed HTTP; gives what it heard."""
    notes: list[str] = []
    app = build_app(server, notes)
    async with AsyncExitStack() as stack:
        way = by_socket if request.param == "socket" else by_http
        await stack.enter_async_context(way(server, app))
        yield notes


async def test_a_whole_conversation(server: SandboxServer, people: People, heard: list[str]) -> None:
    """Command, modal, field error, submission, card, button, replaced card: each step as in Slack, nothing amiss."""
    assert await people.do("command", channel=STATUS, text="/probe") == {"ok": True}
    assert (await people.messages(STATUS))[-1]["text"] == f"Opening a form for <@{MIA}>."
    [view] = (await people.see("views"))["views"]

    def values(text: str) -> Json:
        return {"name": {"value": {"type": "plain_text_input", "value": text}}}

    refused = await people.do("submit", view_id=view["id"], values=values("two words"))
    assert refused == {"ok": False, "errors": {"name": "No spaces, please."}}
    assert await people.do("submit", view_id=view["id"], values=values("deploy")) == {"ok": True}
    [card] = await people.messages(MIA_IM)
    assert card["text"] == "Request deploy"
    container = {"type": "message", "channel": MIA_IM, "ts": card["ts"]}
    pressed = await people.do("action", container=container, block_id="decide", action_id="approve", action={})
    assert pressed == {"ok": True}
    im = server.workspace.conversations[MIA_IM]
    await eventually(lambda: im.messages[card["ts"]]["text"] == "Approved request-1")
    [replaced] = await people.messages(MIA_IM)
    assert (replaced["text"], "blocks" in replaced) == ("Approved request-1", False)
    assert server.workspace.journal(kind="violation") == []


async def test_events_and_closing_reach_bolt(server: SandboxServer, people: People, heard: list[str]) -> None:
    """A Home tab is published when it is opened, a closed modal and a deactivation are heard."""
    assert (await people.see("home"))["view"] is None
    await eventually(lambda: MIA in server.workspace.home_views)
    await people.do("command", channel=STATUS, text="/probe")
    [view] = (await people.see("views"))["views"]
    await people.do("close", view_id=view["id"])
    assert heard == ["closed"]
    async with people._session.patch(f"/sandbox/users/{MIA}", json={"deleted": True}) as answer:
        assert answer.status == 200
    await eventually(lambda: heard == ["closed", "gone"])


async def test_options_reach_a_menu(server: SandboxServer, people: People, heard: list[str]) -> None:
    """Bolt's options listener fills an external select."""
    client = AsyncWebClient(token=SECRETS["token"], base_url=server.api_url)
    menu = {"type": "actions", "block_id": "menu", "elements": [{"type": "external_select", "action_id": "page"}]}
    posted = await client.chat_postMessage(channel=STATUS, text="Which?", blocks=[menu])
    container = {"type": "message", "channel": STATUS, "ts": posted["ts"]}
    found = await people.do("options", container=container, block_id="menu", action_id="page", value="acme")
    assert found == {"options": [{"text": {"type": "plain_text", "text": "Acme"}, "value": "acme"}]}


async def test_option_groups_reach_a_menu_in_a_modal(server: SandboxServer, people: People, heard: list[str]) -> None:
    """Bolt's options listener sees the modal's private metadata and fills a menu with groups."""
    await people.do("command", channel=STATUS, text="/probe parts")
    [view] = (await people.see("views"))["views"]
    container = {"type": "view", "view_id": view["id"]}
    found = await people.do("options", container=container, block_id="parts", action_id="parts", value="")
    [group] = found["option_groups"]
    assert (group["label"]["text"], [option["value"] for option in group["options"]]) == ("acme", ["web"])


async def test_the_sdk_reads_a_thread_page_by_page(server: SandboxServer, people: People) -> None:
    """Replies posted, changed and linked through the SDK are read again in pages, head first, with their metadata."""
    client = AsyncWebClient(token=SECRETS["token"], base_url=server.api_url)
    head = (await client.chat_postMessage(channel=STATUS, text="head"))["ts"]
    stamps = []
    for number in range(4):
        mark = {"event_type": "update_posted", "event_payload": {"number": number}}
        posted = await client.chat_postMessage(channel=STATUS, text="update", thread_ts=head, metadata=mark)
        stamps.append(posted["ts"])
    await client.chat_update(channel=STATUS, ts=stamps[1], text="corrected")
    pages = await client.conversations_replies(channel=STATUS, ts=head, limit=2, include_all_metadata=True)
    read = [message async for page in pages for message in page["messages"]]
    assert [message["ts"] for message in read] == [head, *stamps]
    assert [message["text"] for message in read] == ["head", "update", "corrected", "update", "update"]
    assert [message["metadata"]["event_payload"]["number"] for message in read[1:]] == [0, 1, 2, 3]
    link = await client.chat_getPermalink(channel=STATUS, message_ts=stamps[3])
    assert f"thread_ts={head}" in link["permalink"]


async def test_an_unhandled_command_fails_as_in_slack(
    server: SandboxServer, people: People, heard: list[str]
) -> None:
    """A command without a listener: Bolt answers 404 over HTTP and nothing at all over a socket."""
    server.workspace.timing.acknowledge_within = 0.3
    try:
        answer = await people.do("command", channel=STATUS, text="/escaped hi")
    finally:
        server.workspace.timing.acknowledge_within = 3.0
    by_http = server.workspace.request_urls is not None
    expected = "dispatch_failed" if by_http else "operation_timeout"
    assert answer["error"] == f'/escaped failed with the error "{expected}"'


async def test_a_wrong_signature_is_noticed(server: SandboxServer, people: People) -> None:
    """An app with another signing secret refuses what the sandbox sends, so the signature is real."""
    app = AsyncApp(client=AsyncWebClient(token=SECRETS["token"], base_url=server.api_url), signing_secret="another")
    async with by_http(server, app):
        answer = await people.do("command", channel=STATUS, text="/probe")
    [delivery] = server.workspace.journal(kind="delivery")
    assert (answer["ok"], delivery["status"]) == (False, 401)


async def test_bolt_reconnects_when_asked_to_and_when_cut(server: SandboxServer, people: People) -> None:
    """After refresh_requested and after an abrupt cut the adapter asks for a new address and works on."""
    heard: list[str] = []
    async with by_socket(server, build_app(server, heard)):
        for n, kind in enumerate(["socket_disconnect", "socket_drop"], start=2):
            server.workspace.add_fault(kind=kind)
            await eventually(lambda: len(server.workspace.journal(method="apps.connections.open")) >= n)  # noqa: B023
            await eventually(lambda: server.workspace.sockets.connected)
            assert await people.do("command", channel=STATUS, text="/probe") == {"ok": True}


async def test_the_sdk_reads_errors_pages_and_limits(server: SandboxServer, people: People) -> None:
    """SlackApiError carries Slack's code, cursors are followed, and Retry-After is obeyed by the SDK's handler."""
    client = AsyncWebClient(token=SECRETS["token"], base_url=server.api_url)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C0NOWHERE1", text="x")
    assert refused.value.response["error"] == "channel_not_found"
    ids = [member["id"] async for page in await client.users_list(limit=5) for member in page["members"]]
    assert len(ids) == len(set(ids)) == 11
    server.workspace.add_fault(method="chat.postMessage", kind="ratelimited", retry_after=1)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    assert (await client.chat_postMessage(channel=STATUS, text="patience"))["ok"] is True
    assert [entry["status"] for entry in server.workspace.journal(method="chat.postMessage")] == [200, 429, 200]


async def test_the_sdk_uploads_a_file(server: SandboxServer, people: People) -> None:
    """files_upload_v2 goes through its three steps and the file is in the channel."""
    client = AsyncWebClient(token=SECRETS["token"], base_url=server.api_url)
    await client.files_upload_v2(channel=STATUS, filename="keys.csv", content="a,b", initial_comment="Audit")
    [message] = await people.messages(STATUS)
    assert (message["text"], message["files"][0]["name"], message["files"][0]["size"]) == ("Audit", "keys.csv", 3)


def test_what_this_app_sends_is_valid() -> None:
    """The checks that the sandbox makes can be asked directly."""
    assert check_message({"text": "x", "blocks": CARD}) == []
    assert check_view(FORM) == []
