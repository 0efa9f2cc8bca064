"""One call to a server elsewhere, with what it sends and answers passed on as it comes.

The interface is small, so that another library can stand behind it. `bench/gateway.py` compares two.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    DetailedPyreqwestError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.response import Response

from handlers.http.answers import Header

Body = bytes | AsyncIterator[bytes]

_NOT_CONNECTED = "client error (Connect)"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_NOT_TRUSTED = "invalid peer certificate"


class Outgoing(NamedTuple):
    """What is sent."""

    method: str
    url: str
    headers: Sequence[Header]
    body: Body | None = None


class Incoming(Protocol):
    """What is answered: its head at once, its body as it comes."""

    status: int
    headers: Sequence[Header]

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, not decompressed. Raises UpstreamError when it ends before its end."""
        ...


class Fault(StrEnum):
    """How a call failed."""

    UNREACHED = "unreached"
    """No connection came about, so nothing was done."""
    UNTRUSTED = "untrusted"
    """Its certificate is not good, so nothing was sent."""
    SILENT = "silent"
    """Nothing was answered in time. What was asked for may have been done."""
    CUT = "cut"
    """The connection broke, or what came over it was not HTTP. What was asked for may have been done."""
    CROWDED = "crowded"
    """Too many calls are under way already; nothing was sent."""


class UpstreamError(Exception):
    """The call failed on its way."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault

    @property
    def is_harmless(self) -> bool:
        """Whether certainly nothing was done."""
        return self.fault in (Fault.UNREACHED, Fault.UNTRUSTED, Fault.CROWDED)


class UpstreamClient(Protocol):
    """Calls servers elsewhere. It follows no redirect, keeps no cookie and takes nothing apart."""

    def send(self, call: Outgoing) -> AbstractAsyncContextManager[Incoming]:
        """Send it; within the block the answer comes. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client allows itself."""

    connect_seconds: float = 5.0
    silent_seconds: float = 30.0
    """How long nothing may come, before an answer or in the middle of one."""
    total_seconds: float = 120.0
    connections: int = 100
    pool_seconds: float = 5.0
    """How long a call waits for one of them."""


class _Incoming:
    def __init__(self, response: Response) -> None:
        self._response = response
        self.status = response.status
        self.headers: Sequence[Header] = _read_headers(response)

    async def chunks(self) -> AsyncIterator[bytes]:
        reader = self._response.body_reader
        with_faults = _Faults()
        while True:
            with with_faults:
                chunk = await reader.read_chunk()
            if chunk is None:
                return
            yield bytes(chunk)


def _read_headers(response: Response) -> list[Header]:
    try:
        return [
            (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers.items()
        ]
    except ValueError:
        return list(_read_good_headers(response))


def _read_good_headers(response: Response) -> Iterator[Header]:
    for name in dict.fromkeys(response.headers.keys()):
        try:
            values = response.headers.getall(name)
        except ValueError:
            # It is not ASCII, which the library does not give; the answer is good without it.
            continue
        for value in values:
            yield name.lower().encode("latin-1"), value.encode("latin-1", "replace")


class ReqwestClient:
    """By reqwest, whose work is done outside the interpreter's lock. It trusts `authorities`, in PEM, beside those
    that the machine trusts."""

    def __init__(self, limits: Limits | None = None, authorities: bytes = b"") -> None:
        limits = limits or Limits()
        builder = ClientBuilder().http1_only().follow_redirects(False).default_cookie_store(False)
        # What upstream answers is the caller's: in the form in which it comes.
        builder = builder.gzip(False).brotli(False).zstd(False).deflate(False).referer(False)
        for certificate in _PEM.findall(authorities):
            builder = builder.add_root_certificate_pem(certificate)
        builder = builder.connect_timeout(timedelta(seconds=limits.connect_seconds))
        builder = builder.read_timeout(timedelta(seconds=limits.silent_seconds))
        builder = builder.timeout(timedelta(seconds=limits.total_seconds))
        builder = builder.max_connections(limits.connections)
        builder = builder.pool_timeout(timedelta(seconds=limits.pool_seconds))
        self._client: Client = builder.pool_max_idle_per_host(limits.connections).build()

    @asynccontextmanager
    async def send(self, call: Outgoing) -> AsyncIterator[Incoming]:
        """Send it; within the block the answer comes. Raises UpstreamError."""
        request = self._client.request(call.method, call.url)
        request = request.headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers])
        if isinstance(call.body, bytes):
            request = request.body_bytes(call.body)
        elif call.body is not None:
            request = request.body_stream(call.body)
        # Otherwise the beginning of an answer is kept back until there is enough of it.
        streamed = request.streamed_read_buffer_limit(0).build_streamed()
        with _Faults():
            response = await streamed.__aenter__()
        try:
            yield _Incoming(response)
        finally:
            await streamed.__aexit__(None, None, None)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.close()


class _Faults:
    """Turns the library's errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PyreqwestError):
            raise UpstreamError(_fault_of(error)) from None


def _fault_of(error: PyreqwestError) -> Fault:
    if isinstance(error, PoolTimeoutError):
        return Fault.CROWDED
    # The library calls everything before the answer's head a failure to connect; its causes tell which were.
    causes = (error.details or {}).get("causes") or () if isinstance(error, DetailedPyreqwestError) else ()
    if any(cause["message"].startswith(_NOT_TRUSTED) for cause in causes):
        return Fault.UNTRUSTED
    if any(cause["message"] == _NOT_CONNECTED for cause in causes):
        return Fault.UNREACHED
    return Fault.SILENT if isinstance(error, RequestTimeoutError) else Fault.CUT
