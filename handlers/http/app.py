"""Everything that Keydesk answers over HTTP, as one ASGI application."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from desk.keys.ring import KeyRing, follow_key_ring, read_key_ring, read_one_key
from desk.keys.uses import UseLog
from desk.transaction import Desk
from handlers.http.answers import HANDLER, OTHER, Receive, Scope, Send
from handlers.http.auth.addresses import Network
from handlers.http.auth.budgets import Budgets, CallCounter
from handlers.http.auth.check import KeyCheck
from handlers.http.auth.use_flusher import UseFlusher
from handlers.http.bodies import MOST_SECONDS
from handlers.http.description.documents import make_description_documents
from handlers.http.gateway.assembly import UpstreamOptions, UpstreamParts
from handlers.http.health import Check, alive_route, health_routes, metrics_route
from handlers.http.own.app import PREFIX as OWN_PREFIX
from handlers.http.own.app import create_own_api
from handlers.http.own.naming import on_api
from handlers.http.public.document import Document
from handlers.http.public.export import FolderExport
from handlers.http.public.send import send_document
from handlers.http.public.serving import PublicSite
from handlers.http.v1.app import PREFIX, ManagementApi
from handlers.http.v1.documents import Documents, read_page_documents
from handlers.http.v1.handlers import make_handlers
from handlers.http.v1.operations import make_routes
from handlers.measuring import look_at_mirrors, look_at_upstreams
from handlers.metrics import Metrics
from storage.mirror import Mirror
from storage.signals import Topic
from storage.watcher import Watcher

_PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The numbers that the HTTP side reads."""

    use_flush_interval: timedelta = timedelta(seconds=1)
    """How often uses of keys are written down: what a kill can lose of them, and of nothing else."""
    revision_interval: timedelta = timedelta(seconds=1)
    """How often other processes' changes are looked for; a key revoked elsewhere stops working within this time."""
    catch_up_within: timedelta = timedelta(seconds=1)
    """For how long a call on PostgreSQL waits to hear what other processes committed before it."""
    distrust_after: timedelta = timedelta(seconds=5)
    """API calls get 503 when for this long nobody could tell whether the key ring is up to date."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of proxies whose `X-Forwarded-For` is believed."""
    budgets: Budgets = field(default_factory=Budgets)
    """How many calls of the API keys have within a minute."""
    body_seconds: float = MOST_SECONDS
    """Within which time a call's body comes."""
    upstreams: UpstreamOptions = field(default_factory=UpstreamOptions)
    public_folder: Path | None = None
    """Where every public document is written too, for a file server; None: nowhere."""


class HttpApp:
    """The ASGI application. It answers properly within `running()`; serve it without ASGI lifespan."""

    def __init__(
        self,
        *,
        api: ManagementApi,
        own_api: ManagementApi,
        descriptions: Mapping[str, Document],
        public: PublicSite,
        rest: Starlette,
        check: KeyCheck,
        flusher: UseFlusher,
        watcher: Watcher,
        upstreams: UpstreamParts,
        management: Starlette | None = None,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._api = api
        self._own_api = own_api
        self._descriptions = descriptions
        self._rest = rest
        self.public = public
        self._watcher = watcher
        self._flusher = flusher
        self.management = management
        """What answers at the management address, where there is one."""
        self.key_check = check
        self.upstreams = upstreams

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request, and time it where somebody wants to know.

        Nothing here waits: it only finds who answers, and a coroutine more for each request is felt.
        """
        if self._metrics is None:
            return self._answer(scope, receive, send)
        return self._answer_timed(self._metrics, scope, receive, send)

    async def _answer_timed(self, metrics: Metrics, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = self._monotonic(), 0

        async def note(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._answer(scope, receive, note)
        finally:
            metrics.call_answered(scope.get(HANDLER, OTHER), status, self._monotonic() - began)

    def _answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """API calls and public documents take the short way; everything else goes to Starlette."""
        if scope["type"] != "http":
            return self._rest(scope, receive, send)
        path = scope["path"]
        if (described := self._descriptions.get(path)) is not None:
            return send_document(send, described, scope)
        if path.startswith(PREFIX):
            return self._api(scope, receive, send)
        if path.startswith(OWN_PREFIX):
            return self._own_api(scope, receive, send)
        if (document := self.public.find(scope)) is not None:
            scope[HANDLER] = _PUBLIC
            return send_document(send, document, scope)
        return self._answer_from_the_past(scope, receive, send)

    async def _answer_from_the_past(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self.public.answer(scope, send):
            scope[HANDLER] = _PUBLIC
        else:
            await self._rest(scope, receive, send)

    async def flush(self) -> None:
        """Write down now what was noted of uses, those of suspended keys too. Raises what the database raises."""
        await self._flusher.flush()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load what is kept in memory and keep it up to date within the block; write uses down at its end.

        Stop the server inside the block, so that the last calls are noted too. Raises what the database raises
        when the first loading fails.
        """
        await self._watcher.load()
        self._watcher.start()
        self._flusher.start()
        try:
            async with self.public.running():
                yield
        finally:
            await self._watcher.stop()
            await self.upstreams.close()
            await self._flusher.close()


@cache
def _release() -> str:
    """What runs. To look it up takes as long as to make half of an application."""
    return version_of("keydesk")


def create_http_app(
    desk: Desk,
    *,
    routes: Sequence[BaseRoute] = (),
    checks: Mapping[str, Check] | None = None,
    warnings: Mapping[str, Check] | None = None,
    settings: HttpSettings | None = None,
    metrics: Metrics | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> HttpApp:
    """Assemble the application. With `metrics`, it has a `management` side for `/readyz` and `/metrics`.

    `routes` are Starlette's, for everything but `/v1/`, `/healthz` and `/readyz` (as `/slack/events`). `checks`
    join the key ring's own in `/readyz`, `warnings` are said there. `monotonic` tells seconds and never goes back.
    """
    settings = settings or HttpSettings()
    # Whose a key is, is known once it is found: these are the keys and pages of all organizations.
    everything = desk.database.everywhere
    ring: Mirror[KeyRing] = Mirror(everything, Topic.KEYS, read_key_ring, follow=follow_key_ring, monotonic=monotonic)
    documents: Mirror[Documents] = Mirror(everything, Topic.PAGES, read_page_documents, monotonic=monotonic)
    uses = UseLog()
    flusher = UseFlusher(desk, uses, interval=settings.use_flush_interval)
    check = KeyCheck(
        ring,
        uses,
        desk.clock,
        distrust_after=settings.distrust_after,
        trusted_proxies=settings.trusted_proxies,
        read_key=lambda digest: everything.run_read(partial(read_one_key, digest=digest)),
        is_page=lambda key, page_id: page_id in documents.value.of(key.organization_id).pages,
        name_command=desk.policy.name_command,
        on_suspended_use=flusher.tell,
        on_checked=metrics.key_checked if metrics is not None else _forget,
    )
    upstreams = UpstreamParts(
        desk,
        settings.upstreams,
        list_elsewhere=lambda: documents.value.elsewhere,
        monotonic=monotonic,
    )
    counter, seconds = CallCounter(settings.budgets, monotonic), settings.body_seconds
    # What a program is told to do next, it does by the API.
    of_api = replace(desk, policy=replace(desk.policy, name_command=on_api(desk.policy.name_command)))
    export = None
    if settings.public_folder:
        export = FolderExport(settings.public_folder, desk.database.organization or "")
        warnings = {**(warnings or {}), "public_folder": _told_by(export.find_problem)}
    warnings = {**(warnings or {}), "uses": _told_by(flusher.find_problem)}
    public = PublicSite(desk, export=export, monotonic=monotonic)
    health = health_routes({"keys": _ring_check(ring, check), **(checks or {})}, warnings or {})
    management = None
    if metrics is not None:
        management = _make_starlette([*health, metrics_route(metrics)])
        health = [alive_route()]
    rest = _make_starlette([*health, upstreams.hooks.route(), *routes])
    rest.router.default = _page_or(rest.router.not_found, public)
    mirrors: Sequence[Mirror[Any]] = [ring, documents, public.changes, upstreams.mirror, upstreams.changes]
    watcher = Watcher(
        desk.database,
        mirrors,
        interval=settings.revision_interval,
        patience=settings.catch_up_within,
        monotonic=monotonic,
    )
    # On SQLite the others are commands that people type, and a tenth of a second behind.
    catch_up = watcher.catch_up if desk.database.engine.dialect.name == "postgresql" else None
    api = ManagementApi(
        check,
        make_routes(make_handlers(of_api, documents)),
        gateway=upstreams.gateway,
        counter=counter,
        body_seconds=seconds,
        catch_up=catch_up,
    )
    if metrics is not None:
        metrics.add_look(look_at_mirrors(mirrors))
        metrics.add_look(look_at_upstreams(upstreams.book))
    return HttpApp(
        api=api,
        own_api=create_own_api(check, of_api, counter=counter, body_seconds=seconds, catch_up=catch_up),
        descriptions=make_description_documents(_release(), desk.policy.base_url),
        public=public,
        rest=rest,
        check=check,
        flusher=flusher,
        watcher=watcher,
        upstreams=upstreams,
        management=management,
        metrics=metrics,
        monotonic=monotonic,
    )


def _make_starlette(routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(routes=routes, exception_handlers={HTTPException: _as_json})
    # An address with a slash too many is none of ours; Starlette would send it on to whatever host the caller names.
    app.router.redirect_slashes = False
    return app


def _page_or(otherwise: ASGIApp, public: PublicSite) -> ASGIApp:
    """What answers where no route leads: a page to a browser, and `otherwise` to programs."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not await public.answer_lost(scope, send):
            await otherwise(scope, receive, send)

    return answer


def _ring_check(ring: Mirror[KeyRing], check: KeyCheck) -> Check:
    async def look() -> str | None:
        if check.is_confident():
            return None
        age = ring.age()
        since = "never" if math.isinf(age) else f"for {age:.0f} seconds not"
        return (
            f"The key ring was {since} compared with the database; until it is, each API call asks for its own key."
        )

    return look


def _told_by(find_problem: Callable[[], str | None]) -> Check:
    async def look() -> str | None:
        return find_problem()

    return look


def _forget(_result: str) -> None:
    pass


async def _as_json(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"error": error.detail, "message": error.detail}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
