"""One call, forwarded: its turn waited for, sent with Keydesk's own key, and its answer passed on as it comes.

What the caller hears is upstream's own, except where it is about Keydesk's key or its way there: then a sentence says
whose fault it is.
"""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import structlog

from desk.keys.check import RingKey
from handlers.http.answers import Answer, Header, Send, send_answer
from handlers.http.errors import error_answer
from handlers.http.gateway.connections import Connection
from handlers.http.gateway.headers import list_given, list_sent
from handlers.upstream.budget import NoTurnError
from handlers.upstream.client import Body, Fault, Incoming, Outgoing, UpstreamClient, UpstreamError

_GATEWAY_FAILURES = frozenset({502, 503, 504})
_LIMITED = frozenset({420, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_PAUSE = 120.0
_REFUSED_PAUSE = 60.0
"""After which a key that was not taken is tried again, unless somebody took it away meanwhile."""
_DEFAULT_PAUSE = 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Forward:
    """A call that may go on."""

    key: RingKey
    method: str
    target: str
    """Its path in the form in which it was decided on, and its query."""
    headers: Sequence[Header]
    body: Body | None
    is_given_up: Callable[[], bool] = lambda: False
    """Whether the caller is gone, so that nobody reads the rest of an answer."""


class BrokenOffError(Exception):
    """An answer broke off when the caller had half of it: the connection to the caller has to break off too."""


class Forwarder:
    """Forwards calls.

    `limit_code` is what tells callers to come again later, 420 or 429: clients know the one or the other.
    `on_refused` is told of a key of ours that an upstream does not take, and must not wait.
    """

    def __init__(
        self,
        client: UpstreamClient,
        *,
        limit_code: int = 420,
        on_refused: Callable[[str, str], None],
    ) -> None:
        self._client = client
        self._limit_code = limit_code
        self._on_refused = on_refused

    async def forward(self, connection: Connection, call: Forward, send: Send) -> int:
        """Send the call on and its answer back; gives the status that the caller saw. Raises BrokenOffError."""
        refused: frozenset[str] = frozenset()
        while True:
            if wait := connection.fuse.seconds_to_wait():
                return await _say(send, _fuse_blown(connection, math.ceil(wait)))
            try:
                key_id = await connection.budget.take(call.key.id, besides=refused)
            except NoTurnError as error:
                if connection.known.keys.keys() <= refused:
                    return await _say(send, _no_key(connection))
                return await _say(send, self._come_later(error.retry_after))
            secret = connection.secret_of(key_id)
            if secret is None:
                continue
            if wait := connection.fuse.begin():
                return await _say(send, _fuse_blown(connection, math.ceil(wait)))
            headers = list_sent(call.headers, secret.reveal())
            body = call.body if isinstance(call.body, bytes | None) else _Coming(call.body)
            outgoing = Outgoing(call.method, connection.base_url + call.target, headers, body)
            try:
                async with self._client.send(outgoing) as answer:
                    if answer.status != 401:
                        return await self._pass_on(connection, key_id, answer, call, send)
            except (UpstreamError, ConnectionError) as error:
                if isinstance(body, _Coming) and body.is_awaited:
                    connection.fuse.given_up()
                    return await _say(send, _NOT_COME)
                if not isinstance(error, UpstreamError):
                    raise
                return await _say(send, _blame(connection, error))
            except BaseException:
                connection.fuse.given_up()
                raise
            connection.fuse.answered()
            # Nothing was done: whoever calls with a bad key is sent away first.
            refused |= {key_id}
            connection.budget.pause(key_id, _REFUSED_PAUSE)
            self._on_refused(call.key.organization_id, key_id)
            if call.body is not None and not isinstance(call.body, bytes):
                return await _say(send, _no_key(connection))

    async def _pass_on(self, connection: Connection, key_id: str, answer: Incoming, call: Forward, send: Send) -> int:
        if answer.status in _GATEWAY_FAILURES:
            connection.fuse.failed()
        else:
            connection.fuse.answered()
        if answer.status in _LIMITED:
            connection.budget.pause(key_id, _pause_of(answer.headers))
        if answer.status in _REDIRECTS:
            return await _say(send, _redirected(connection))
        if not 200 <= answer.status <= 599:
            # 101 would make the caller's connection into another thing; others mean nothing to anybody.
            return await _say(send, _odd(connection))
        started = False
        try:
            chunks = answer.chunks()
            # The first part is waited for, so that an answer that never comes is still told as one.
            first = await anext(chunks, b"")
            headers = list_given(answer.headers, status=answer.status)
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            started = True
            async for chunk in _after(first, chunks):
                if call.is_given_up():
                    return answer.status
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except UpstreamError as error:
            told = _blame(connection, error)
            if started:
                raise BrokenOffError from error
            return await _say(send, told)
        return answer.status

    def _come_later(self, retry_after: int) -> Answer:
        return error_answer(
            self._limit_code,
            "Statuspage takes about one call a second from this organization, and others were before you.",
            (b"retry-after", b"%d" % retry_after),
        )


class _Coming:
    """A body that comes bit by bit. `is_awaited`: it is the caller who lets it wait, or who broke it off."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts
        self.is_awaited = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.is_awaited = True
        part = await anext(self._parts, None)
        self.is_awaited = False
        if part is None:
            raise StopAsyncIteration
        return part


async def _after(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


async def _say(send: Send, answer: Answer) -> int:
    await send_answer(send, answer)
    return answer.status


def _pause_of(headers: Sequence[Header]) -> float:
    said = next((value for name, value in headers if name == b"retry-after"), b"")
    seconds = float(said) if said.isdigit() and len(said) < 6 else _DEFAULT_PAUSE
    return min(max(seconds, 1.0), _LONGEST_PAUSE)


_NOT_COME = error_answer(408, "The body did not come to its end in time, so Statuspage did not get it whole.")


def _blame(connection: Connection, error: UpstreamError) -> Answer:
    """Count the failure against upstream, unless it was not asked at all; gives what to say."""
    if error.fault is Fault.CROWDED:
        connection.fuse.given_up()
    else:
        connection.fuse.failed()
    return _unanswered(connection, error)


def _unanswered(connection: Connection, error: UpstreamError) -> Answer:
    if error.fault is Fault.CROWDED:
        return error_answer(503, "Too many calls to Statuspage are under way at the moment.", (b"retry-after", b"2"))
    done = (
        "nothing was done" if error.is_harmless else "what you asked for may have been done: look before you repeat"
    )
    how, status = {
        Fault.UNREACHED: ("cannot be reached", 502),
        Fault.SILENT: ("did not answer in time", 504),
        Fault.CUT: ("broke its answer off", 502),
    }[error.fault]
    return error_answer(status, f"Keydesk let this call through, and {connection.base_url} {how}; {done}.")


def _fuse_blown(connection: Connection, seconds: int) -> Answer:
    return error_answer(
        503,
        f"{connection.base_url} has not answered for a while, so this call was not sent. Please try again.",
        (b"retry-after", b"%d" % max(seconds, 1)),
    )


def _no_key(connection: Connection) -> Answer:
    if not connection.known.keys:
        return error_answer(
            502,
            "Your key is good, but Keydesk has none of its own that it could go on with; 'keydesk upstream show' says"
            " why. Nothing was done.",
        )
    return error_answer(
        502,
        f"Your key is good, but {connection.base_url} does not take Keydesk's own for this call; owners are told of"
        " keys that it takes no more. Nothing was done.",
    )


def _odd(connection: Connection) -> Answer:
    return error_answer(
        502,
        f"{connection.base_url} answered with a code that Keydesk does not pass on; what you asked for may have been"
        " done: look before you repeat.",
    )


def _redirected(connection: Connection) -> Answer:
    return error_answer(502, f"{connection.base_url} sends this call elsewhere, which Keydesk does not follow.")
