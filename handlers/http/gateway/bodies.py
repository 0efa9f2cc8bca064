"""What a forwarded call carries: written anew from what was understood, or passed on as it comes where it is long."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from handlers.http.answers import Header, Message, Receive, find_header
from handlers.http.bodies import MAX_BYTES, late, read_members
from handlers.http.errors import RefusedError, error_answer
from handlers.upstream.client import Body

NOTHING: Mapping[str, Any] = {}

_A_KEY = re.compile(rb"api_key|\\u00(?:5f|6[0-9a-f]|7[0-9a])", re.IGNORECASE)
"""The word, or a letter of it that is written so that one does not see it; nobody else escapes letters."""
_LONGEST_KEY = 7


async def read_body(
    headers: Sequence[Header], receive: Receive, *, seconds: float
) -> tuple[Body | None, Mapping[str, Any]]:
    """A body as it is to be sent, and what it says. Raises RefusedError.

    What is sent is written anew from what was understood: two programs that read the same bytes as JSON and as a form
    see different things in them. Only what is too long to be understood goes on as it comes, as JSON.
    """
    if not has_body(headers):
        return None, NOTHING
    taken, more = bytearray(), True
    try:
        async with asyncio.timeout(seconds):
            while more and len(taken) <= MAX_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RefusedError(error_answer(400, "The call was given up before its body had come."))
                taken += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise late(seconds) from None
    whole = bytes(taken)
    if more or len(whole) > MAX_BYTES:
        if _A_KEY.search(whole):
            raise _A_KEY_IN_BODY
        return _go_on(whole, receive, more=more), NOTHING

    async def replay() -> Message:
        return {"type": "http.request", "body": whole, "more_body": False}

    members = await read_members(headers, replay)
    if "api_key" in members:
        raise _A_KEY_IN_BODY
    return (json.dumps(members).encode() if members else None), members


def as_json(headers: Sequence[Header]) -> Sequence[Header]:
    """The headers of a call whose body was written anew."""
    kept = [(name, value) for name, value in headers if name.lower() not in (b"content-type", b"content-encoding")]
    return [*kept, (b"content-type", b"application/json")]


class HangUp:
    """Hears whether the caller hangs up while the answer to a call is on its way.

    From when it is first asked, as most answers are there by then; `at_once` where there is a body to be let pass.
    `is_read`: what the call carries was taken.
    """

    def __init__(self, receive: Receive, *, is_read: bool, at_once: bool) -> None:
        self._receive = receive
        self._is_read = is_read
        self._has_come = False
        self._task: asyncio.Task[None] | None = None
        if at_once:
            self._begin()

    def __call__(self) -> bool:
        if self._task is None:
            self._begin()
        return self._has_come

    def stop(self) -> None:
        """Hear nothing more."""
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._hear(), name="caller")

    async def _hear(self) -> None:
        more = not self._is_read
        while more:
            # What is carried by a call that only reads is let pass.
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
            more = message.get("more_body", False)
        else:
            # Behind the body a server says nothing but this. If it says something else, it is not listened to.
            message = await self._receive()
        self._has_come = message["type"] == "http.disconnect"


_A_KEY_IN_BODY = RefusedError(
    # Upstream would take it for the key that the call is made with.
    error_answer(400, "Send your key in the Authorization header, and no api_key in the body.")
)


def has_body(headers: Sequence[Header]) -> bool:
    """Whether a call carries something."""
    if find_header(headers, b"transfer-encoding"):
        return True
    return find_header(headers, b"content-length") not in (b"", b"0")


async def _go_on(begun: bytes, receive: Receive, *, more: bool) -> AsyncIterator[bytes]:
    yield begun
    end = begun[-_LONGEST_KEY:]
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the caller hung up")
        if part := message.get("body"):
            if _A_KEY.search(end + part):
                raise ConnectionError("an api_key is in the body")
            end = (end + part)[-_LONGEST_KEY:]
            yield part
        more = message.get("more_body", False)
