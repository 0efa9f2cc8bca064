"""Answers as plain ASGI sends them."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

HANDLER = "keydesk.handler"
"""In a request's scope: the name of what answers it, as metrics call it."""
OTHER = "other"
"""The name of what has no other."""

# Statuspage's own management API answers so.
_JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))


class Answer(NamedTuple):
    """A whole response: status, body of JSON (or nothing) and what headers it has besides the usual ones."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()


def find_header(headers: Sequence[Header], name: bytes) -> bytes:
    """What a call's header of this name, in small letters, says; empty: there is none."""
    return next((value for key, value in headers if key == name), b"")


async def send_answer(send: Send, answer: Answer, *, head: bool = False) -> None:
    """Send it. To HEAD go the headers that GET would get, and no body."""
    await send(start_of(answer))
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def start_of(answer: Answer) -> Message:
    """What is sent before the body."""
    status, body, headers = answer
    if status != 204:
        headers = (*_JSON_HEADERS, (b"content-length", b"%d" % len(body)), *headers)
    return {"type": "http.response.start", "status": status, "headers": headers}
