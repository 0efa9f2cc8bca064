"""`/healthz`: the process runs. `/readyz`: everything that it needs answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from handlers.http.answers import Answer, Receive, Scope, Send, send_answer
from handlers.http.errors import method_not_allowed

Ping = Callable[[], Awaitable[str | None]]
"""Says what is wrong in a few words that may be public, or None when all is well."""

HEALTH_PATH = "/healthz"
READY_PATH = "/readyz"
_PING_SECONDS = 2.0


class Health:
    """Answers load balancers and orchestrators. `pings` are walked at each `/readyz`, all at once."""

    def __init__(self, pings: Mapping[str, Ping]) -> None:
        self._pings = pings
        self.stopping = False
        """Set when the process begins to stop: it is alive still, but wants no more work."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to one of the two paths."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await send_answer(send, method_not_allowed(method, ("GET", "HEAD")))
            return
        answer = _answer(200, {"status": "alive"}) if scope["path"] == HEALTH_PATH else await self._ready()
        await send_answer(send, answer, head=method == "HEAD")

    async def _ready(self) -> Answer:
        problems = await asyncio.gather(*map(_ask, self._pings.values()))
        checks = {name: problem or "ok" for name, problem in zip(self._pings, problems, strict=True)}
        if self.stopping:
            checks["process"] = "stopping"
        ready = not self.stopping and not any(problems)
        return _answer(200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": checks})


async def _ask(ping: Ping) -> str | None:
    try:
        return await asyncio.wait_for(ping(), _PING_SECONDS)
    except TimeoutError:
        return f"no answer within {_PING_SECONDS:g} seconds"
    except Exception as error:
        # What exactly went wrong may name hosts and users; the kind is enough for the outside.
        return f"failed: {type(error).__name__}"


def _answer(status: int, body: Mapping[str, object]) -> Answer:
    return Answer(status, json.dumps(body).encode())
