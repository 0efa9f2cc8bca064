"""Reading much from a Statuspage elsewhere: within its budget, and trying again where it wants to be left alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from handlers.http.answers import Header
from handlers.upstream.budget import OWN, Budget
from handlers.upstream.client import Outgoing, UpstreamClient, UpstreamError
from handlers.upstream.reading import UnreadableError

_LARGEST = 64 * 1024 * 1024
_MOST_TRIES = 6
_LONGEST_WAIT = 300.0
_LIMITED = (420, 429, 503)

Sleep = Callable[[float], Awaitable[None]]


class PatientReader:
    """Reads with one key. `say` is told of what is waited for."""

    def __init__(
        self,
        client: UpstreamClient,
        base_url: str,
        secret: str,
        budget: Budget,
        *,
        say: Callable[[str], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self.base_url = base_url
        self._headers = ((b"authorization", b"OAuth " + secret.encode()), (b"accept", b"application/json"))
        self._budget = budget
        self._say = say
        self._sleep = sleep

    async def get(self, path: str) -> bytes:
        """What it answers. Raises UnreadableError."""
        for tried in range(1, _MOST_TRIES + 1):
            await self._budget.take(OWN)
            problem, wait = "", float(2**tried)
            try:
                status, headers, body = await self._call(path)
            except UpstreamError as error:
                problem = f"{self.base_url} does not answer ({error.fault})"
            else:
                if status == 200:
                    return body
                if status not in _LIMITED and status < 500:
                    raise self._refused(status, path)
                problem = f"{self.base_url} answered {status}"
                wait = _retry_after(headers) if status in _LIMITED else wait
            if tried < _MOST_TRIES:
                self._say(f"{problem}; trying again in {wait:.0f} seconds.")
                await self._sleep(wait)
        raise UnreadableError(
            f"{problem}, {_MOST_TRIES} times in a row.", "What was imported so far is kept: the same command goes on."
        )

    async def _call(self, path: str) -> tuple[int, Sequence[Header], bytes]:
        async with self._client.send(Outgoing("GET", self.base_url + path, self._headers)) as answer:
            body = bytearray()
            async for chunk in answer.chunks():
                body += chunk
                if len(body) > _LARGEST:
                    raise UnreadableError(f"{self.base_url} answers with more than anybody could keep.")
            return answer.status, answer.headers, bytes(body)

    def _refused(self, status: int, path: str) -> UnreadableError:
        if status in (401, 403):
            return UnreadableError(
                f"{self.base_url} does not take this key ({status}).",
                "Make one on Statuspage's page for API keys, and give it here.",
                status=status,
            )
        return UnreadableError(
            f"{self.base_url} answered {status} to {path}.", "Is the address right?", status=status
        )


def _retry_after(headers: Sequence[Header]) -> float:
    given = next((value for name, value in headers if name.lower() == b"retry-after"), b"60")
    return min(float(given), _LONGEST_WAIT) if given.isdigit() else 60.0
