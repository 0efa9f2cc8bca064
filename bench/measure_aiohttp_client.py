"""The gateway's client by aiohttp, to be compared with the one that it has."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from handlers.http.answers import Header
from handlers.upstream.client import Fault, Incoming, Outgoing, UpstreamError


class _Incoming:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Sequence[Header] = [(name.lower(), value) for name, value in response.raw_headers]

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk, _ in self._response.content.iter_chunks():
            yield chunk


class AiohttpClient:
    """Its session is made with the first call, within the event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def send(self, call: Outgoing) -> AsyncIterator[Incoming]:
        """Send it; within the block the answer comes. Raises UpstreamError."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=100)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers]
        url = URL(call.url, encoded=True)
        try:
            async with self._session.request(
                call.method, url, headers=headers, data=call.body, allow_redirects=False
            ) as response:
                yield _Incoming(response)
        except aiohttp.ClientError:
            raise UpstreamError(Fault.CUT) from None

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()
