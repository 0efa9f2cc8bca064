"""Manners of a local server: only this machine may speak to it, and only its own page may drive it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.workspace import Workspace

_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Guard:
    """Turns away foreign Host names (DNS rebinding) and foreign pages that reach for /sandbox/."""

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self._app = app
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with a sentence."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        sentence = find_objection(scope["path"], host, headers)
        if sentence is None:
            self._workspace.base_url = f"http://{host}"
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4003, "reason": sentence})
        else:
            await JSONResponse({"error": sentence}, 403)(scope, receive, send)


def find_objection(path: str, host: str, headers: Headers) -> str | None:
    """Why this request is turned away, or None when it is welcome."""
    if split_host(host) not in _LOCAL_NAMES:
        return "The sandbox answers only to 127.0.0.1 and localhost."
    if not path.startswith("/sandbox"):
        return None
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "Only the sandbox's own page may drive it."
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "Only the sandbox's own page may drive it."
    return None


def split_host(host: str) -> str:
    """The name in a Host header, without the port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
