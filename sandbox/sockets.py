"""The app's Socket Mode connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.transports import Transports

MAX_CONNECTIONS = 10
TICKET_LIFETIME = 30.0


@dataclass(eq=False)
class SocketConnection:
    """One WebSocket of the app and the answers that it still owes."""

    websocket: WebSocket
    awaited: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one frame. Raises WebSocketDisconnect or RuntimeError when the peer is gone."""
        await self.websocket.send_text(json.dumps(frame))

    def settle(self, frame: dict[str, Any]) -> bool:
        """Take an acknowledgement; False when nobody waits for it (any more)."""
        answer = self.awaited.pop(frame.get("envelope_id", ""), None)
        if answer is None or answer.done():
            return False
        answer.set_result(frame.get("payload"))
        return True

    def abandon(self) -> None:
        """Nothing more will come from here."""
        for answer in self.awaited.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the socket closed before it acknowledged"))
        self.awaited.clear()


class Sockets:
    """Hands out tickets, keeps the connections and picks one for each delivery, in turn."""

    def __init__(self, transports: Transports) -> None:
        self._transports = transports
        self._tickets: set[str] = set()
        self._connections: list[SocketConnection] = []
        self._turn = 0

    @property
    def connected(self) -> bool:
        """Whether the app is there."""
        return bool(self._connections)

    def issue_ticket(self) -> str:
        """The one-use last part of a WebSocket address."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether this ticket was issued and not used before."""
        if ticket not in self._tickets:
            return False
        self._tickets.discard(ticket)
        return True

    def add(self, connection: SocketConnection) -> int:
        """Register a connection; gives how many there are now."""
        self._connections.append(connection)
        return len(self._connections)

    def remove(self, connection: SocketConnection) -> None:
        """Forget a connection that closed."""
        if connection in self._connections:
            self._connections.remove(connection)
        connection.abandon()
        if connection.websocket.client is not None:
            self._transports.remove((connection.websocket.client.host, connection.websocket.client.port))

    def choose(self) -> SocketConnection | None:
        """The connection whose turn it is; each delivery goes to exactly one."""
        if not self._connections:
            return None
        self._turn += 1
        return self._connections[self._turn % len(self._connections)]

    async def disconnect(self, reason: str, *, leave_within: float) -> None:
        """Tell every connection to go, as Slack does before it refreshes a socket.

        Unless it is only warned, nothing new goes over it; what it owes may still come. It is closed when its app has
        not left after so many seconds, and no earlier: an app that is cut off while it moves moves a second time.
        """
        told = list(self._connections)
        if reason != "warning":
            self._connections.clear()
        for connection in told:
            try:
                await connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            except (WebSocketDisconnect, RuntimeError):
                self.remove(connection)
        if reason == "warning":
            return
        await asyncio.sleep(leave_within)
        for connection in told:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await connection.websocket.close(1000)

    def cut(self) -> None:
        """Break every connection without a word."""
        for connection in list(self._connections):
            peer = connection.websocket.client
            self._transports.cut((peer.host, peer.port) if peer else None)
            self.remove(connection)
