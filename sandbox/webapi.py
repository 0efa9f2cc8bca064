"""/api/<method>: the Web API's front door, from token to journal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.api import METHODS
from sandbox.api.method import require_scope
from sandbox.bodies import Args, read_args
from sandbox.errors import InvalidBlocksError, SlackError
from sandbox.faults import Fault
from sandbox.scopes import METHOD_SCOPES
from sandbox.workspace import APP_TOKEN, BOT_TOKEN, Workspace

Json = dict[str, Any]
_OPEN_METHODS = frozenset({"api.test"})


class WebApi:
    """An ASGI application that answers Web API calls; plain, because every test goes through it many times."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or fail it as an armed fault says."""
        method = scope["path"].rpartition("/")[2]
        request = Request(scope, receive)
        try:
            values = await read_args(request)
        except SlackError as refusal:
            answer = {"ok": False, "error": refusal.code}
            self._record(method, {}, 200, answer)
            await _respond(send, 200, answer)
            return
        token = _take_token(request, values)
        fault = self._workspace.faults.take_for_call(method, values)
        if fault is not None:
            await self._fail(fault, method, token, values, scope, receive, send)
            return
        status, answer, headers = self._carry_out(method, token, values)
        self._record(method, values, status, answer)
        await _respond(send, status, answer, headers)

    def _carry_out(self, method: str, token: str, values: Json) -> tuple[int, Json, dict[str, str]]:
        workspace = self._workspace
        headers = {"x-oauth-scopes": ",".join(workspace.manifest.bot_scopes)}
        try:
            if method not in METHODS:
                raise SlackError("unknown_method", req_method=method)
            _check_token(method, token, is_installed=self._workspace.is_installed)
            wait = workspace.rate_limits.decide_retry_after(method, values)
            if wait is not None:
                return 429, {"ok": False, "error": "ratelimited"}, {"retry-after": str(wait)}
            scope = METHOD_SCOPES[method]
            if scope is not None:
                headers["x-accepted-oauth-scopes"] = scope
            require_scope(workspace, scope)
            return 200, {"ok": True, **METHODS[method](workspace, Args(values))}, headers
        except SlackError as refusal:
            self._note_violation(method, refusal)
            return 200, {"ok": False, "error": refusal.code, **refusal.fields}, headers

    async def _fail(
        self, fault: Fault, method: str, token: str, values: Json, scope: Scope, receive: Receive, send: Send
    ) -> None:
        carried_out = fault.carried_out and fault.kind in ("http_500", "timeout", "drop")
        done = self._carry_out(method, token, values)[1] if carried_out else None
        if fault.kind == "ratelimited":
            answer: Json = {"ok": False, "error": "ratelimited"}
            self._record(method, values, 429, answer, fault=fault.kind)
            await _respond(send, 429, answer, {"retry-after": str(fault.retry_after)})
        elif fault.kind == "error":
            answer = {"ok": False, "error": fault.error}
            self._record(method, values, 200, answer, fault=fault.kind)
            await _respond(send, 200, answer)
        elif fault.kind == "http_500":
            self._record(method, values, 500, done, fault=fault.kind)
            await _respond(send, 500, None)
        else:
            self._record(method, values, None, done, fault=fault.kind)
            if fault.kind == "timeout":
                await self._wait(fault.seconds)
            await self._cut(scope, receive)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._workspace.interruption.wait()
        except TimeoutError:
            return

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        if not self._workspace.transports.cut(scope.get("client")):
            raise ConnectionResetError("cut by a fault")
        while (await receive())["type"] != "http.disconnect":
            pass

    def _record(self, method: str, args: Json, status: int | None, answer: Json | None, **more: Any) -> None:
        # The journal keeps what was said then: messages and views go on changing.
        kept = json.loads(json.dumps(answer)) if answer is not None else None
        entry = {"method": method, "args": args, "status": status, "ok": bool(answer and answer.get("ok"))}
        if answer and "error" in answer:
            entry["error"] = answer["error"]
        self._workspace.entries.record("api", **entry, response=kept, **more)

    def _note_violation(self, method: str, refusal: SlackError) -> None:
        if isinstance(refusal, InvalidBlocksError):
            problems = "; ".join(refusal.problems[:5])
            self._workspace.entries.violation(f"{method}: {refusal.code}: {problems}", method=method)
        elif refusal.code in ("missing_scope", "msg_too_long", "msg_blocks_too_long", "view_too_large"):
            needed = f" (needs {refusal.fields['needed']})" if "needed" in refusal.fields else ""
            self._workspace.entries.violation(f"{method}: {refusal.code}{needed}", method=method)


def _take_token(request: Request, values: Json) -> str:
    in_body = str(values.pop("token", ""))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else in_body


def _check_token(method: str, token: str, *, is_installed: bool) -> None:
    if method in _OPEN_METHODS:
        return
    if not token:
        raise SlackError("not_authed")
    if token not in (BOT_TOKEN, APP_TOKEN):
        raise SlackError("invalid_auth")
    if (method == "apps.connections.open") != (token == APP_TOKEN):
        raise SlackError("not_allowed_token_type")
    if token == BOT_TOKEN and not is_installed:
        raise SlackError("account_inactive")


async def _respond(send: Send, status: int, answer: Json | None, headers: dict[str, str] | None = None) -> None:
    body = json.dumps(answer).encode() if answer is not None else b"upstream connect error"
    content_type = "application/json; charset=utf-8" if answer is not None else "text/plain"
    fields = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
