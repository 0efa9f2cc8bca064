"""/sandbox/…: what the browser page, the demo's tour and the tests drive the workspace with."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.actors import find_first_person, find_surface, get_person, get_view, get_writable
from sandbox.api.files import add_file
from sandbox.commands import Commands
from sandbox.conversations import Conversation
from sandbox.endpoints import workspace_of
from sandbox.errors import RefusedError
from sandbox.escaping import escape_typed
from sandbox.events import Events
from sandbox.interactions import Interactions
from sandbox.keyboards import KEYBOARDS, PLAIN, curl
from sandbox.messages import person_message, post_message, without_metadata
from sandbox.people import render_usergroup
from sandbox.submissions import Submissions
from sandbox.workspace import Workspace

Json = dict[str, Any]
Control = Callable[[Request], Awaitable[Json]]


def endpoint(control: Control) -> Callable[[Request], Awaitable[Response]]:
    """Answer with what `control` gives, or with the sentence of what it refused."""

    async def respond(request: Request) -> Response:
        try:
            return JSONResponse(await control(request))
        except RefusedError as refusal:
            return JSONResponse({"error": refusal.sentence}, refusal.status)

    return respond


async def read_body(request: Request) -> Json:
    """The JSON object in the body. Raises RefusedError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError("The body must be JSON, and say so in its content type.", 415)
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise RefusedError("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError("The body must be a JSON object.")
    return body


async def show_state(request: Request) -> Json:
    """Everything that a page needs to draw its frame."""
    workspace = workspace_of(request)
    person = get_person(workspace, request.query_params.get("user") or find_first_person(workspace))
    if not person.is_stranger:
        workspace.ensure_im(person)
    manifest = workspace.manifest
    return {
        "team": {
            "id": workspace.roster.team_id,
            "name": workspace.roster.team_name,
            "domain": workspace.roster.team_domain,
        },
        "me": person.id,
        "users": [workspace.render_user(each, for_page=True) for each in workspace.people.values()],
        "usergroups": [
            render_usergroup(group, workspace.roster.team_id, users=True) for group in workspace.groups.values()
        ],
        "conversations": [
            workspace.describe_conversation(conversation, person.id)
            for conversation in workspace.conversations.values()
            if workspace.can_see(person.id, conversation)
        ],
        "commands": [
            {
                "command": command.command,
                "description": command.description,
                "usage_hint": command.usage_hint,
                "should_escape": command.should_escape,
            }
            for command in manifest.commands.values()
        ],
        "app": {
            "id": workspace.app_id,
            "name": manifest.name,
            "bot_user_id": workspace.bot_user,
            "home_tab_enabled": manifest.home_tab_enabled,
            "messages_tab_enabled": manifest.messages_tab_enabled,
            "messages_tab_read_only": manifest.messages_tab_read_only,
        },
        "connected": workspace.connected,
    }


async def show_messages(request: Request) -> Json:
    """What one person sees in one conversation; it counts as read afterwards."""
    workspace = workspace_of(request)
    person = get_person(workspace, request.query_params.get("user"))
    conversation = workspace.conversations.get(request.query_params.get("channel", ""))
    if conversation is None or not workspace.can_see(person.id, conversation):
        raise RefusedError("There is no such channel.", 404)
    if conversation.messages:
        conversation.read[person.id] = next(reversed(conversation.messages))
    visible = conversation.list_visible(person.id)
    last = request.query_params.get("last")
    if last is not None:
        if not last.isdecimal():
            raise RefusedError("How many of the last messages is a number.")
        visible = visible[len(visible) - min(int(last), len(visible)) :]
    return {"messages": [without_metadata(message) for message in visible]}


async def show_home(request: Request) -> Json:
    """Open the Home tab (or, with `tab=messages`, the direct message) and tell the app that it was opened."""
    workspace = workspace_of(request)
    person = get_person(workspace, request.query_params.get("user"))
    tab = request.query_params.get("tab", "home")
    if tab == "home" and not workspace.manifest.home_tab_enabled:
        return {"view": None}
    view = workspace.home_views.get(person.id)
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": workspace.ensure_im(person).id,
        "tab": tab,
    }
    if tab == "home" and view is not None:
        event["view"] = view
    events: Events = request.app.state.events
    events.send("app_home_opened", event)
    return {"view": view}


async def show_views(request: Request) -> Json:
    """A person's open modals, bottom first."""
    workspace = workspace_of(request)
    person = get_person(workspace, request.query_params.get("user"))
    return {"views": list(workspace.modals.list_stack(person.id))}


async def run_command(request: Request) -> Json:
    """Type a slash command."""
    workspace, body = workspace_of(request), await read_body(request)
    person = get_person(workspace, body.get("user"))
    conversation = get_writable(workspace, person, body.get("channel"))
    text = _typed(body)
    if not text.startswith("/"):
        raise RefusedError("A slash command begins with a slash.")
    commands: Commands = request.app.state.commands
    return _answer(await commands.run(person, conversation, text))


def _typed(body: Json) -> str:
    return curl(str(body.get("text", "")), _keyboard(body))


def _keyboard(body: Json) -> str:
    keyboard = str(body.get("keyboard", PLAIN))
    if keyboard not in KEYBOARDS:
        raise RefusedError(f"A keyboard is one of {', '.join(sorted(KEYBOARDS))}.")
    return keyboard


def _filled_in(body: Json) -> Json:
    keyboard, values = _keyboard(body), body.get("values") or {}
    for entry in (entry for entries in values.values() for entry in entries.values()):
        if entry.get("type") == "plain_text_input" and isinstance(entry.get("value"), str):
            entry["value"] = curl(entry["value"], keyboard)
    return dict(values)


async def send_message(request: Request) -> Json:
    """Say something in a conversation."""
    workspace, body = workspace_of(request), await read_body(request)
    person = get_person(workspace, body.get("user"))
    conversation = get_writable(workspace, person, body.get("channel"))
    text = _typed(body).strip()
    if not text:
        raise RefusedError("A message needs a text.")
    escaped = escape_typed(workspace, text, labelled=False)
    message = post_message(workspace, conversation, person_message(workspace, person, escaped, body.get("thread_ts")))
    _send_message_events(request.app.state.events, workspace, conversation, message)
    return {"ts": message["ts"]}


def _send_message_events(events: Events, workspace: Workspace, conversation: Conversation, message: Json) -> None:
    if workspace.bot_user not in conversation.members:
        return
    kind = "im" if conversation.kind == "im" else "group" if conversation.is_private else "channel"
    event = message | {"channel": conversation.id, "channel_type": kind, "event_ts": message["ts"]}
    events.send({"im": "message.im", "group": "message.groups", "channel": "message.channels"}[kind], event)
    if f"<@{workspace.bot_user}>" in message["text"] and kind != "im":
        mention = {key: value for key, value in event.items() if key != "channel_type"}
        events.send("app_mention", mention | {"type": "app_mention"})


async def act(request: Request) -> Json:
    """Press a button, choose an option, pick a date."""
    workspace, body = workspace_of(request), await read_body(request)
    surface = find_surface(workspace, body)
    interactions: Interactions = request.app.state.interactions
    given = body.get("action") or {}
    for block_id, entries in ((body.get("state") or {}).get("values") or {}).items():
        for action_id, entry in entries.items():
            interactions.enter(surface, block_id, action_id, entry)
    error = await interactions.act(surface, str(body.get("block_id")), str(body.get("action_id")), given)
    return _answer(error)


async def suggest(request: Request) -> Json:
    """Type into a select whose options come from the app."""
    workspace, body = workspace_of(request), await read_body(request)
    interactions: Interactions = request.app.state.interactions
    surface = find_surface(workspace, body)
    value = str(body.get("value", ""))
    return await interactions.suggest(surface, str(body.get("block_id")), str(body.get("action_id")), value)


async def submit(request: Request) -> Json:
    """Submit a modal."""
    workspace, body = workspace_of(request), await read_body(request)
    person = get_person(workspace, body.get("user"))
    view = get_view(workspace, person, body.get("view_id"))
    submissions: Submissions = request.app.state.submissions
    return await submissions.submit(person, view, _filled_in(body))


async def close(request: Request) -> Json:
    """Close a modal, or all of them."""
    workspace, body = workspace_of(request), await read_body(request)
    person = get_person(workspace, body.get("user"))
    view = get_view(workspace, person, body.get("view_id"))
    submissions: Submissions = request.app.state.submissions
    await submissions.close(person, view, everything=bool(body.get("all")) or view["clear_on_close"])
    return {"ok": True}


async def upload_file(request: Request) -> Json:
    """Choose a file for a file_input."""
    workspace, body = workspace_of(request), await read_body(request)
    person = get_person(workspace, body.get("user"))
    try:
        content = base64.b64decode(str(body.get("content", "")), validate=True)
    except binascii.Error:
        raise RefusedError("The content is not base 64.") from None
    name, mimetype = str(body.get("name") or "file"), str(body.get("mimetype") or "")
    file = add_file(workspace, name, mimetype, len(content), person.id)
    workspace.file_contents[file["id"]] = content
    return file


def _answer(error: str | None) -> Json:
    return {"ok": True} if error is None else {"ok": False, "error": error}


ROUTES = [
    Route("/state", endpoint(show_state)),
    Route("/messages", endpoint(show_messages)),
    Route("/home", endpoint(show_home)),
    Route("/views", endpoint(show_views)),
    Route("/command", endpoint(run_command), methods=["POST"]),
    Route("/message", endpoint(send_message), methods=["POST"]),
    Route("/action", endpoint(act), methods=["POST"]),
    Route("/options", endpoint(suggest), methods=["POST"]),
    Route("/submit", endpoint(submit), methods=["POST"]),
    Route("/close", endpoint(close), methods=["POST"]),
    Route("/files", endpoint(upload_file), methods=["POST"]),
]
