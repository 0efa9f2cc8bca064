"""Live updates for the browser pages that are open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

_BACKLOG = 5_000


class LiveHub:
    """Hands each update to the pages whose person may see it."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[dict[str, Any] | None], str] = {}

    def subscribe(self, user: str) -> asyncio.Queue[dict[str, Any] | None]:
        """A queue of frames for this person's page; None on it means that the page fell too far behind."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._queues[queue] = user
        return queue

    def unsubscribe(self, queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        """Forget a page that was closed."""
        self._queues.pop(queue, None)

    def publish(self, kind: str, audience: Callable[[str], bool] | str | None = None, **fields: Any) -> None:
        """Send a frame to one person, to those whom `audience` lets through, or to all."""
        for queue, user in list(self._queues.items()):
            if isinstance(audience, str) and user != audience:
                continue
            if callable(audience) and not audience(user):
                continue
            if queue.qsize() > _BACKLOG:
                self.unsubscribe(queue)
                queue.put_nowait(None)
                continue
            queue.put_nowait({"type": kind, **fields})
