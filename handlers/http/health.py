"""`/healthz`: the process runs. `/readyz`: everything that it needs answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from desk.errors import LateError
from handlers.metrics import CONTENT_TYPE, Metrics
from storage.database import AWAY
from storage.deadline import TooLateError, answer_within

Check = Callable[[], Awaitable[str | None]]
"""Says what is wrong in words that may be public, or None when all is well."""

_CHECK_SECONDS = 2.0


def health_routes(checks: Mapping[str, Check], warnings: Mapping[str, Check]) -> Sequence[BaseRoute]:
    """`/healthz` and `/readyz`; the latter asks all at once, and answers 503 when one has a problem.

    `warnings` are for whoever looks: what they find is said there, and is no reason to send requests elsewhere.
    """

    async def readyz(_request: Request) -> Response:
        said = await asyncio.gather(*map(_ask, (*checks.values(), *warnings.values())))
        problems, warned = said[: len(checks)], said[len(checks) :]
        ready = not any(problems)
        return JSONResponse(
            {
                "status": "ready" if ready else "not ready",
                "checks": {name: problem or "ok" for name, problem in zip(checks, problems, strict=True)},
                "warnings": {name: found for name, found in zip(warnings, warned, strict=True) if found},
            },
            status_code=200 if ready else 503,
        )

    return [alive_route(), Route("/readyz", readyz)]


def alive_route() -> BaseRoute:
    """`/healthz`, which says nothing but that the process answers."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    return Route("/healthz", healthz)


def metrics_route(metrics: Metrics) -> BaseRoute:
    """`/metrics`, for Prometheus. 503 where what is counted in the database cannot be read."""

    async def read(_request: Request) -> Response:
        try:
            with answer_within(_CHECK_SECONDS):
                text = await metrics.render()
        except (*AWAY, TooLateError, LateError) as error:
            return PlainTextResponse(f"The database does not answer: {type(error).__name__}\n", status_code=503)
        return Response(text, headers={"content-type": CONTENT_TYPE})

    return Route("/metrics", read)


async def _ask(check: Check) -> str | None:
    try:
        # What is not answered leaves no thread behind: somebody asks again in a few seconds.
        with answer_within(_CHECK_SECONDS):
            async with asyncio.timeout(_CHECK_SECONDS):
                return await check()
    except (TimeoutError, TooLateError, LateError):
        return f"no answer within {_CHECK_SECONDS:g} seconds"
    except Exception as error:
        # What exactly went wrong may name hosts and users; its kind is enough for the outside.
        return f"failed: {type(error).__name__}"
