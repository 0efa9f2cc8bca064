"""The management API as a plain ASGI application: check the key, find the route, answer, note the use."""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import parse_qsl

import structlog

from desk.errors import KeydeskError
from desk.keys.ring import RingKey
from desk.keys.uses import UseKind
from handlers.http.answers import HANDLER, OTHER, Answer, Receive, Scope, Send, start_of
from handlers.http.auth.budgets import Budgets, CallCounter
from handlers.http.auth.check import Caller, KeyCheck
from handlers.http.bodies import MOST_SECONDS
from handlers.http.errors import (
    ADDRESS_AMBIGUOUS,
    ADDRESS_TOO_LONG,
    KEY_IN_ADDRESS_REFUSED,
    RefusedError,
    answer_to,
    method_not_allowed,
    not_found,
    options,
    too_many_calls,
    try_again,
    went_wrong,
)
from handlers.http.gateway.gateway import Gateway, Incoming
from handlers.http.gateway.held import WaitsError
from handlers.http.gateway.replies import BrokenOffError
from handlers.http.v1.routing import Call, Route, RouteTable
from handlers.http.v1.targets import normal_path
from storage.database import AWAY
from storage.deadline import answer_within

PREFIX = "/v1/"
MAX_QUERY = 8192
"""Bytes. Taking a query apart costs time in proportion to its length, before it is known who asks."""

SILENT_SECONDS = 1.5
"""So long, instead, whoever reads waits for a database that did not answer just now: it will hardly do so soon."""

_READING = frozenset({"GET", "HEAD"})
_READ, _WRITE, _REFUSED = UseKind.READ, UseKind.WRITE, UseKind.REFUSED
_OWN_NO = frozenset({401, 403})
_NO_ROUTES: Mapping[str, Route] = {}
_NOTHING: Mapping[str, str] = {}
_NO_WORD = re.compile(r"\W")

_log = structlog.get_logger(__name__)


def _as_it_is(answer: Answer) -> Answer:
    return answer


class ManagementApi:
    """Everything below `/v1/`, or below another prefix where refusals have another form.

    `catch_up` brings what is in memory to what other processes committed before the call: whoever wrote by one of
    them reads it by any other, and a key that one of them ended is ended.
    """

    def __init__(
        self,
        check: KeyCheck,
        routes: Sequence[Route],
        *,
        prefix: str = PREFIX,
        form: Callable[[Answer], Answer] = _as_it_is,
        gateway: Gateway | None = None,
        counter: CallCounter | None = None,
        body_seconds: float = MOST_SECONDS,
        catch_up: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._check = check
        self._prefix = prefix
        self._form = form
        self._gateway = gateway
        self._counter = counter if counter is not None else CallCounter(Budgets())
        self._body_seconds = body_seconds
        self._catch_up = catch_up
        self._routes = RouteTable(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        method = scope["method"]
        answer = await self._answer(scope, receive, send, method)
        if answer is not None:
            answer = self._form(answer)
            await send(start_of(answer))
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    async def _answer(self, scope: Scope, receive: Receive, send: Send, method: str) -> Answer | None:
        """The answer; None where it was sent already."""
        caller = self._check.caller(scope)
        if len(scope["query_string"]) > MAX_QUERY:
            # It may hold a key all the same, and the server's own log would read it after the answer.
            scope["query_string"] = b""
            return ADDRESS_TOO_LONG
        query = _NOTHING
        if scope["query_string"]:
            query = _read_query(scope["query_string"])
            if (exposed := _find_exposed(query)) is not None:
                # The server's own access log would read this scope after the answer.
                scope["query_string"] = b"api_key=masked"
                self._check.refuse_exposed(exposed, caller)
                return KEY_IN_ADDRESS_REFUSED
        target = normal_path(scope)
        if target is None:
            return ADDRESS_AMBIGUOUS
        routes, path = self._routes.find(target[len(self._prefix) :]) or (_NO_ROUTES, _NOTHING)
        if method == "OPTIONS":
            return options(_allowed(routes)) if routes else not_found()
        route = routes.get("GET" if method == "HEAD" else method)
        scope[HANDLER] = f"{self._prefix}{route.pattern}" if route is not None else OTHER
        is_silent = self._catch_up is not None and caller.secret is not None and not await self._catch_up()
        ring = self._check.confident_ring()
        if ring is None:
            ring = await self._check.ask(caller)
        there = self._gateway.find_page(target) if self._gateway is not None else None
        if self._gateway is not None and there is not None:
            key = self._check.admit(caller, self._gateway.need_of(route), there, ring=ring)
        else:
            page_id = path.get("page_id") if route else None
            key = self._check.admit(caller, route.need if route else None, page_id, ring=ring)
        if isinstance(key, Answer):
            return key
        kind = _kind_of(method)
        wait = self._counter.take(key.id)
        if wait:
            self._check.note(key, kind, caller, failed=True)
            return too_many_calls(self._counter.budgets.code, self._counter.budgets.of(key.id), wait)
        if self._gateway is not None and there is not None:
            headers, seconds = scope["headers"], self._body_seconds
            incoming = Incoming(method, target, scope["query_string"], headers, receive, path, route, seconds)
            return await self._forward(self._gateway, key, caller, incoming, send)
        if route is None:
            self._check.note(key, kind, caller, failed=True)
            return method_not_allowed(method, _allowed(routes)) if routes else not_found()
        call = Call(key, path, query, receive, scope["headers"], route.operation, self._body_seconds)
        try:
            # Most answer from memory, at once.
            given = route.handler(call)
            if isinstance(given, Answer):
                answer = given
            elif is_silent and method in _READING:
                with answer_within(SILENT_SECONDS):
                    answer = await given
            else:
                answer = await given
        except Exception as error:
            answer = _answer_to(error, route, key.id)
        if self._gateway is not None and route.pattern == "pages":
            answer = await self._gateway.list_pages(key, answer)
        # Whatever else it is answered, a call that passed the check is a use: only 401 and 403 are Keydesk's own no.
        self._check.note(key, _REFUSED if answer.status in _OWN_NO else kind, caller, failed=answer.status >= 400)
        return answer

    async def _forward(
        self, gateway: Gateway, key: RingKey, caller: Caller, call: Incoming, send: Send
    ) -> Answer | None:
        kind = _kind_of(call.method)
        try:
            passage = await gateway.answer(key, call, send)
        except WaitsError as waits:
            assert call.route is not None
            answer = await _carry_out(call.route, waits.call)
            self._check.note(key, _REFUSED if answer.status in _OWN_NO else kind, caller, failed=answer.status >= 400)
            return answer
        except BrokenOffError:
            self._check.note(key, kind, caller, failed=True)
            raise
        except Exception as error:
            self._check.note(key, kind, caller, failed=True)
            return _went_wrong(error, target=call.target, key_id=key.id)
        self._check.note(key, _REFUSED if passage.is_refused else kind, caller, failed=passage.status >= 400)
        return None


async def _carry_out(route: Route, call: Call) -> Answer:
    try:
        given = route.handler(call)
        return given if isinstance(given, Answer) else await given
    except Exception as error:
        return _answer_to(error, route, call.key.id)


def _answer_to(error: Exception, route: Route, key_id: str) -> Answer:
    if isinstance(error, RefusedError):
        return error.answer
    if isinstance(error, KeydeskError):
        return answer_to(error)
    if isinstance(error, AWAY):
        _log.warning("database_away", route=route.pattern, key_id=key_id, error=error)
        return try_again("Keydesk's database does not answer at the moment. Please try again.")
    return _went_wrong(error, route=route.pattern, key_id=key_id)


def _went_wrong(error: Exception, **about: str) -> Answer:
    reference = secrets.token_hex(4)
    _log.error("call_failed", reference=reference, exc_info=error, **about)
    return went_wrong(reference)


def _read_query(raw: bytes) -> Mapping[str, str]:
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def _find_exposed(query: Mapping[str, str]) -> str | None:
    """A key in an address, by any name that a server may read as `api_key`: Rack does `api_key[]` and `[api_key]`."""
    return next((value for name, value in query.items() if _NO_WORD.split(name.lstrip("[] "))[0] == "api_key"), None)


def _allowed(routes: Iterable[str]) -> Sequence[str]:
    methods = list(routes)
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]


def _kind_of(method: str) -> UseKind:
    return _WRITE if method not in _READING else _READ
