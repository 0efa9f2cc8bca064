"""What a Statuspage elsewhere tells when something changes there. All that is believed is that it is time to look.

Statuspage posts JSON for each change of a component's state, an incident or a maintenance, signs nothing, names the
page, and wants a 2xx within thirty seconds.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from handlers.http.bodies import MAX_BYTES
from handlers.http.gateway.connections import ConnectionBook
from storage.background import end_task

PATH = "/hooks/statuspage/"
_BODY_SECONDS = 10.0
_PAUSE = 5.0
"""Seconds between two looks at a page, however often it is told of."""

_log = structlog.get_logger(__name__)

Look = Callable[[str, str], Awaitable[None]]
"""Copies a page of an organization anew."""


class Hooks:
    """Listens. `is_elsewhere` says whether a page is kept elsewhere, and `look` copies it anew."""

    def __init__(self, book: ConnectionBook, *, is_elsewhere: Callable[[str], bool], pause: float = _PAUSE) -> None:
        self._book = book
        self._is_elsewhere = is_elsewhere
        self._pause = pause
        self.look: Look | None = None
        self._looking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._again: set[tuple[str, str]] = set()

    def route(self) -> BaseRoute:
        """Where it calls."""
        return Route(PATH + "{secret}", self._hear, methods=["POST"])

    async def close(self) -> None:
        """Look no more."""
        for task in list(self._looking.values()):
            await end_task(task)

    async def _hear(self, request: Request) -> Response:
        sha256 = hashlib.sha256(request.path_params["secret"].encode()).hexdigest()
        organization_id = self._book.find_by_hook(sha256)
        # The server's own log would read this address after the answer.
        request.scope["path"] = PATH + "masked"
        if organization_id is None:
            return JSONResponse(
                {"error": "There is nothing here.", "message": "There is nothing here."}, status_code=404
            )
        page_id = await _read_page_id(request)
        if page_id is not None and self._is_elsewhere(page_id):
            self._begin(organization_id, page_id)
        return JSONResponse({})

    def _begin(self, organization_id: str, page_id: str) -> None:
        which = (organization_id, page_id)
        if which in self._looking:
            self._again.add(which)
            return
        self._looking[which] = asyncio.create_task(self._look(which), name="upstream_hook")

    async def _look(self, which: tuple[str, str]) -> None:
        try:
            while True:
                self._again.discard(which)
                if self.look is not None:
                    await self.look(*which)
                await asyncio.sleep(self._pause)
                if which not in self._again:
                    return
        except Exception as error:
            # The copies of every few minutes look, too.
            _log.warning("upstream_hook_failed", page_id=which[1], error=str(error))
        finally:
            self._looking.pop(which, None)
            self._again.discard(which)


async def _read_page_id(request: Request) -> str | None:
    """The page that it is about; None where nobody can tell."""
    taken = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                taken += part
                if len(taken) > MAX_BYTES:
                    return None
        said = json.loads(taken)
        page_id = said["page"]["id"]
    except (TimeoutError, ClientDisconnect, ValueError, KeyError, TypeError, RecursionError):
        return None
    return page_id if isinstance(page_id, str) else None
