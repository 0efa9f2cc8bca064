"""One call, forwarded: its turn waited for, sent with Keydesk's own key, and its answer opened.

What the caller hears is upstream's own, except where it is about Keydesk's key or its way there: then a sentence says
whose fault it is.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog

from desk.keys.ring import RingKey
from desk.secret import Secret
from handlers.http.answers import Header
from handlers.http.gateway import faults
from handlers.http.gateway.connections import Connection
from handlers.http.gateway.headers import list_given, list_sent
from handlers.http.gateway.replies import Reply, Rest
from handlers.upstream.budget import NoTurnError
from handlers.upstream.client import Body, Fault, Incoming, Outgoing, UpstreamClient, UpstreamError

_log = structlog.get_logger(__name__)

_GATEWAY_FAILURES = frozenset({502, 503, 504})
_LIMITED = frozenset({420, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_DONE = frozenset(range(400, 500)) - {408, 499}
"""Of the others nobody knows: who says 408 or 499 may have passed the call on before."""
_LONGEST_PAUSE = 120.0
_REFUSED_PAUSE = 60.0
"""After which a key that was not taken is tried again, unless somebody took it away meanwhile."""
_DEFAULT_PAUSE = 60.0
SHORT = 512 * 1024
"""An answer of up to so many bytes is read whole before it is passed on,"""
_MUCH = 64 * 1024
"""So much is read, whoever still waits for it,"""
_SOON = 1.0
"""or what comes of it within so many seconds."""
MOST_OF_ONE = 25
"""Of the connections to upstream so many are one caller's."""


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
    must_be_whole: int = 0
    """Wait for so many bytes of the answer, however long it takes: it is read here."""


class Forwarder:
    """Forwards calls.

    `limit_code` is what tells callers to come again later, 420 or 429: clients know the one or the other.
    `on_refused` is told of a key of ours that an upstream does not take, and must not wait. `look_anew` reads what
    keys there are: another process may have replaced them just now.
    """

    def __init__(
        self,
        client: UpstreamClient,
        *,
        limit_code: int = 420,
        on_refused: Callable[[str, str], None],
        look_anew: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._client = client
        self._limit_code = limit_code
        self._on_refused = on_refused
        self._look_anew = look_anew

    async def open(self, connection: Connection, call: Forward) -> Reply:
        """Send the call on; gives what it is answered with, which has to be closed."""
        refused: frozenset[str] = frozenset()
        has_looked = self._look_anew is None
        while True:
            if wait := connection.fuse.seconds_to_wait(call.key.id):
                return Reply.of(faults.fuse_blown(connection.base_url, wait))
            try:
                key_id = await connection.budget.take(call.key.id, besides=refused)
            except NoTurnError as error:
                if connection.known.keys.keys() <= refused:
                    if refused and not has_looked and self._look_anew is not None:
                        has_looked = True
                        await self._look_anew()
                        continue
                    # One that was tried may have been forgotten since.
                    has_some = bool(refused or connection.known.keys)
                    return Reply.of(faults.no_key(connection.base_url, has_some=has_some))
                return Reply.of(faults.come_later(self._limit_code, error.retry_after))
            secret = connection.secret_of(key_id)
            if secret is None:
                continue
            reply = await self._try(connection, key_id, secret, call)
            if reply is not None:
                return reply
            # Nothing was done: whoever calls with a bad key is sent away first.
            refused |= {key_id}
            connection.budget.pause(key_id, _REFUSED_PAUSE)
            self._on_refused(call.key.organization_id, key_id)
            if call.body is not None and not isinstance(call.body, bytes):
                return Reply.of(faults.no_key(connection.base_url, has_some=True))

    async def _try(self, connection: Connection, key_id: str, secret: Secret, call: Forward) -> Reply | None:
        """The answer to a call with this key; None where upstream does not take it."""
        caller = call.key.id
        if connection.under_way[caller] >= MOST_OF_ONE:
            return Reply.of(faults.TOO_MANY_OF_ONE)
        if wait := connection.fuse.begin(caller):
            return Reply.of(faults.fuse_blown(connection.base_url, wait))
        headers = list_sent(call.headers, secret.reveal())
        body = call.body if isinstance(call.body, bytes | None) else _Coming(call.body)
        sending = _Sending(
            self._client.send(Outgoing(call.method, connection.base_url + call.target, headers, body)),
            connection,
            caller,
        )
        try:
            answer = await sending.begin()
            if answer.status == 401:
                await sending.close()
                connection.fuse.answered(caller)
                return None
            return await _open(connection, key_id, answer, call, sending)
        except (UpstreamError, ConnectionError) as error:
            await sending.close()
            if isinstance(body, _Coming) and body.is_awaited:
                connection.fuse.given_up(caller)
                return Reply.of(faults.NOT_COME, was_done=None)
            if not isinstance(error, UpstreamError):
                raise
            return _blame(connection, caller, error)
        except BaseException:
            connection.fuse.given_up(caller)
            await sending.close()
            raise


class _Sending:
    """A call under way, which holds one of the connections."""

    def __init__(self, sending: AbstractAsyncContextManager[Incoming], connection: Connection, caller: str) -> None:
        self._sending = sending
        self._connection = connection
        self._caller = caller
        self._is_open = False
        connection.under_way[caller] += 1

    async def begin(self) -> Incoming:
        """The head of the answer. Raises UpstreamError."""
        answer = await self._sending.__aenter__()
        self._is_open = True
        return answer

    async def close(self) -> None:
        """Let go of the connection; once, however often it is said."""
        if self._caller:
            under_way = self._connection.under_way
            under_way[self._caller] -= 1
            if not under_way[self._caller]:
                del under_way[self._caller]
            self._caller = ""
        if self._is_open:
            self._is_open = False
            await self._sending.__aexit__(None, None, None)


async def _open(connection: Connection, key_id: str, answer: Incoming, call: Forward, sending: _Sending) -> Reply:
    status, caller = answer.status, call.key.id
    if status in _GATEWAY_FAILURES:
        connection.fuse.failed(caller)
    else:
        connection.fuse.answered(caller)
    if status in _LIMITED:
        connection.budget.pause(key_id, _pause_of(answer.headers))
    if status in _REDIRECTS or not 200 <= status <= 599:
        # 101 would make the caller's connection into another thing; others mean nothing to anybody.
        await sending.close()
        sentence = faults.redirected if status in _REDIRECTS else faults.odd
        return Reply.of(sentence(connection.base_url), was_done=None, is_for_all=True)
    chunks = answer.chunks()
    secrets = connection.secrets
    given = list_given(answer.headers, status=status)
    headers = [one for one in given if not any(secret in one[1] for secret in secrets)]
    body, is_whole = await _gather(chunks, call)
    if any(secret in body for secret in secrets):
        await sending.close()
        _log.error("upstream_key_in_answer", key_id=key_id, status=status)
        return Reply.of(faults.tells_key(connection.base_url), was_done=None)
    was_done = True if status < 400 else False if status in _NOT_DONE else None
    if not is_whole:
        rest = Rest(_without(secrets, chunks, body), sending.close)
        return Reply(status, headers, body, rest, was_done=was_done)
    await sending.close()
    return Reply(status, headers, body, was_done=was_done)


async def _gather(chunks: AsyncIterator[bytes], call: Forward) -> tuple[bytes, bool]:
    """The beginning of an answer, and whether it is the whole. Raises UpstreamError."""
    begun, most = bytearray(), max(SHORT, call.must_be_whole)
    until = time.monotonic() + _SOON
    async for chunk in chunks:
        begun += chunk
        is_late = not call.must_be_whole and time.monotonic() > until
        if len(begun) > most or is_late or (len(begun) > _MUCH and call.is_given_up()):
            return bytes(begun), False
    return bytes(begun), True


async def _without(secrets: Sequence[bytes], chunks: AsyncIterator[bytes], begun: bytes) -> AsyncIterator[bytes]:
    """The rest of an answer, which breaks off where it would tell a key of ours. Raises UpstreamError."""
    longest = max(map(len, secrets), default=0)
    end = begun[-longest:]
    async for chunk in chunks:
        if any(secret in end + chunk for secret in secrets):
            raise UpstreamError(Fault.CUT)
        end = (end + chunk)[-longest:]
        yield chunk


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


def _pause_of(headers: Sequence[Header]) -> float:
    said = next((value for name, value in headers if name == b"retry-after"), b"")
    seconds = float(said) if said.isdigit() and len(said) < 6 else _DEFAULT_PAUSE
    return min(max(seconds, 1.0), _LONGEST_PAUSE)


def _blame(connection: Connection, caller: str, error: UpstreamError) -> Reply:
    """Count the failure against upstream, unless it was not asked at all; gives what to say."""
    if error.fault is Fault.CROWDED:
        connection.fuse.given_up(caller)
    else:
        connection.fuse.failed(caller, is_for_all=error.fault in (Fault.UNREACHED, Fault.UNTRUSTED))
    was_done = False if error.is_harmless else None
    return Reply.of(faults.unanswered(connection.base_url, error), was_done=was_done, is_for_all=True)
