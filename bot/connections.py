"""What a connection may take: time until its request is whole, and bytes. Neither depends on what is asked for."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LAST_SECONDS = 2.0
"""So long an answer may take to leave, once the connection is to close."""
_MOST_ON_THE_WIRE = 8
"""Times the longest body: chunks of a byte take six, and what is written beside them is read to no end."""

STOPPING = "Keydesk is being stopped, and did not get to the end of this call: please try again."
_AGAIN = "retry-after: 2"
_SILENT = logging.Logger("silent")
_SILENT.disabled = True

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection may take."""

    head_seconds: float = 10.0
    """From its beginning, or the first byte of a further request, to the end of the headers."""
    body_seconds: float = 20.0
    """From the end of the headers to that of the body."""
    idle_seconds: int = 5
    """Between two requests."""
    head_bytes: int = 32_768
    """Of the request line and the headers."""
    headers: int = 100
    body_bytes: int = 1_000_000
    """Slack's largest requests are views, of up to 250 kB, URL-encoded."""


class LimitedConnection(HttpToolsProtocol):
    """Uvicorn's connection, which has none of these limits. What goes beyond them is refused and closed."""

    def __init__(self, *arguments: Any, limits: Limits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._most_on_the_wire = _MOST_ON_THE_WIRE * limits.body_bytes + limits.head_bytes
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = self._body_bytes = self._wire_bytes = 0
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to the headers; the parser keeps all of a header until it is whole."""
        if self._is_refused:
            return
        if self._timer is None and not self._is_answering():
            self._expect(self._limits.head_seconds)
        super().data_received(data)
        self._wire_bytes += len(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._timer is not None and self._wire_bytes > self._most_on_the_wire:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request was read."""
        super().on_message_begin()
        self._in_head = True
        if self._timer is None:
            self._expect(self._limits.head_seconds)
        self._head_bytes = self._body_bytes = self._wire_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read. What comes behind the body is dropped: by then the request was understood."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Everything but the body is there."""
        if self._is_refused:
            return
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.head_bytes or len(self.headers) > self._limits.headers:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._announced() > self._limits.body_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._in_head = False
            self._expect(self._limits.body_seconds)
            super().on_headers_complete()

    def _announced(self) -> int:
        lengths = [int(value) for name, value in self.headers if name == b"content-length" and value.isdigit()]
        return max(lengths, default=0)

    def on_body(self, body: bytes) -> None:
        """A part of the body; of one that is sent in chunks nobody says how long it will be."""
        if self._is_refused:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.body_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self._is_refused:
            self._expect(None)
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        if self._is_refused:
            return
        self._is_refused = True
        super().send_400_response(msg)
        self._leave()

    def cut_off(self) -> None:
        """Answer what is still in hand when the server's time is over."""
        if self._is_answering():
            _log.warning("call_cut_off", method=self.cycle.scope["method"])
            # Of a task that is cancelled, uvicorn would tell by a traceback.
            self.cycle.logger = _SILENT
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, STOPPING, _AGAIN)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._give_up, seconds)

    def _give_up(self, seconds: float) -> None:
        self._timer = None
        if self.pipeline or (self._in_head and self._is_answering()):
            # It sent more behind a request that is not answered yet.
            self._expect(seconds)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus, sentence: str | None = None, *headers: str) -> None:
        """Close the connection, with an answer where none has begun and a request has."""
        if self._is_refused:
            # Several limits may be passed by what came at once, and one answer is all that there is to say.
            return
        self._is_refused = True
        self._expect(None)
        is_unanswered = self._in_head or self.cycle is None or not self.cycle.response_started
        if self.scope is not None and is_unanswered and not self.transport.is_closing():
            said = sentence or status.phrase
            body = f'{{"error": "{said}", "message": "{said}"}}'
            lines = (
                f"HTTP/1.1 {status} {status.phrase}",
                "content-type: application/json",
                f"content-length: {len(body)}",
                "connection: close",
                *headers,
            )
            self.transport.write("\r\n".join([*lines, "", body]).encode())
            self._end_saying()
        else:
            self.transport.close()
        if self.cycle is not None:
            # Whoever still reads the body hears that there is no more of it.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._leave()

    def _end_saying(self) -> None:
        """Say no more, and let what is still sent come to nothing: a connection that is closed under a client that
        sends is reset, and the answer is lost to it."""
        if self.transport.can_write_eof():
            self.flow.resume_reading()
            with contextlib.suppress(OSError):
                # The client may be gone already.
                self.transport.write_eof()
        else:
            self.transport.close()

    def _leave(self) -> None:
        # A client that does not read would keep the connection open for its answer.
        self.loop.call_later(_LAST_SECONDS, self.transport.abort)
