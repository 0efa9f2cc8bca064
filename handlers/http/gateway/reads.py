"""What several callers read at the same time is asked of upstream once, and kept for a moment where that is wanted.

Callers share an answer only if they are allowed the same, and never one from before a change that went through here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from handlers.http.answers import Header, find_header
from handlers.http.gateway.connections import Connection
from handlers.http.gateway.forwarding import Forward, Forwarder
from handlers.http.gateway.headers import list_deciding
from handlers.http.gateway.replies import Reply

_MOST_KEPT = 1000
_MOST_BYTES = 32 * 1024 * 1024
_FRESH = (b"no-cache", b"no-store", b"max-age=0")


@dataclass(frozen=True, slots=True)
class _Kept:
    reply: Reply
    at: float


class Reads:
    """Opens answers to calls that read. `keep_seconds`: how long one may be given again; 0: not at all.

    `tell_change` lets other processes know of a change in an organization's upstream, and `monotonic` tells seconds
    and never goes back.
    """

    def __init__(
        self,
        forwarder: Forwarder,
        *,
        keep_seconds: float,
        monotonic: Callable[[], float],
        tell_change: Callable[[str], Awaitable[None]],
    ) -> None:
        self._forwarder = forwarder
        self._keep_seconds = keep_seconds
        self._monotonic = monotonic
        self._tell_change = tell_change
        self._under_way: dict[Hashable, asyncio.Future[Reply | None]] = {}
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._changes = 0

    @asynccontextmanager
    async def changing(self, organization_id: str) -> AsyncIterator[None]:
        """Within the block something may change upstream: nobody who reads after it gets what was before."""
        self.forget()
        try:
            yield
        finally:
            self.forget()
            if self._keep_seconds:
                await self._tell_change(organization_id)

    def forget(self) -> None:
        """Something changes upstream: what is asked from now on is asked anew."""
        self._changes += 1
        self._under_way.clear()
        self._kept.clear()
        self._bytes = 0

    async def open(self, connection: Connection, call: Forward) -> Reply:
        """The answer to a call that reads. It has to be closed."""
        which = _which(connection, call)
        if self._keep_seconds and (kept := self._find(which, call)) is not None:
            return kept
        if (first := self._under_way.get(which)) is not None:
            shared = await asyncio.shield(first)
            if shared is not None:
                return shared
        # Whoever waited in vain asks for themselves, so that nobody waits behind a row of others.
        return await self._ask(connection, call, which)

    async def _ask(self, connection: Connection, call: Forward, which: Hashable) -> Reply:
        changes = self._changes
        asked: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._under_way[which] = asked
        shared: Reply | None = None
        try:
            reply = await self._forwarder.open(connection, call)
            if reply.is_for_all and reply.rest is None:
                shared = reply
                if self._keep_seconds and changes == self._changes:
                    self._keep(which, reply)
            return reply
        finally:
            if self._under_way.get(which) is asked:
                del self._under_way[which]
            asked.set_result(shared)

    def _find(self, which: Hashable, call: Forward) -> Reply | None:
        wanted = find_header(call.headers, b"cache-control").lower() + find_header(call.headers, b"pragma").lower()
        kept = self._kept.get(which)
        if kept is None or any(word in wanted for word in _FRESH):
            return None
        age = self._monotonic() - kept.at
        if age >= self._keep_seconds:
            self._drop(which)
            return None
        headers: list[Header] = [(name, value) for name, value in kept.reply.headers if name != b"age"]
        return replace(kept.reply, headers=[*headers, (b"age", b"%d" % age)])

    def _keep(self, which: Hashable, reply: Reply) -> None:
        if reply.status != 200 or not reply.is_whole or b"no-store" in find_header(reply.headers, b"cache-control"):
            return
        self._drop(which)
        self._kept[which] = _Kept(reply, self._monotonic())
        self._bytes += len(reply.body)
        while len(self._kept) > _MOST_KEPT or self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, which: Hashable) -> None:
        if (kept := self._kept.pop(which, None)) is not None:
            self._bytes -= len(kept.reply.body)


def _which(connection: Connection, call: Forward) -> Hashable:
    key = call.key
    return (
        *(connection.known.upstream_id, call.method, call.target, list_deciding(call.headers)),
        *(key.organization_id, key.scopes, key.pages, key.components),
    )
