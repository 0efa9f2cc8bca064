"""The calls to a Statuspage elsewhere that deliver: in turn, with a key of ours that it takes."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from handlers.delivery.atlassian.failures import UNKNOWN_ANSWER, failure_on_the_way, read_wait, refusal
from handlers.delivery.deliverer import Begin, DeliveryError, Trouble
from handlers.http.answers import Header
from handlers.http.gateway.connections import Connection
from handlers.upstream.budget import OWN, NoTurnError
from handlers.upstream.client import Fault, Incoming, Outgoing, UpstreamClient, UpstreamError

_LARGEST = 8 * 1024 * 1024
_LIMITED = frozenset({420, 429})
_LONGEST_PAUSE = 120.0
_REFUSED_PAUSE = 60.0
NO_KEY = "no_key"
NOT_TAKEN = "key_not_taken"
NOT_CONNECTED = "not_connected"

FindConnection = Callable[[str], Connection | None]
"""The Statuspage of an organization."""


class _Answer(NamedTuple):
    status: int
    headers: Sequence[Header]
    body: bytes


class StatuspageCalls:
    """Asks and writes. Every failure is raised as DeliveryError; no call takes longer than `timeout`.

    `on_refused(organization, key)` is told of a key of ours that is not taken, and must not wait.
    """

    def __init__(
        self,
        client: UpstreamClient,
        find: FindConnection,
        *,
        on_refused: Callable[[str, str], None],
        timeout: timedelta,
    ) -> None:
        self._client = client
        self._find = find
        self._on_refused = on_refused
        self._timeout = timeout

    async def ask(self, organization_id: str, path: str) -> Any:
        """What a GET is answered with."""
        return await self.call(organization_id, "GET", path)

    async def call(
        self,
        organization_id: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        begin: Begin | None = None,
    ) -> Any:
        """Make one call and give its answer, read as JSON; None where it says nothing. `begin` is called right before
        it goes out."""
        connection = self._find(organization_id)
        if connection is None:
            raise DeliveryError(Trouble.ACCOUNT, method, NOT_CONNECTED)
        refused: dict[str, DeliveryError] = {}
        while True:
            key_id = await self._take_turn(connection, method, refused)
            secret = connection.secret_of(key_id)
            if secret is None:
                # Somebody dropped it this instant.
                refused[key_id] = DeliveryError(Trouble.ACCOUNT, method, NO_KEY)
                continue
            if begin is not None:
                begin()
            answer = await self._send(connection, method, path, secret.reveal(), body)
            if answer.status in (401, 403):
                # Nothing was done: whoever calls with a bad key is sent away first.
                refused[key_id] = refusal(method, answer.status, answer.headers, answer.body)
                if answer.status == 401:
                    connection.budget.pause(key_id, _REFUSED_PAUSE)
                    self._on_refused(organization_id, key_id)
                continue
            if answer.status in _LIMITED:
                wait = read_wait(answer.headers).total_seconds()
                connection.budget.pause(key_id, min(wait, _LONGEST_PAUSE))
            return _read(method, answer)

    async def _take_turn(self, connection: Connection, method: str, refused: Mapping[str, DeliveryError]) -> str:
        try:
            return await connection.budget.take(OWN, besides=frozenset(refused))
        except NoTurnError as error:
            if not connection.known.keys.keys() <= refused.keys():
                wait = timedelta(seconds=error.retry_after)
                raise DeliveryError(Trouble.WAIT, method, "no_turn", wait=wait) from error
        # Where each key may call, and may not do this, it is not the keys that are in the way.
        for key_id, failure in refused.items():
            if failure.trouble is Trouble.MESSAGE and await self._is_taken(connection, key_id):
                raise failure
        raise DeliveryError(Trouble.ACCOUNT, method, NOT_TAKEN if refused else NO_KEY)

    async def _is_taken(self, connection: Connection, key_id: str) -> bool:
        secret = connection.secret_of(key_id)
        if secret is None:
            return False
        answer = await self._send(connection, "GET", "/v1/pages", secret.reveal(), None)
        return answer.status == 200

    async def _send(
        self, connection: Connection, method: str, path: str, secret: str, body: Mapping[str, Any] | None
    ) -> _Answer:
        headers: list[Header] = [(b"authorization", b"OAuth " + secret.encode()), (b"accept", b"application/json")]
        content = None
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        call = Outgoing(method, connection.base_url + path, headers, content)
        try:
            async with asyncio.timeout(self._timeout.total_seconds()), self._client.send(call) as answer:
                found = _Answer(answer.status, answer.headers, await _read_body(answer))
        except (UpstreamError, TimeoutError) as error:
            failure = error if isinstance(error, UpstreamError) else UpstreamError(Fault.SILENT)
            connection.fuse.failed(OWN, is_for_all=failure.is_harmless)
            raise failure_on_the_way(method, failure) from error
        connection.fuse.answered(OWN)
        return found


async def _read_body(answer: Incoming) -> bytes:
    body = b""
    async for chunk in answer.chunks():
        body += chunk
        if len(body) > _LARGEST:
            # Some answers have no end.
            raise UpstreamError(Fault.CUT)
    return body


def _read(method: str, answer: _Answer) -> Any:
    if not 200 <= answer.status < 300:
        raise refusal(method, *answer)
    if not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        raise DeliveryError(Trouble.UNKNOWN, method, UNKNOWN_ANSWER, uncertain=True) from None
