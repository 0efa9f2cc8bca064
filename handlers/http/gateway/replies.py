"""An answer on its way to a caller: read whole while it is short, so that nobody who reads slowly holds a connection
to upstream; passed on as it comes where it is long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from handlers.http.answers import Answer, Header, Send, send_answer
from handlers.upstream.client import UpstreamError

STALLED_SECONDS = 30.0
"""Who takes nothing of a long answer for so long gets no more of it."""
_AT_ONCE = 64 * 1024
"""So much leaves without waiting for its reader."""


class BrokenOffError(Exception):
    """An answer broke off when the caller had half of it: the connection to the caller has to break off too."""


@dataclass(slots=True)
class Rest:
    """What was not read yet of a long answer, and how to let go of it."""

    chunks: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Reply:
    """What a call is answered with. `close` it."""

    status: int
    headers: Sequence[Header]
    body: bytes
    """The beginning, or the whole where there is no `rest`."""
    rest: Rest | None = None
    answer: Answer | None = None
    """It is not upstream's: this is said instead."""
    was_done: bool | None = False
    """Whether what was asked for was done; None: perhaps."""
    is_for_all: bool = True
    """Whoever asks the same at the same time is answered so. False: it is about this caller."""
    _is_closed: bool = field(default=False, init=False)

    @classmethod
    def of(cls, answer: Answer, *, was_done: bool | None = False, is_for_all: bool = False) -> "Reply":
        """One of ours."""
        return cls(answer.status, answer.headers, answer.body, None, answer, was_done, is_for_all)

    @property
    def is_whole(self) -> bool:
        """Whether it is upstream's, and all of it is here."""
        return self.answer is None and self.rest is None

    async def close(self) -> None:
        """Read no more of it."""
        if self.rest is not None and not self._is_closed:
            self._is_closed = True
            await self.rest.close()


async def pass_on(reply: Reply, send: Send, *, head: bool, is_given_up: Callable[[], bool]) -> int:
    """Answer the caller; gives the status. Raises BrokenOffError."""
    if reply.answer is not None:
        await send_answer(send, reply.answer, head=head)
        return reply.status
    await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
    if reply.rest is None and len(reply.body) <= _AT_ONCE:
        await send({"type": "http.response.body", "body": reply.body})
        return reply.status
    try:
        await _send_part(send, reply.body)
        if reply.rest is not None:
            await _send_rest(reply.rest, send, is_given_up)
        await send({"type": "http.response.body", "body": b""})
    except (UpstreamError, TimeoutError) as error:
        raise BrokenOffError from error
    return reply.status


async def _send_rest(rest: Rest, send: Send, is_given_up: Callable[[], bool]) -> None:
    async for chunk in rest.chunks:
        if is_given_up():
            return
        await _send_part(send, chunk)


async def _send_part(send: Send, part: bytes) -> None:
    async with asyncio.timeout(STALLED_SECONDS):
        await send({"type": "http.response.body", "body": part, "more_body": True})
