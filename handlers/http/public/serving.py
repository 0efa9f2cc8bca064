"""The public site as a running part: rendered when something changes, answered from memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import structlog

from desk.status_page.pages import TICK, PageFacts, PageView
from desk.status_page.reading import find_incident_view, read_period
from desk.transaction import Desk
from handlers.http.answers import Scope, Send
from handlers.http.public.archive import ROOM, Archive, Keeper
from handlers.http.public.asked_for import AskedFor
from handlers.http.public.document import Document
from handlers.http.public.document_cache import Addresses, DocumentCache, fill_cache, read_views
from handlers.http.public.rendering import (
    Rendered,
    incident_in,
    is_whole,
    json_incident_in,
    may_be_asked_for,
    month_in,
    render_incident,
    render_json_incident,
    render_month,
)
from handlers.http.public.send import GONE_DATA, NO_DATA, is_api, send_document
from handlers.http.public.sites import host_of, list_unclaimed, list_unnamed, plan_sites
from storage.background import end_task, end_thread
from storage.mirror import Mirror
from storage.page_addresses import claim_addresses, list_gone, read_addresses, settle_entries
from storage.signals import Topic

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_FOLDER_SECONDS = 10.0
"""After how long a folder that could not be written to is tried again."""


class Export(Keeper, Protocol):
    """Takes everything somewhere else."""

    def __call__(self, cache: DocumentCache) -> None:
        """Take over what changed in the cache."""


class PublicSite:
    """Documents of every public page, from the start of `running()` to its end.

    Put `changes` among the mirrors of a watcher: it notices commits of this process and of others, and only wakes the
    renderer, which has a thread of its own. So neither whoever commits nor the key ring waits for the rendering.
    `export` is called with each new cache, in the renderer's thread, after readers have it. The past follows step by
    step, between changes; until it is there, and beyond the `room` for it, it is rendered for whoever asks.
    """

    def __init__(
        self, desk: Desk, *, monotonic: Callable[[], float], export: Export | None = None, room: int = ROOM
    ) -> None:
        self._desk = desk
        self._everything = desk.database.everywhere
        self._export = export
        self._cache = DocumentCache()
        self._archive = Archive(self._everything, room=room, keeper=export)
        self._asked_for = AskedFor()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keydesk-public")
        # Whoever asks for old documents must not hold up new ones.
        self._old_thread = ThreadPoolExecutor(1, thread_name_prefix="keydesk-archive")
        self.changes: Mirror[None] = Mirror(
            self._everything, Topic.PAGES, lambda _session: self._wake(), monotonic=monotonic
        )

    @property
    def cache(self) -> DocumentCache:
        """What readers are answered from now."""
        return self._cache

    def find(self, scope: Scope) -> Document | None:
        """The document that a request is for, where it is in memory: nearly always."""
        return self._cache.find(_host(scope), scope["path"])

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a request for a public document; False, and nothing sent, where it is for something else."""
        document = self.find(scope)
        if document is None:
            document = await self._find_old(scope)
        if document is None and self._cache.is_gone(_host(scope), scope["path"]):
            document = GONE_DATA if is_api(scope["path"]) else self._cache.removed
        if document is None and is_api(scope["path"]):
            document = NO_DATA
        if document is None and _is_lost(scope):
            document = self._cache.missing
        if document is None:
            return False
        await send_document(send, document, scope)
        return True

    async def answer_lost(self, scope: Scope, send: Send) -> bool:
        """Say to a browser that nothing is at an address; False, and nothing sent, to whoever else asks."""
        if self._cache.missing is None or not _is_browser(scope):
            return False
        await send_document(send, self._cache.missing, scope)
        return True

    async def _find_old(self, scope: Scope) -> Document | None:
        """A document of the past: from memory, or rendered where the archive has not come to it."""
        if scope["method"] not in ("GET", "HEAD") or not may_be_asked_for(scope["path"]):
            return None
        cache, asked_for = self._cache, self._asked_for
        readings = list(_read_path(cache, _host(scope), scope["path"]))
        for place, below in readings:
            found = self._archive.find(place, below)
            if found is not None:
                return found
        readings = [(place, below) for place, below in readings if self._may_be_there(place, below)]
        if not readings:
            return None
        # Of all hosts and paths that somebody may think of, only those count that pages have.
        address = (readings[0][0].site.host or "", scope["path"])
        if address not in asked_for:
            loop = asyncio.get_running_loop()
            document = await loop.run_in_executor(self._old_thread, self._render_old, readings)
            # Into what was there before: a change in between has begun with nothing.
            asked_for.keep(address, document)
            return document
        return asked_for.get(address)

    def _may_be_there(self, place: Rendered, path: str) -> bool:
        """Whether it is to be looked for: what a complete archive has not is nowhere, but JSON is not kept there."""
        incident_id = json_incident_in(path)
        if not is_whole(path):
            return False
        if not self._archive.is_complete(place):
            return True
        return incident_id is not None and self._archive.find(place, f"/incidents/{incident_id}/") is not None

    def refresh(self) -> None:
        """Read and render now, in the calling thread. Raises what the database raises."""
        now = self._desk.clock.now()
        views, addresses = self._read(now)
        if self._settle([view.page for view in views], addresses, now):
            views, addresses = self._read(now)
        cache = fill_cache(views, self._desk.policy.base_url, now, self._cache, addresses)
        self._cache = cache
        self._archive.let_go(cache)
        if self._export is not None:
            self._export(cache)
        # Old incidents may have changed also where nothing in the cache did.
        self._archive.follow(cache)
        self._asked_for = AskedFor()

    def _read(self, now: datetime) -> tuple[Sequence[PageView], Addresses]:
        with self._everything.read() as session:
            return read_views(session, now, self._cache), Addresses(read_addresses(session), list_gone(session))

    def _settle(self, pages: Sequence[PageFacts], addresses: Addresses, now: datetime) -> bool:
        """Keep where pages are found now, and what their entries are named after, whatever becomes of them and of
        others. Whether there was something to keep."""
        unclaimed = list_unclaimed(pages, addresses.owners)
        unnamed = list_unnamed(plan_sites(pages, self._desk.policy.base_url, addresses.owners))
        if unclaimed or unnamed:
            with self._everything.write() as session:
                claim_addresses(session, unclaimed, now=now)
                settle_entries(session, unnamed)
        return bool(unclaimed or unnamed)

    def catch_up(self) -> bool:
        """Render a little more of the past, in the calling thread; whether there is more. Raises as `refresh`."""
        return self._archive.step()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Render everything, then render again after each change and each tick, within the block."""
        self._loop = asyncio.get_running_loop()
        await self._loop.run_in_executor(self._thread, self.refresh)
        task = asyncio.create_task(self._keep_fresh(self._loop), name="public")
        try:
            yield
        finally:
            await end_task(task)
            self._loop = None
            await asyncio.gather(end_thread(self._thread), end_thread(self._old_thread))

    async def _keep_fresh(self, loop: asyncio.AbstractEventLoop) -> None:
        # The past is rendered once the page itself can be read.
        wait = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await loop.run_in_executor(self._thread, self.refresh)
                await self._catch_up(loop)
                is_behind = self._export is not None and self._export.is_behind
                wait = min(self._until_tick(), _FOLDER_SECONDS) if is_behind else self._until_tick()
            except Exception as error:
                # What is shown stays; the next try is soon.
                _log.warning("public_documents_not_rendered", error=error)
                wait = _RETRY_SECONDS

    async def _catch_up(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._woken.is_set():
            if not await loop.run_in_executor(self._thread, self.catch_up):
                return

    def _until_tick(self) -> float:
        tick = TICK.total_seconds()
        return tick - self._desk.clock.now().timestamp() % tick

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._woken.set)

    def _render_old(self, readings: Sequence[tuple[Rendered, str]]) -> Document | None:
        found = (self._render_below(place, below) for place, below in readings)
        return next((document for document in found if document is not None), None)

    def _render_below(self, place: Rendered, path: str) -> Document | None:
        json_id = json_incident_in(path)
        incident_id = incident_in(path) or json_id
        month = month_in(path, place.view, place.as_of)
        if incident_id is None and month is None:
            return None
        with self._everything.read() as session:
            if month is not None:
                return render_month(place, month, list(read_period(session, place.view, month.start, month.end)))
            incident = find_incident_view(session, place.view, incident_id or "")
            if incident is None:
                return None
            return render_incident(place, incident) if json_id is None else render_json_incident(place, incident)


def _read_path(cache: DocumentCache, host: str, path: str) -> Iterator[tuple[Rendered, str]]:
    """The pages that a path may be of, each with the path below it."""
    for place in cache.places_of(host):
        for base in (place.site.base, *place.site.aliases):
            if path.startswith(f"{base}/"):
                yield place, path.removeprefix(base)
        if path.startswith("/incidents/"):
            # A permalink as messages carry it, without the page's path.
            yield place, path


def _is_lost(scope: Scope) -> bool:
    """Whether a person with a browser asks for a page that cannot be there."""
    return scope["method"] in ("GET", "HEAD") and ("/incidents/" in scope["path"] or "/history/" in scope["path"])


def _is_browser(scope: Scope) -> bool:
    """Whether who asks reads pages; programs ask for JSON, or for anything."""
    accepted = (value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] in ("GET", "HEAD") and any(b"text/html" in value for value in accepted)


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return host_of(value)
    return ""
