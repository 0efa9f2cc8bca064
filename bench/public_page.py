"""What does a reader of the public page cost, compared with an ASGI application that does nothing?

    python -m bench.public_page [--calls 20000] [--rounds 5]

Prints the time per call of each kind as a ratio to the bare application, in process and measured in turns in the same
run; and how long a new update takes to be rendered on the demo's page.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.demo.past_incidents import PAGE, write_incident_history
from desk.clock import SystemClock
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.policy import Policy
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction
from handlers.http.answers import Receive, Scope, Send
from handlers.http.app import HttpApp, create_http_app
from storage.database import Database
from tests.databases import ORGANIZATION, migrate

_ACTOR = Actor.operator("bench")


async def bare(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers, and does nothing else."""
    await send({"type": "http.response.start", "status": 200, "headers": ((b"content-length", b"2"),)})
    await send({"type": "http.response.body", "body": b"ok"})


def request(path: str, *headers: tuple[bytes, bytes]) -> Scope:
    """A request as a browser sends it."""
    usual = ((b"host", b"status.acme.example"), (b"user-agent", b"bench"), (b"accept-encoding", b"gzip, deflate, br"))
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [*usual, *headers]}


async def seconds_per_call(app: Any, scope: Scope, calls: int) -> float:
    """Mean time of a call."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(_message: Any) -> None:
        return None

    began = time.perf_counter()
    for _ in range(calls):
        await app(scope, receive, send)
    return (time.perf_counter() - began) / calls


async def measure(app: HttpApp, calls: int, rounds: int) -> None:
    """Print the table."""
    page = app.public.cache.find("status.acme.example", "/")
    assert page is not None
    cases: Sequence[tuple[str, Any, Scope]] = (
        ("bare application", bare, request("/")),
        ("the page, brotli", app, request("/")),
        ("the page, 304", app, request("/", (b"if-none-match", page.form(b"br").etag))),
        ("summary.json", app, request("/api/v2/summary.json")),
    )
    found: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    for _ in range(rounds):
        for name, called, scope in cases:
            found[name].append(await seconds_per_call(called, scope, calls))
    base = statistics.median(found["bare application"])
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:20} {middle * 1e6:7.2f} µs   {middle / base:5.2f} × bare")


def seed(tx: Transaction) -> None:
    """The demo's page with its past."""
    plant_seed(tx, read_acme())
    write_incident_history(tx)


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        migrate(f"sqlite:///{Path(folder) / 'bench.db'}")
        database = Database.from_url(f"sqlite:///{Path(folder) / 'bench.db'}").of(ORGANIZATION)
        desk = Desk(database, SystemClock(), Policy())
        desk.write_now(_ACTOR, seed)
        app = create_http_app(desk)
        async with app.running():
            await measure(app, options.calls, options.rounds)
            before, began = app.public.cache, time.perf_counter()
            desk.write_now(_ACTOR, lambda tx: create_incident(tx, PAGE, NewIncident(name="New")))
            for _ in range(10_000):
                if app.public.cache is not before:
                    break
                await asyncio.sleep(0.001)
            print(f"a new update is public after {(time.perf_counter() - began) * 1000:.0f} ms")
        database.close()


if __name__ == "__main__":
    asyncio.run(main())
