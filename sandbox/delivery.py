"""Deliveries to the app: over Socket Mode while it is connected, otherwise by signed HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import string
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.workspace import SIGNING_SECRET, Workspace

Json = dict[str, Any]


@dataclass(frozen=True)
class Retry:
    """Which redelivery this is, and why the one before it failed."""

    num: int
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery. `error` is what Slack would show; `reason` what it tells the app at a retry."""

    acked: bool
    body: Any = None
    error: str | None = None
    reason: str | None = None
    status: int | None = None
    no_retry: bool = False


_TIMED_OUT = Outcome(False, error="operation_timeout", reason="http_timeout")
_UNREACHABLE = Outcome(False, error="dispatch_failed", reason="connection_failed")
_PLAIN = frozenset(f"{string.ascii_letters}{string.digits}_.-~% ".encode())
"""What stands in a form as it is, and what is escaped before all else and after it."""


class Deliverer:
    """Sends one payload at a time to the app and waits for its acknowledgement."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._session: aiohttp.ClientSession | None = None
        self._background: set[asyncio.Task[Any]] = set()

    def run_in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something that nobody waits for; it is cancelled when the sandbox stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Stop what runs in the background and close the HTTP session."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def deliver(self, kind: str, payload: Json, *, retry: Retry | None = None) -> Outcome:
        """Deliver `slash_commands`, `interactive` or `events_api`, as an armed fault allows."""
        fault = self._workspace.faults.take_for_delivery(payload)
        if fault is None:
            return await self._send(kind, payload, retry)
        if fault.kind == "duplicate":
            again = Retry(1, "http_timeout") if kind == "events_api" else retry
            outcome, _ = await asyncio.gather(self._send(kind, payload, retry), self._send(kind, payload, again))
            return outcome
        if fault.kind == "timeout" and not fault.carried_out:
            await self._pause(fault.seconds)
            return await self._send(kind, payload, retry)
        if fault.carried_out:
            await self._send(kind, payload, retry)
        else:
            self._workspace.entries.record(
                "delivery", via=None, type=kind, payload=payload, acked=False, retry_num=0, fault=fault.kind
            )
        return _TIMED_OUT

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._workspace.interruption.wait()
        except TimeoutError:
            return

    async def _send(self, kind: str, payload: Json, retry: Retry | None) -> Outcome:
        workspace = self._workspace
        connection = workspace.sockets.choose()
        entry = workspace.entries.record(
            "delivery",
            via="socket" if connection is not None else "http",
            type=kind,
            payload=json.loads(json.dumps(payload)),
            acked=None,
            retry_num=retry.num if retry else 0,
        )
        started = time.perf_counter()
        if connection is not None:
            outcome = await self._send_by_socket(connection, kind, payload, retry)
        else:
            outcome = await self._send_by_http(kind, payload, retry)
        entry["acked"] = outcome.acked
        entry["ms"] = round((time.perf_counter() - started) * 1000, 2)
        if outcome.status is not None:
            entry["status"] = outcome.status
        if outcome.body is not None:
            entry["response_payload"] = outcome.body
        if not outcome.acked:
            entry["error"] = outcome.error
            self._note_violation(kind, payload, outcome)
        return outcome

    def _note_violation(self, kind: str, payload: Json, outcome: Outcome) -> None:
        what = payload.get("command") or (payload.get("event") or payload).get("type")
        limit = self._workspace.timing.acknowledge_within
        if outcome.error == "operation_timeout":
            sentence = f"{kind} {what}: not acknowledged within {limit:g} seconds."
        elif outcome.status is not None:
            sentence = f"{kind} {what}: answered with status {outcome.status}."
        else:
            sentence = f"{kind} {what}: the app could not be reached."
        self._workspace.entries.violation(sentence, type=kind)

    async def _send_by_socket(self, connection: Any, kind: str, payload: Json, retry: Retry | None) -> Outcome:
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope["retry_attempt"] = retry.num if retry else 0
            envelope["retry_reason"] = _socket_reason(retry.reason) if retry else ""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.awaited[envelope_id] = answer
        try:
            await connection.send(envelope)
            async with asyncio.timeout(self._workspace.timing.acknowledge_within):
                body = await answer
        except TimeoutError:
            return _TIMED_OUT
        except Exception:
            # However the socket broke, Slack sees the same: nobody took the envelope.
            return _UNREACHABLE
        finally:
            connection.awaited.pop(envelope_id, None)
        return Outcome(True, body=body)

    async def _send_by_http(self, kind: str, payload: Json, retry: Retry | None) -> Outcome:
        urls = self._workspace.request_urls
        url = urls.find(kind, payload) if urls is not None else None
        if url is None:
            return _UNREACHABLE
        body, content_type = encode_request(kind, payload)
        headers = sign_request(body) | {"content-type": content_type, "accept": "application/json,*/*"}
        headers["user-agent"] = "Slackbot 1.0 (+https://api.slack.com/robots)"
        if retry is not None:
            headers |= {"x-slack-retry-num": str(retry.num), "x-slack-retry-reason": retry.reason}
        limit = aiohttp.ClientTimeout(total=self._workspace.timing.acknowledge_within)
        try:
            async with self._get_session().post(
                url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                text = await response.text()
        except TimeoutError:
            return _TIMED_OUT
        except aiohttp.ClientError:
            return _UNREACHABLE
        accepted = response.status < 300 if kind == "events_api" else response.status == 200
        if not accepted:
            no_retry = response.headers.get("x-slack-no-retry") == "1"
            return Outcome(
                False, error="dispatch_failed", reason="http_error", status=response.status, no_retry=no_retry
            )
        is_json = response.content_type == "application/json"
        return Outcome(True, body=_parse(text, is_json), status=response.status)

    def _get_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection per delivery: an app that restarts must not be met with a dead one.
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))
        return self._session


def encode_request(kind: str, payload: Json) -> tuple[bytes, str]:
    """The body of a signed request and its content type."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    form = b"&".join(b"%s=%s" % (name.encode(), _escape(str(value).encode())) for name, value in fields.items())
    return form, "application/x-www-form-urlencoded"


def _escape(value: bytes) -> bytes:
    """As `urlencode` does, which looks at one byte after another: a large window takes it longest of all."""
    escaped = value.replace(b"%", b"%25")
    for byte in set(value) - _PLAIN:
        escaped = escaped.replace(bytes((byte,)), b"%%%02X" % byte)
    return escaped.replace(b" ", b"+")


def sign_request(body: bytes) -> dict[str, str]:
    """Slack's signature headers for this body, at wall time."""
    timestamp = str(int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}


def _socket_reason(reason: str) -> str:
    return "timeout" if reason == "http_timeout" else reason


def _parse(text: str, is_json: bool) -> Any:
    if not text:
        return None
    if not is_json:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
