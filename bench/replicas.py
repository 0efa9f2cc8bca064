"""How long after its commit does another process show an update?

    python -m bench.replicas [--updates 40] [--sqlite-only]

A second process serves the demo's page, and writes it to a folder; this one publishes updates at uneven intervals and
asks that process over HTTP, and looks into its folder, until both have the update. Prints the times as ratios to the
second within which every replica shows a new update.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench.public_page import seed
from bot.demo.past_incidents import PAGE
from desk.clock import SystemClock
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.policy import Policy
from desk.transaction import Actor, Desk
from handlers.http.app import HttpSettings
from storage.database import Database
from tests.databases import ORGANIZATION, PostgresqlServer, migrate
from tests.serving import serving

_ACTOR = Actor.operator("bench")
_PROMISE = 1.0
_SUMMARY = "api/v2/summary.json"


async def serve(url: str, folder: Path) -> None:
    """Be the other process, until somebody closes the standard input."""
    database = Database.from_url(url).of(ORGANIZATION)
    desk = Desk(database, SystemClock(), Policy())
    async with serving(desk, settings=HttpSettings(public_folder=folder)) as served:
        print(served.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    database.close()


def measure(url: str, updates: int) -> None:
    """Print what was found on one database."""
    migrate(url)
    database = Database.from_url(url).of(ORGANIZATION)
    desk = Desk(database, SystemClock(), Policy())
    desk.write_now(_ACTOR, seed)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.replicas", "--serve", url, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            with httpx.Client(base_url=address) as client:
                found = [_publish(desk, client, Path(folder), number) for number in range(updates)]
            process.stdin.close()
    database.close()
    print(f"{updates} updates on {database.engine.dialect.name}, from the commit on, as parts of the promised second")
    for name, times in (("served", [one for one, _ in found]), ("in the folder", [one for _, one in found])):
        print(f"  {name:14} {_spread(times)}")


def _publish(desk: Desk, client: httpx.Client, folder: Path, number: int) -> tuple[float, float]:
    time.sleep(random.uniform(0.05, 0.4))  # noqa: S311 - only so that no two rounds begin alike
    name = f"Update {number} of many"
    desk.write_now(_ACTOR, lambda tx: create_incident(tx, PAGE, NewIncident(name=name)))
    began = time.perf_counter()
    served = written = 0.0
    while not (served and written):
        if not served and name in client.get(f"/{_SUMMARY}").text:
            served = time.perf_counter() - began
        if not written and name in (folder / _SUMMARY).read_text(encoding="utf-8"):
            written = time.perf_counter() - began
        assert time.perf_counter() - began < 30, "the update never came"
    return served, written


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(times)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    marks = (("median", statistics.median(ordered)), ("95 of 100", late), ("slowest", ordered[-1]))
    return "   ".join(f"{name} {value / _PROMISE:.2f} ×" for name, value in marks)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve[0], Path(options.serve[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{Path(folder) / 'bench.db'}", options.updates)
    if not options.sqlite_only:
        server = PostgresqlServer()
        try:
            measure(server.url(server.create()), options.updates)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
