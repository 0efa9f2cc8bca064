"""Open connections by peer address, so that a fault can cut one as a broken network would."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Peer = tuple[str, int]


class Transports:
    """The connections that clients hold open at this moment."""

    def __init__(self) -> None:
        self._open: dict[Peer, asyncio.Transport] = {}

    def add(self, peer: Peer, transport: asyncio.Transport) -> None:
        """Remember a connection."""
        self._open[peer] = transport

    def remove(self, peer: Peer) -> None:
        """Forget a connection that is gone."""
        self._open.pop(peer, None)

    def cut(self, peer: Any) -> bool:
        """Abort the connection from this address without a word; False when it is not known."""
        transport = self._open.pop((peer[0], peer[1]), None) if peer else None
        if transport is None:
            return False
        transport.abort()
        return True


def protocol_for(transports: Transports) -> type[HttpToolsProtocol]:
    """A uvicorn HTTP protocol that keeps `transports` up to date."""

    class TrackedProtocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None:
                transports.add(self.client, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client is not None:
                transports.remove(self.client)

    return TrackedProtocol
