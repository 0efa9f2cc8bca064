"""The way in over HTTP: whether a request is Slack's, and whether it is whole, before Bolt has it.

Bolt takes both for granted: an odd timestamp or half a payload would be an error of ours.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import structlog
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from handlers.slack.framework.shapes import is_well_formed
from storage.deadline import answer_within, find_seconds_left

FRESH_SECONDS = 300
"""So old a request may be, by Slack's documentation, and so far may clocks differ."""
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MAX_DEPTH = 64

_log = structlog.get_logger(__name__)


async def answer_slack(
    app: AsyncApp,
    signing_secret: str,
    seconds: float,
    request: Request,
    *,
    seconds_now: Callable[[], float] = time.time,
) -> Response:
    """What Bolt answers within `seconds`, of which reading the request takes the first. Raises HTTPException: 401 for
    what is not signed, 400 for what is not whole, 408 for what is not in time. `seconds_now`: since 1970."""
    with answer_within(seconds):
        return await _answer(app, signing_secret, request, seconds_now)


async def _answer(app: AsyncApp, signing_secret: str, request: Request, seconds_now: Callable[[], float]) -> Response:
    try:
        async with asyncio.timeout(find_seconds_left()):
            body = await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "The request ends in the middle.") from error
    except TimeoutError as error:
        raise HTTPException(408, "The request was not whole in time.") from error
    if not is_signed(body, request.headers.raw, signing_secret, seconds_now()):
        raise HTTPException(401, "This is not signed as Slack signs.")
    payload = find_payload(body, request.headers.get("content-type", ""))
    if payload is None:
        _log.warning("slack_request_malformed", bytes=len(body))
        raise HTTPException(400, "Slack sends nothing of this form.")
    return to_starlette_response(await app.async_dispatch(_to_bolt(request, body, payload)))


def _to_bolt(request: Request, body: bytes, payload: dict[str, Any]) -> AsyncBoltRequest:
    """For Bolt, with what the body says. Bolt would read a large form for longer than answering it takes, and finds
    nothing in a command in whose words there is *payload*."""
    headers: dict[str, str | Sequence[str]] = {**request.headers}
    asked = AsyncBoltRequest(body=payload, headers=headers, mode="socket_mode")
    asked.raw_body, asked.mode = body.decode(), "http"
    return asked


def is_signed(raw: bytes, headers: Sequence[tuple[bytes, bytes]], secret: str, now: float) -> bool:
    """Whether a request carries one fresh timestamp, and one signature of it and of the body."""
    if not secret:
        return False
    timestamps = [value for name, value in headers if name == b"x-slack-request-timestamp"]
    signatures = [value for name, value in headers if name == b"x-slack-signature"]
    if len(timestamps) != 1 or len(signatures) != 1:
        return False
    timestamp, signature = timestamps[0], signatures[0]
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return False
    if abs(now - int(timestamp)) > FRESH_SECONDS:
        return False
    expected = hmac.new(secret.encode(), b"v0:%s:%s" % (timestamp, raw), hashlib.sha256).hexdigest()
    return hmac.compare_digest(b"v0=" + expected.encode(), signature)


def find_payload(raw: bytes, content_type: str) -> dict[str, Any] | None:
    """What a signed request says; None for what Slack would not send: another content type, what is no UTF-8, no form
    or no JSON, what lacks a part that every request of its kind has, or has it in another type."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = raw.decode("utf-8")
        payload = _read_form(text) if kind == _FORM else read_json(text) if kind == _JSON else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict) or not is_well_formed(payload):
        return None
    return payload


def _read_form(text: str) -> Any:
    fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    values = dict(fields)
    if len(values) != len(fields):
        raise ValueError("a field twice")
    return read_json(values["payload"]) if "payload" in values else values


def read_json(text: str) -> Any:
    """What a document says. Raises ValueError (or RecursionError) for one that Slack would not send: with a name
    twice, with what is no number, or nested beyond all measure."""
    value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_refuse_doubles)
    _refuse_depth(value)
    return value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name twice")
    return values


def _refuse_depth(value: Any, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _refuse_depth(part, depth + 1)
