"""The gateway: which calls are for a Statuspage elsewhere, whether they may go there, and what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from desk.commands import Naming
from desk.incidents.held import PostRule
from desk.keys.check import Need
from desk.keys.ring import RingKey
from handlers.http.answers import Answer, Header, Receive, Send, send_answer
from handlers.http.bodies import MAX_BYTES, MOST_SECONDS
from handlers.http.errors import RefusedError, error_answer, method_not_allowed, scope_missing
from handlers.http.gateway.bodies import NOTHING, HangUp, as_json, has_body, read_body
from handlers.http.gateway.connections import Connection, ConnectionBook
from handlers.http.gateway.forwarding import Forward, Forwarder
from handlers.http.gateway.held import Held, Hold, is_over, refused
from handlers.http.gateway.hiding import MOST_SEARCHED, asking_openly, hide, is_hidden_from
from handlers.http.gateway.kinds import Kinds, Told, UnsaidError
from handlers.http.gateway.makings import find_making
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
from handlers.http.gateway.once import Once
from handlers.http.gateway.pages import PagesThere
from handlers.http.gateway.posts import Post, named_apart
from handlers.http.gateway.reads import Reads
from handlers.http.gateway.replies import Reply, pass_on
from handlers.http.v1.operations import Operation
from handlers.http.v1.routing import Call, Route
from handlers.upstream.client import Body

_READING = frozenset({"GET", "HEAD"})
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""TRACE answers with what it was sent, Keydesk's key with it, and others are for proxies."""


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
    """Answers calls for pages that are kept elsewhere. `list_elsewhere` says which those are."""

    def __init__(
        self,
        connections: ConnectionBook,
        forwarder: Forwarder,
        kinds: Kinds,
        reads: Reads,
        once: Once,
        held: Held,
        *,
        list_elsewhere: Callable[[], Mapping[str, PostRule]],
        name_command: Naming,
    ) -> None:
        self._connections = connections
        self._forwarder = forwarder
        self._list_elsewhere = list_elsewhere
        self._name_command = name_command
        self._kinds = kinds
        self._reads = reads
        self._once = once
        self._held = held
        self._pages = PagesThere(connections, reads, list_elsewhere)

    def find_page(self, target: str) -> str | None:
        """The page that a path is about, where it is kept elsewhere."""
        elsewhere = self._list_elsewhere()
        # Asked at every call, and most that run Keydesk have none.
        if not elsewhere:
            return None
        parts = target.split("/", 4)
        if len(parts) < 4 or parts[2] != "pages":
            return None
        page_id = parts[3].removesuffix(".json")
        return page_id if page_id in elsewhere else None

    async def list_pages(self, key: RingKey, answer: Answer) -> Answer:
        """The answer to a key that lists its pages, in which pages that are kept elsewhere are as they are there."""
        return await self._pages.fill_in(key, answer) if self._list_elsewhere() else answer

    def need_of(self, route: Route | None) -> Need | None:
        """What a key must be allowed before the call's body is read; None where nobody knows what the call does."""
        operation = find_operation(route)
        return operation.need if operation is not None else None

    async def answer(self, key: RingKey, call: Incoming, send: Send) -> Passage:
        """Forward the call, or say why not. Raises BrokenOffError, and WaitsError where a person reads it first."""
        connection = self._connections.find(key.organization_id)
        if connection is None:
            return await _refuse(send, error_answer(502, "The Statuspage of this page is not connected any more."))
        if call.method not in _METHODS:
            return await _refuse(send, method_not_allowed(call.method, _METHODS))
        operation = find_operation(call.route)
        body, members = None, NOTHING
        try:
            if call.method not in _READING:
                body, members = await read_body(call.headers, call.receive, seconds=call.body_seconds)
            told = await self._require(connection, key, call, operation, body, members)
            if call.method not in _READING:
                await self._hold(connection, key, call, operation, (body, members), told)
        except RefusedError as refusal:
            return await _refuse(send, refusal.answer)
        except UnsaidError as unsaid:
            return Passage(await pass_on(unsaid.reply, send, head=call.method == "HEAD", is_given_up=_never))
        headers = call.headers if body is None else as_json(call.headers)
        if not isinstance(body, bytes | None):
            forward = Forward(key, *_means(call, operation), headers, body)
            return await self._pass(connection, forward, send)
        is_read = call.method not in _READING
        hangs_up = HangUp(call.receive, is_read=is_read, at_once=not is_read and has_body(call.headers))
        try:
            forward = Forward(key, *_means(call, operation), headers, body, hangs_up)
            post = _find_post(operation, call, forward, members)
            if post is None and forward.method == "POST":
                forward = named_apart(forward, members)
            return await self._pass(connection, forward, send, post)
        finally:
            hangs_up.stop()

    async def _require(
        self,
        connection: Connection,
        key: RingKey,
        call: Incoming,
        operation: Operation | None,
        body: Body | None,
        members: Mapping[str, Any],
    ) -> Told | None:
        """Raise RefusedError where the key may not do what the call says, and UnsaidError where nobody can tell.

        Gives the incident that it is about, where upstream was asked for it.
        """
        if operation is None:
            if not may_everything(key):
                raise RefusedError(_UNKNOWN)
            return None
        told = None
        if is_about_one(operation) and operation.need.write and key.components is not None:
            told = await self._kinds.look(connection, key, call.path)
        if is_decided_by_body(operation):
            if not isinstance(body, bytes | None):
                raise RefusedError(_TOO_LARGE)
            is_maintenance = told is not None and told.is_maintenance
            if told is None and is_about_one(operation) and not may_either_kind(key):
                is_maintenance = await self._kinds.is_maintenance(connection, key, call.path)
            missing = find_missing(key, list_needs(operation, members, is_maintenance=is_maintenance))
            if missing is not None:
                raise RefusedError(scope_missing(missing.scope, missing.resource, self._name_command))
        if is_of_other_components(key, operation, call.path, members, told):
            raise RefusedError(_OTHER_COMPONENTS)
        return told

    async def _hold(
        self,
        connection: Connection,
        key: RingKey,
        call: Incoming,
        operation: Operation | None,
        said: tuple[Body | None, Mapping[str, Any]],
        told: Told | None,
    ) -> None:
        """Raise WaitsError where a person reads first what the call says, or RefusedError where nobody could."""
        body, members = said
        hold = self._held.find(self.find_page(call.target) or "", operation, members)
        reopens = hold is Hold.WAITS_IF_OVER
        if reopens:
            told = told or await self._kinds.look(connection, key, call.path)
            hold = Hold.WAITS if is_over(told) else Hold.GOES_ON
        if hold is Hold.REFUSED:
            raise refused()
        if hold is Hold.WAITS and call.route is not None:
            own = Call(key, call.path, {}, call.receive, as_json(call.headers), call.route.operation)
            await self._held.keep(own, body, reopens=reopens)

    async def _pass(self, connection: Connection, call: Forward, send: Send, post: Post | None = None) -> Passage:
        is_hidden = is_hidden_from(call.key)
        if is_hidden:
            headers = asking_openly(call.headers)
            call = Forward(
                call.key, call.method, call.target, headers, call.body, call.is_given_up, must_be_whole=MOST_SEARCHED
            )
        reply = await self._open(connection, call, post)
        try:
            shown = hide(reply, call.key, connection.base_url) if is_hidden else reply
            return Passage(await pass_on(shown, send, head=call.method == "HEAD", is_given_up=call.is_given_up))
        finally:
            await reply.close()

    async def _open(self, connection: Connection, call: Forward, post: Post | None) -> Reply:
        if call.method in _READING:
            return await self._reads.open(connection, call)
        async with self._reads.changing(call.key.organization_id):
            if post is not None:
                return await self._once.open(connection, replace(post, call=call))
            return await self._forwarder.open(connection, call)


def _never() -> bool:
    return False


_TOO_LARGE = error_answer(413, f"The body is larger than the {MAX_BYTES // 1024} KB that are taken here.")
_OTHER_COMPONENTS = error_answer(403, "This key is for certain components, and changes no others.")
_UNKNOWN = error_answer(
    403, "Keydesk does not know what is at this address, so only a key with every scope may go there."
)


async def _refuse(send: Send, answer: Answer) -> Passage:
    await send_answer(send, answer)
    return Passage(answer.status, is_refused=answer.status == 403)


def _find_post(
    operation: Operation | None, call: Incoming, forward: Forward, members: Mapping[str, Any]
) -> Post | None:
    """Where the call makes something that would be there twice."""
    making = find_making(operation, call.path, members)
    return Post(forward, making, members) if making is not None else None


def _means(call: Incoming, operation: Operation | None) -> tuple[str, str]:
    """The method and the target as upstream knows them."""
    if operation is None:
        method, target = call.method, call.target
    else:
        method = call.method if call.method in _READING else operation.method
        target = f"/v1/{operation.path.format_map(call.path)}"
    # Written anew, so that it falls apart into the same parts for whoever takes `;` for a separator.
    if not call.query or method not in _READING:
        # Of what writes, the body says all. What Rails would read in an address beside it, nobody has decided on.
        return method, target
    query = urlencode(parse_qsl(call.query.decode("latin-1"), True, encoding="latin-1"), encoding="latin-1")
    return method, f"{target}?{query}" if query else target
