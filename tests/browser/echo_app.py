"""A small Bolt app, over real Socket Mode, that shows every kind of block and says back what it heard."""

import asyncio
import json
import re
import threading
from concurrent.futures import Future
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.browser.echo_blocks import FORM, GALLERY, HOME, NOTE, PUSHED, option, plain, planner, section

Json = dict[str, Any]
_SHOWN = (
    *("value", "selected_option", "selected_options", "selected_user", "selected_users"),
    *("selected_conversation", "selected_channel", "selected_date", "selected_time", "selected_date_time"),
)


def render_heard(action: Json) -> str:
    """One line about an action, such as `heard page = acme`."""
    shown = [(name, action[name]) for name in _SHOWN if action.get(name) is not None]
    words = []
    for name, value in shown:
        options = value if isinstance(value, list) else [value]
        words += [str(each["value"] if isinstance(each, dict) else each) for each in options]
        if name == "value":
            break
    return f"heard {action['action_id']} = {', '.join(words)}"


class EchoApp:
    """The app and the thread in which it runs. `hold` keeps the next submissions waiting until it is released."""

    def __init__(self, api_url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="echo-app", daemon=True)
        self._api_url = api_url
        self._released: asyncio.Event | None = None
        self.events: list[Json] = []
        self.closed: list[Json] = []
        self.submitted: list[Json] = []

    def start(self) -> None:
        """Connect; returns when the app listens."""
        self._thread.start()
        self._run(self._connect())

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._run(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def call(self, method: str, **arguments: Any) -> Json:
        """Call a Web API method as the bot; gives the answer."""
        answer: Json = self._run(self._client.api_call(method, json=arguments)).data
        return answer

    def forget(self) -> None:
        """Begin a new test: nothing has been heard."""
        self.events.clear()
        self.closed.clear()
        self.submitted.clear()
        self.release()

    def hold(self) -> None:
        """Keep submissions waiting until `release`."""
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let waiting submissions go on."""
        if self._released is not None:
            self._loop.call_soon_threadsafe(self._released.set)

    def _run(self, work: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(timeout=20)

    async def _connect(self) -> None:
        self._client = AsyncWebClient(token="xoxb-sandbox", base_url=self._api_url)
        app = AsyncApp(client=self._client, process_before_response=True)
        self._listen(app)
        self._handler = AsyncSocketModeHandler(app, app_token="xapp-sandbox")
        await self._handler.connect_async()  # type: ignore[no-untyped-call]

    async def _disconnect(self) -> None:
        await self._handler.close_async()  # type: ignore[no-untyped-call]
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _listen(self, app: AsyncApp) -> None:
        app.command("/say")(self._say)
        app.command("/form")(self._open_form)
        app.command("/note")(self._open_note)
        app.command("/gallery")(self._show_gallery)
        app.command("/plan")(self._open_planner)
        app.action("face")(self._turn_planner)
        app.options("parts")(self._offer_parts)
        app.view("planner")(self._take_planner)
        app.action("push")(self._push)
        app.action("life")(self._change_form)
        app.action(re.compile(".*"))(self._hear)
        app.options("incident")(self._suggest)
        app.view("form")(self._take_form)
        app.view("pushed")(self._take_pushed)
        app.view_closed(re.compile(".*"))(self._note_closed)
        app.event("app_home_opened")(self._show_home)
        app.event("user_change")(self._note_event)
        app.event("subteam_members_changed")(self._note_event)

    async def _say(self, ack: AsyncAck, command: Json) -> None:
        await ack(f"{command['text']}\n`{command['text'].replace('<', '‹').replace('>', '›')}`")

    async def _open_form(self, ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=FORM)
        await ack()

    async def _open_note(self, ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=NOTE)
        await ack()

    async def _show_gallery(self, ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack()
        for number, blocks in enumerate(GALLERY):
            await client.chat_postMessage(channel=command["channel_id"], text=f"gallery {number}", blocks=blocks)

    async def _hear(self, ack: AsyncAck, body: Json, action: Json, client: AsyncWebClient) -> None:
        await ack()
        text = render_heard(action)
        container = body["container"]
        if container["type"] == "message" and action["action_id"] == "open":
            await client.views_open(trigger_id=body["trigger_id"], view=FORM)
        elif container["type"] == "message":
            thread = {"thread_ts": container["thread_ts"]} if "thread_ts" in container else {}
            await client.chat_postMessage(channel=body["channel"]["id"], text=text, **thread)
        elif body["view"]["type"] == "home":
            await client.views_publish(
                user_id=body["user"]["id"], view=HOME | {"blocks": [section(text), *HOME["blocks"]]}
            )

    async def _open_planner(self, ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=planner("acme"))
        await ack()

    async def _turn_planner(self, ack: AsyncAck, body: Json, action: Json, client: AsyncWebClient) -> None:
        view = body["view"]
        await client.views_update(
            view_id=view["id"], hash=view["hash"], view=planner(action["selected_option"]["value"])
        )
        await ack()

    async def _offer_parts(self, ack: AsyncAck, body: Json, payload: Json) -> None:
        page = body["view"]["private_metadata"]
        parts = [f"{page}-{part}" for part in ("web", "api") if payload["value"] in part]
        groups = [{"label": plain(part.upper()), "options": [option(part)]} for part in parts]
        await ack(option_groups=groups) if groups else await ack(options=[])

    async def _take_planner(self, ack: AsyncAck, view: Json) -> None:
        self.submitted.append(view["state"]["values"])
        await ack()

    async def _change_form(self, ack: AsyncAck, body: Json, action: Json, client: AsyncWebClient) -> None:
        await ack()
        view = body["view"]
        entered = view["state"]["values"]["name"]["name"]["value"]
        note = section(f"{render_heard(action)}, name = {entered}", block_id="note")
        await client.views_update(
            view_id=view["id"], hash=view["hash"], view=FORM | {"blocks": [note, *FORM["blocks"]]}
        )

    async def _push(self, ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_push(trigger_id=body["trigger_id"], view=PUSHED)
        await ack()

    async def _suggest(self, ack: AsyncAck, payload: Json) -> None:
        word = payload["value"]
        await ack(options=[{"text": plain(f"Incident about {word}"), "value": f"about-{word}"}])

    async def _take_form(self, ack: AsyncAck, view: Json, body: Json, client: AsyncWebClient) -> None:
        if self._released is not None:
            await self._released.wait()
        values = view["state"]["values"]
        self.submitted.append(values)
        if values["name"]["name"]["value"] == "taken":
            await ack(response_action="errors", errors={"name": "That name is taken. Choose another one."})
            return
        await ack()
        text = f"submitted {json.dumps(values['pages']['pages']['selected_options'])}"
        await client.chat_postMessage(channel=body["user"]["id"], text=text)

    async def _take_pushed(self, ack: AsyncAck, view: Json) -> None:
        self.submitted.append(view["state"]["values"])
        await ack(response_action="clear")

    async def _note_closed(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        self.closed.append(body)

    async def _show_home(self, event: Json, client: AsyncWebClient) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=HOME)

    async def _note_event(self, event: Json) -> None:
        self.events.append(event)
