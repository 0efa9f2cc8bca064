"""Load on a server from this process: as many calls as it takes, over a few connections."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import cast

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Load:
    """What one round of load found."""

    calls: int
    seconds: float
    waits: list[float]
    """Seconds between each question and its answer."""

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    def percentile(self, share: float) -> float:
        """The wait, in milliseconds, that this share of the calls did not exceed."""
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


class _Caller(asyncio.Protocol):
    """Asks again as soon as it is answered. Every answer has the length of the first one."""

    def __init__(self, requests: Iterator[bytes], until: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._until = until
        self._done = done
        self._answer_length = 0
        self._received = b""
        self._missing = 0
        self._asked_at = 0.0
        self.waits: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._missing = self._answer_length
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """Count what arrives, and ask again once it is all there."""
        if not self._answer_length:
            self._received += data
            head, separator, body = self._received.partition(b"\r\n\r\n")
            if not separator:
                return
            # An answer that nothing changed has no body, and says no length.
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(body) < length:
                return
            self._answer_length = len(self._received)
        else:
            self._missing -= len(data)
            if self._missing > 0:
                return
        now = time.perf_counter()
        self.waits.append(now - self._asked_at)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of this caller."""
        if not self._done.done():
            self._done.set_result(None)


async def load(port: int, requests: Sequence[bytes], seconds: float) -> Load:
    """Call without pause over all connections for so many seconds, with these requests in turn."""
    following = cycle(requests)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    ends = [loop.create_future() for _ in range(CONNECTIONS)]
    callers: list[_Caller] = []
    for end in ends:
        make = partial(_Caller, following, started + seconds, end)
        _, caller = await loop.create_connection(make, "127.0.0.1", port)
        callers.append(caller)
    await asyncio.gather(*ends)
    waits = [wait for caller in callers for wait in caller.waits]
    return Load(len(waits), time.perf_counter() - started, waits)
