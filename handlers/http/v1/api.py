"""The management API as a plain ASGI application: check the key, find the route, answer, note the use."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import parse_qsl

import structlog

from desk.uses import UseKind
from handlers.http.answers import Answer, Receive, Scope, Send, send_answer
from handlers.http.errors import KEY_IN_ADDRESS_REFUSED, method_not_allowed, not_found, options, went_wrong
from handlers.http.key_check import Caller, KeyCheck
from handlers.http.v1.routes import Call, Route, RouteTable

PREFIX = "/v1/"

_log = structlog.get_logger(__name__)


class ManagementApi:
    """Everything below `/v1/`. `is_page` says whether a page id is known."""

    def __init__(self, check: KeyCheck, routes: Sequence[Route], is_page: Callable[[str], bool]) -> None:
        self._check = check
        self._routes = RouteTable(routes)
        self._is_page = is_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        method = scope["method"]
        answer = await self._answer(scope, receive, method)
        await send_answer(send, answer, head=method == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive, method: str) -> Answer:
        caller = self._check.caller(scope)
        query: dict[str, str] = {}
        if scope["query_string"]:
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            if "api_key" in query:
                return self._refuse_key_in_address(scope, query["api_key"], caller)
        found = self._routes.find(scope["path"][len(PREFIX) :])
        if method == "OPTIONS":
            return not_found() if found is None else options(_allowed(found[0]))
        key = self._check.authenticate(caller)
        if isinstance(key, Answer):
            return key
        if found is None:
            self._check.note(key, UseKind.REFUSED, caller)
            return not_found()
        routes, path = found
        route = routes.get("GET" if method == "HEAD" else method)
        if route is None:
            self._check.note(key, UseKind.REFUSED, caller)
            return method_not_allowed(method, _allowed(routes))
        answer = await self._carry_out(route, Call(key, path, query, receive))
        self._check.note(key, _kind(route, answer), caller)
        return answer

    async def _carry_out(self, route: Route, call: Call) -> Answer:
        page_id = call.path.get("page_id")
        if page_id is not None and not self._is_page(page_id):
            return not_found()
        refusal = self._check.permit(call.key, route.need, page_id)
        if refusal is not None:
            return refusal
        try:
            return await route.handler(call)
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("call_failed", reference=reference, route=route.pattern, key_id=call.key.id, exc_info=error)
            return went_wrong(reference)

    def _refuse_key_in_address(self, scope: Scope, secret: str, caller: Caller) -> Answer:
        # The server's own access log reads this scope after the answer.
        scope["query_string"] = b"api_key=masked"
        self._check.refuse_exposed(secret.encode(), caller)
        return KEY_IN_ADDRESS_REFUSED


def _allowed(routes: Iterable[str]) -> Sequence[str]:
    methods = list(routes)
    return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]


def _kind(route: Route, answer: Answer) -> UseKind:
    if 400 <= answer.status < 500:
        return UseKind.REFUSED
    return UseKind.WRITE if route.need.write else UseKind.READ
