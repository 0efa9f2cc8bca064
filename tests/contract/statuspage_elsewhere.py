"""A Statuspage elsewhere, played by a second Keydesk on a socket, in a thread and on a database of its own."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from desk.clock import Clock
from desk.secret import Secret
from desk.transaction import Desk
from handlers.delivery.atlassian.deliverer import AtlassianDeliverer
from handlers.http.gateway.connections import Connection, Known, OpenKey
from handlers.upstream.budget import Budget
from handlers.upstream.client import UpstreamClient
from handlers.upstream.fuse import Fuses
from tests.serving import serving

PATIENCE = timedelta(seconds=10)


class ServedElsewhere:
    """Serves a desk at `url`, until `stop()`."""

    def __init__(self, desk: Desk) -> None:
        self.url = ""
        self._desk = desk
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="elsewhere")
        self._thread.start()
        assert self._ready.wait(30)
        assert self.url, "it did not start"

    def stop(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            finally:
                self._ready.set()

    async def _serve(self) -> None:
        async with serving(self._desk) as served:
            self.url = served.url
            self._ready.set()
            await self._stopping.wait()


def connection_to(url: str, clock: Clock, *secrets: str, **limits: Any) -> Connection:
    """A Statuspage with these keys, as calls meet it; they are good for any number of calls."""
    keys = {f"key {number}": secret for number, secret in enumerate(secrets, start=1)}
    known = {name: OpenKey(name, Secret(secret), None, None) for name, secret in keys.items()}
    budget = Budget(dict.fromkeys(keys), wait_seconds=limits.get("wait_seconds", 0.0), monotonic=clock.steady)
    return Connection(Known("upstream0001", url, known), budget, Fuses(clock.steady))


def deliverer_to(
    client: UpstreamClient,
    connection: Connection | None,
    clock: Clock,
    *,
    on_refused: Callable[[str, str], None] = lambda _organization, _key: None,
    lanes: int = 2,
    timeout: timedelta = PATIENCE,
) -> AtlassianDeliverer:
    """What delivers to it, for any organization."""
    return AtlassianDeliverer(
        client, lambda _organization: connection, clock, on_refused=on_refused, lanes=lanes, timeout=timeout
    )
