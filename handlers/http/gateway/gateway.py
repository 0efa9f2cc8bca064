"""The gateway: which calls are for a Statuspage elsewhere, whether they may go there, and what becomes of them."""

import asyncio
import contextlib
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from desk.commands import Naming
from desk.keys.check import Need, RingKey
from handlers.http.answers import Answer, Header, Message, Receive, Send, find_header, send_answer
from handlers.http.bodies import MAX_BYTES, MOST_SECONDS, late, read_members
from handlers.http.errors import RefusedError, error_answer, method_not_allowed, scope_missing
from handlers.http.gateway.connections import Connection, ConnectionBook
from handlers.http.gateway.forwarding import Forward, Forwarder
from handlers.http.gateway.needs import (
    find_missing,
    find_operation,
    is_about_one,
    is_decided_by_body,
    is_of_other_components,
    list_needs,
    may_either_kind,
    may_everything,
)
from handlers.http.v1.operations import Operation
from handlers.http.v1.routing import Route
from handlers.upstream.client import Body

_READING = frozenset({"GET", "HEAD"})
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""TRACE answers with what it was sent, Keydesk's key with it, and others are for proxies."""
_KINDS_REMEMBERED = 10_000
_MOST_HEARD = 4 * MAX_BYTES
_NOTHING: Mapping[str, Any] = {}


class Passage(NamedTuple):
    """What became of a call at the gateway."""

    status: int
    is_refused: bool = False
    """Keydesk itself refused it."""


class Incoming(NamedTuple):
    """A call as it came in, once its key was found good."""

    method: str
    target: str
    query: bytes
    headers: Sequence[Header]
    receive: Receive
    path: Mapping[str, str]
    route: Route | None
    body_seconds: float = MOST_SECONDS


class Gateway:
    """Answers calls for pages that are kept elsewhere. `is_elsewhere` says whether a page is."""

    def __init__(
        self,
        connections: ConnectionBook,
        forwarder: Forwarder,
        *,
        is_elsewhere: Callable[[str], bool],
        name_command: Naming,
    ) -> None:
        self._connections = connections
        self._forwarder = forwarder
        self._is_elsewhere = is_elsewhere
        self._name_command = name_command
        self._kinds: OrderedDict[tuple[str, str], bool] = OrderedDict()

    def find_page(self, target: str) -> str | None:
        """The page that a path is about, where it is kept elsewhere."""
        parts = target.split("/", 4)
        if len(parts) < 4 or parts[2] != "pages":
            return None
        page_id = parts[3].removesuffix(".json")
        return page_id if self._is_elsewhere(page_id) else None

    def need_of(self, route: Route | None) -> Need | None:
        """What a key must be allowed before the call's body is read; None where nobody knows what the call does."""
        operation = find_operation(route)
        return operation.need if operation is not None else None

    async def answer(self, key: RingKey, call: Incoming, send: Send) -> Passage:
        """Forward the call, or say why not. Raises BrokenOffError."""
        connection = self._connections.find(key.organization_id)
        if connection is None:
            return await _refuse(send, error_answer(502, "The Statuspage of this page is not connected any more."))
        if call.method not in _METHODS:
            return await _refuse(send, method_not_allowed(call.method, _METHODS))
        operation = find_operation(call.route)
        try:
            body, members = await _read_body(call)
        except RefusedError as refusal:
            return Passage((await _refuse(send, refusal.answer)).status)
        if operation is not None and is_decided_by_body(operation) and not isinstance(body, bytes | None):
            return await _refuse(send, _TOO_LARGE)
        kind = None
        if operation is not None and is_about_one(operation) and not may_either_kind(key):
            kind = await self._find_kind(connection, key, call)
            if isinstance(kind, _Heard):
                return await kind.tell(send)
        missing = _find_missing(key, operation, members, is_maintenance=bool(kind))
        if missing is not None:
            answer = scope_missing(missing.scope, missing.resource, self._name_command)
            return await _refuse(send, answer)
        if operation is None and not may_everything(key):
            return await _refuse(send, _UNKNOWN)
        if operation is not None and is_of_other_components(key, operation, call.path, members):
            return await _refuse(send, _OTHER_COMPONENTS)
        headers = call.headers if body is None else _as_json(call.headers)
        if not isinstance(body, bytes | None):
            forward = Forward(key, *_means(call, operation), headers, body)
            return Passage(await self._forwarder.forward(connection, forward, send))
        hangs_up = asyncio.create_task(_hear_hanging_up(call.receive), name="caller")
        try:
            forward = Forward(key, *_means(call, operation), headers, body, hangs_up.done)
            return Passage(await self._forwarder.forward(connection, forward, send))
        finally:
            hangs_up.cancel()

    async def _find_kind(self, connection: Connection, key: RingKey, call: Incoming) -> "bool | _Heard":
        """Whether an incident is a maintenance, as upstream says, or said when it was asked before: it stays one.

        What else upstream said, where it did not say that: nobody may change what might be of the other kind.
        """
        incident = (call.path["page_id"], call.path["incident_id"])
        if incident not in self._kinds:
            heard = _Heard()
            target = f"/v1/pages/{incident[0]}/incidents/{incident[1]}"
            with contextlib.suppress(_EnoughError):
                await self._forwarder.forward(connection, Forward(key, "GET", target, (), None), heard)
            kind = heard.kind()
            if kind is None:
                return heard
            self._kinds[incident] = kind
            if len(self._kinds) > _KINDS_REMEMBERED:
                self._kinds.popitem(last=False)
        return self._kinds[incident]


class _EnoughError(Exception):
    """More is not listened to."""


class _Heard:
    """Takes an answer instead of a caller."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._length = 0

    async def __call__(self, message: Message) -> None:
        self._length += len(message.get("body", b""))
        if self._length > _MOST_HEARD:
            # Some answers have no end.
            raise _EnoughError
        self._messages.append(message)

    def kind(self) -> bool | None:
        """Whether the incident is a maintenance; None where the answer does not say."""
        body = b"".join(message["body"] for message in self._messages[1:])
        try:
            found = json.loads(body) if self._messages[0]["status"] == 200 else None
        except ValueError:
            return None
        return bool(found.get("scheduled_for")) if isinstance(found, dict) else None

    async def tell(self, send: Send) -> Passage:
        """Tell the caller, where it is an error of which all was heard."""
        status: int = self._messages[0]["status"]
        if status < 400 or self._length > _MOST_HEARD:
            return await _refuse(send, _OF_NO_KIND)
        for message in self._messages:
            await send(message)
        return Passage(status)


def _find_missing(
    key: RingKey, operation: Operation | None, members: Mapping[str, Any], *, is_maintenance: bool
) -> Need | None:
    if operation is None or not is_decided_by_body(operation):
        return None
    return find_missing(key, list_needs(operation, members, is_maintenance=is_maintenance))


_OF_NO_KIND = error_answer(
    502, "Statuspage does not say whether this is an incident or a maintenance, so nothing was done."
)
_TOO_LARGE = error_answer(413, f"The body is larger than the {MAX_BYTES // 1024} KB that are taken here.")
_OTHER_COMPONENTS = error_answer(403, "This key is for certain components, and changes no others.")
_UNKNOWN = error_answer(
    403, "Keydesk does not know what is at this address, so only a key with every scope may go there."
)


async def _refuse(send: Send, answer: Answer) -> Passage:
    await send_answer(send, answer)
    return Passage(answer.status, is_refused=answer.status == 403)


def _means(call: Incoming, operation: Operation | None) -> tuple[str, str]:
    """The method and the target as upstream knows them."""
    if operation is None:
        method, target = call.method, call.target
    else:
        method = call.method if call.method in _READING else operation.method
        target = f"/v1/{operation.path.format_map(call.path)}"
    # Written anew, so that it falls apart into the same parts for whoever takes `;` for a separator.
    query = urlencode(parse_qsl(call.query.decode("latin-1"), True, encoding="latin-1"), encoding="latin-1")
    # Of what writes, the body says all. What Rails would read in an address beside it, nobody has decided on.
    return method, f"{target}?{query}" if query and method in _READING else target


async def _read_body(call: Incoming) -> tuple[Body | None, Mapping[str, Any]]:
    """The body as it is to be sent, and what it says. Raises RefusedError.

    What is sent is written anew from what was understood: two programs that read the same bytes as JSON and as a form
    see different things in them. Only what is too long to be understood goes on as it comes, as JSON.
    """
    if call.method in _READING or not _has_body(call.headers):
        return None, _NOTHING
    taken, more = bytearray(), True
    try:
        async with asyncio.timeout(call.body_seconds):
            while more and len(taken) <= MAX_BYTES:
                message = await call.receive()
                if message["type"] == "http.disconnect":
                    raise RefusedError(error_answer(400, "The call was given up before its body had come."))
                taken += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise late(call.body_seconds) from None
    whole = bytes(taken)
    if more or len(whole) > MAX_BYTES:
        return _go_on(whole, call.receive, more=more), _NOTHING

    async def replay() -> Message:
        return {"type": "http.request", "body": whole, "more_body": False}

    members = await read_members(call.headers, replay)
    if "api_key" in members:
        # Upstream would take it for the key that the call is made with.
        raise RefusedError(
            error_answer(400, "Send your key in the Authorization header, and no api_key in the body.")
        )
    return (json.dumps(members).encode() if members else None), members


async def _hear_hanging_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _has_body(headers: Sequence[Header]) -> bool:
    if find_header(headers, b"transfer-encoding"):
        return True
    return find_header(headers, b"content-length") not in (b"", b"0")


async def _go_on(begun: bytes, receive: Receive, *, more: bool) -> AsyncIterator[bytes]:
    yield begun
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the caller hung up")
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


def _as_json(headers: Sequence[Header]) -> Sequence[Header]:
    kept = [(name, value) for name, value in headers if name.lower() not in (b"content-type", b"content-encoding")]
    return [*kept, (b"content-type", b"application/json")]
