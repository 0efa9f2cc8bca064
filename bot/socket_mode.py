"""Socket Mode: Slack comes in over a WebSocket that we opened, so nothing of ours must be reachable."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from handlers.slack.framework.door import read_json
from handlers.slack.framework.shapes import is_well_formed

_CONNECTING_SECONDS = 0.05

_log = structlog.get_logger(__name__)


class DrainingHandler(AsyncSocketModeHandler):
    """Bolt's handler, which can also finish what is in hand before it closes."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app, app_token)
        self.client.proxy = app.client.proxy
        self._enqueue = self.client.enqueue_message
        self.client.enqueue_message = self._take  # type: ignore[method-assign]
        self._taking = True
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Answer one envelope; once `drain` was called, leave it unacknowledged, so that Slack offers it again."""
        if not self._taking:
            _log.info("slack_request_left", kind=req.type)
            return
        self._in_hand += 1
        self._idle.clear()
        try:
            await super().handle(client, req)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    async def _take(self, message: str) -> None:
        """Let Slack's client have what Slack may send. The rest is acknowledged, so that it does not come again."""
        try:
            envelope = read_json(message)
        except (ValueError, RecursionError):
            envelope = None
        if _is_envelope(envelope):
            await self._enqueue(message)
            return
        _log.warning("slack_request_malformed", bytes=len(message))
        envelope_id = envelope.get("envelope_id") if isinstance(envelope, dict) else None
        if isinstance(envelope_id, str) and envelope_id:
            await self.client.send_socket_mode_response(SocketModeResponse(envelope_id))

    async def drain(self, seconds: float) -> bool:
        """Take nothing more and wait for what is in hand. False when it took longer."""
        self._taking = False
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True


def _is_envelope(envelope: Any) -> bool:
    """Whether something is what Slack's client itself answers to, or a request of Slack's within its envelope."""
    if not isinstance(envelope, dict):
        return False
    if "envelope_id" not in envelope:
        return isinstance(envelope.get("type"), str)
    words = (envelope.get("type"), envelope["envelope_id"])
    extras: Mapping[str, type] = {"retry_attempt": int, "retry_reason": str, "accepts_response_payload": bool}
    return (
        all(isinstance(word, str) and word for word in words)
        and all(envelope.get(name) is None or isinstance(envelope[name], kind) for name, kind in extras.items())
        and isinstance(envelope.get("payload"), dict)
        and is_well_formed(envelope["payload"])
    )


class SocketMode:
    """Keeps a socket to Slack open until it is stopped.

    Slack's client reconnects by itself, but it has been seen not to. When the socket was away for `patience` seconds,
    the client is given up and a new one takes its place.
    """

    def __init__(
        self,
        make_handler: Callable[[], DrainingHandler],
        *,
        check_every: float = 1.0,
        patience: float = 20.0,
    ) -> None:
        self._make_handler = make_handler
        self._check_every = check_every
        self._patience = patience
        self._handler: DrainingHandler | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.connected = False
        """Whether the socket was open when it was last looked at."""

    async def run(self, first_url: str) -> None:
        """Connect, to the address that Slack gave, and stay connected. Returns after `stop()`."""
        loop = asyncio.get_running_loop()
        self._open(first_url)
        seen = loop.time()
        while not self._stopping.is_set():
            assert self._handler is not None
            connected = await self._handler.client.is_connected()
            if connected != self.connected:
                _log.info("slack_socket_open" if connected else "slack_socket_away")
                if not connected:
                    self._hurry(self._handler)
            self.connected = connected
            if connected:
                seen = loop.time()
            elif loop.time() - seen > self._patience:
                _log.warning("slack_socket_replaced", away_seconds=round(loop.time() - seen, 1))
                await self._close()
                self._open(None)
                seen = loop.time()
            await self._rest()

    def _hurry(self, handler: DrainingHandler) -> None:
        # By itself the client would notice a cut connection at its next ping only, up to ten seconds later.
        assert self._connecting is not None
        self._connecting.cancel()
        self._connecting = asyncio.create_task(_connect_again(handler.client))

    async def _rest(self) -> None:
        # While people wait for the socket, half a second is long.
        seconds = self._check_every if self.connected else min(self._check_every, _CONNECTING_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _open(self, url: str | None) -> None:
        self._handler = self._make_handler()
        if url is not None:
            self._handler.client.wss_uri = url
        # Connecting goes on until it succeeds; the watch must not wait for it.
        self._connecting = asyncio.create_task(self._handler.connect_async())  # type: ignore[no-untyped-call]

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within `seconds`, and close the socket."""
        self._stopping.set()
        self.connected = False
        if self._handler is not None and not await self._handler.drain(seconds):
            _log.error("slack_requests_cut_off")
        await self._close()

    async def _close(self) -> None:
        handler, self._handler = self._handler, None
        if handler is None:
            return
        client = handler.client
        tasks = [self._connecting, client.message_processor, client.message_receiver, client.current_session_monitor]
        if self._connecting is not None:
            self._connecting.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]
        # The client cancels its tasks but does not wait until they have ended.
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


async def _connect_again(client: SocketModeClient) -> None:
    try:
        await client.connect_to_new_endpoint()
    except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
        # The client tries on at each ping, and the watch replaces it when that does not help.
        _log.warning("slack_not_reached", error=str(error) or type(error).__name__)
