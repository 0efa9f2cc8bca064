"""The Slack side besides the Web API: Socket Mode, response_url, uploads and files."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.bodies import Args, read_args
from sandbox.content import read_content
from sandbox.errors import SlackError
from sandbox.messages import app_message, change_message, delete_message, post_ephemeral, post_message
from sandbox.response_urls import ResponseUrl
from sandbox.sockets import MAX_CONNECTIONS, SocketConnection
from sandbox.workspace import Workspace

Json = dict[str, Any]


def workspace_of(request: Request | WebSocket) -> Workspace:
    """The workspace behind the application that serves this request."""
    workspace: Workspace = request.app.state.workspace
    return workspace


async def serve_socket(websocket: WebSocket) -> None:
    """Hold one Socket Mode connection: say hello, then take acknowledgements until it closes."""
    workspace = workspace_of(websocket)
    if not workspace.sockets.redeem(websocket.path_params["ticket"]):
        await websocket.close(4001, "ticket is unknown or was used")
        return
    await websocket.accept()
    connection = SocketConnection(websocket)
    count = workspace.sockets.add(connection)
    workspace.live.publish("connected", connected=True)
    try:
        if count > MAX_CONNECTIONS:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            return
        await connection.send(
            {
                "type": "hello",
                "num_connections": count,
                "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
                "connection_info": {"app_id": workspace.app_id},
            }
        )
        while True:
            _take_frame(workspace, connection, await websocket.receive_text())
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        workspace.sockets.remove(connection)
        workspace.live.publish("connected", connected=workspace.connected)


def _take_frame(workspace: Workspace, connection: SocketConnection, text: str) -> None:
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict) or "envelope_id" not in frame:
        workspace.entries.violation(f"The app sent something that is no acknowledgement: {text[:200]}")
    elif not connection.settle(frame):
        workspace.entries.violation("An acknowledgement came too late, or twice.", envelope_id=frame["envelope_id"])


async def answer_response_url(request: Request) -> Response:
    """Take one answer to a response_url: a new message, or a change to the one that was acted on."""
    workspace = workspace_of(request)
    url = workspace.response_urls.find(request.path_params["id"], request.path_params["secret"])
    try:
        body = await read_args(request)
        if "payload" in body:
            body = Args(body).structure("payload")
    except SlackError as refusal:
        return _refuse(workspace, {}, refusal.code, 400)
    if url is None:
        return _refuse(workspace, body, "invalid_url", 404)
    code = workspace.response_urls.find_fault(url)
    if code is not None:
        workspace.entries.violation(f"response_url: {code}")
        return _refuse(workspace, body, code, 404)
    url.uses += 1
    try:
        _answer(workspace, url, body)
    except SlackError as refusal:
        workspace.entries.violation(f"response_url: {refusal.code} {refusal.fields.get('errors', '')}".strip())
        return _refuse(workspace, body, refusal.code, 400)
    workspace.entries.record("response_url", body=body, status=200)
    return PlainTextResponse("ok")


def _refuse(workspace: Workspace, body: Json, code: str, status: int) -> Response:
    workspace.entries.record("response_url", body=body, status=status, error=code)
    return JSONResponse({"ok": False, "error": code}, status)


def _answer(workspace: Workspace, url: ResponseUrl, body: Json) -> None:
    args = Args(body)
    conversation = workspace.conversations[url.channel]
    original = conversation.find_message(url.message_ts, url.user) if url.message_ts else None
    if args.flag("delete_original"):
        if original is not None:
            delete_message(workspace, conversation, original)
        return
    content = read_content(args)
    if args.flag("replace_original") and url.message_ts:
        if original is None:
            raise SlackError("message_not_found")
        changes: Json = {"blocks": None, "attachments": None} | content
        change_message(workspace, conversation, original, changes)
        return
    thread_ts = args.text("thread_ts") or url.thread_ts
    if thread_ts:
        content["thread_ts"] = thread_ts
    if args.text("response_type") == "in_channel":
        post_message(workspace, conversation, app_message(workspace, content))
    else:
        post_ephemeral(workspace, conversation, url.user, content)


async def take_upload(request: Request) -> Response:
    """Take the bytes of a file whose upload was announced."""
    workspace = workspace_of(request)
    file = workspace.files.get(request.path_params["id"])
    if file is None:
        return PlainTextResponse("unknown upload", 404)
    content = await _read_file(request)
    if len(content) != file["size"]:
        workspace.entries.violation(f"An upload of {len(content)} bytes was announced as {file['size']}.")
        return PlainTextResponse("the length differs from the announced one", 400)
    workspace.file_contents[file["id"]] = content
    return PlainTextResponse(f"OK - {len(content)}")


async def _read_file(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await request.body()
    async with request.form() as form:
        for value in form.values():
            if not isinstance(value, str):
                return await value.read()
    return b""


async def serve_file(request: Request) -> Response:
    """Hand a file to be saved; never to be shown, for anybody may have uploaded it."""
    workspace = workspace_of(request)
    id = request.path_params["id"]
    content = workspace.file_contents.get(id)
    if content is None:
        return PlainTextResponse("There is no such file.", 404)
    name = workspace.files[id]["name"].encode("ascii", "replace").decode().replace('"', "").replace("\\", "")
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


async def serve_avatar(request: Request) -> Response:
    """A person's initials on their colour."""
    workspace = workspace_of(request)
    person = workspace.people.get(request.path_params["user"])
    if person is None:
        return PlainTextResponse("There is no such person.", 404)
    initials = "".join(word[0] for word in person.real_name.split()[:2] if word[0].isalnum()).upper()
    color = person.color if person.color.isalnum() else "757575"
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        f'<rect width="48" height="48" rx="6" fill="#{color}"/>'
        '<text x="24" y="31" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">'
        f"{initials}</text></svg>"
    )
    return Response(svg, media_type="image/svg+xml", headers={"content-security-policy": "default-src 'none'"})


async def follow_permalink(request: Request) -> Response:
    """Send the browser from a message's address to the page, in that channel and, for a reply, its thread."""
    place = {"c": request.path_params["channel"]}
    if "thread_ts" in request.query_params:
        place["thread"] = request.query_params["thread_ts"]
    return RedirectResponse(f"/?{urlencode(place)}")
