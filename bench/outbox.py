"""Does a full outbox deliver as fast as one with little in it?

    python -m bench.outbox [--waiting 12000] [--few 600] [--deliveries 300] [--rounds 3] [--sqlite-only]

A worker delivers to places that take everything at once, with `--few` messages waiting and with `--waiting`, in turn:
two for each place, which rests for a second after each. Prints the second rate as a ratio to the first.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from bench.measure_results import Goal, databases, in_turn, keep
from desk.clock import SystemClock
from desk.identifiers import new_id
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from handlers.delivery.deliverer import Begin, Drawn
from handlers.delivery.worker import OutboxWorker, Step
from storage.database import Database
from storage.models import Channel, Delivery
from storage.outbox import Claim
from tests.databases import ORGANIZATION, migrate


class _Parcel:
    async def find_arrived(self, since: datetime) -> bool:
        return False

    async def send(self, begin: Begin) -> None:
        begin()

    def note(self, tx: Transaction, *, won: bool) -> None:
        return None


class _Taking:
    """A channel whose places take everything at once."""

    lanes = 4
    timeout = timedelta(seconds=5)

    def __init__(self, pace: timedelta) -> None:
        self.pace = pace

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        return Drawn(_Parcel())

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        pass


def prepare(url: str, waiting: int, places: int) -> Database:
    """A database in which so many deliveries wait for so many places."""
    migrate(url)
    database = Database.from_url(url).of(ORGANIZATION)
    now = datetime.now(UTC)
    rows = [
        {
            "channel": Channel.WEBHOOK,
            "lane": f"place {number % places}",
            "subject": new_id(),
            "payload": {},
            "status": "pending",
            "attempts": 0,
            "due_at": now,
            "created_at": now,
        }
        for number in range(waiting)
    ]
    with database.write() as session:
        session.execute(insert(Delivery), rows)
    return database


async def deliver(database: Database, count: int, pace: timedelta) -> float:
    """Deliveries a second, over so many; those that are new to the worker are put in line before it is measured."""
    desk = Desk(database, SystemClock(), Policy())
    done = 0
    # Of CPU time on SQLite, which other programs on the machine change less.
    clock = time.process_time if database.engine.dialect.name == "sqlite" else time.perf_counter
    began = clock()

    def step(step: Step, _delivery_id: int) -> None:
        nonlocal done, began
        if step is Step.STORED:
            done += 1
            if done == 1:
                began = clock()
            if done > count:
                worker.stop()

    worker = OutboxWorker(desk, {Channel.WEBHOOK: _Taking(pace)}, on_step=step)
    await worker.run()
    return (done - 1) / (clock() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=12_000)
    parser.add_argument("--few", type=int, default=600)
    parser.add_argument("--deliveries", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:

            def way(waiting: int, address: Callable[[str], str] = address) -> Callable[[], float]:
                database = prepare(address(f"outbox{waiting}"), waiting, waiting // 2)
                return lambda: asyncio.run(deliver(database, options.deliveries, timedelta(seconds=1)))

            few, many = in_turn(options.rounds, way(options.few), way(options.waiting))
            print(f"{kind}: {options.few} waiting {few}, {options.waiting} waiting {many}")
            ratios = [after / before for before, after in zip(few, many, strict=True)]
            what = f"outbox with {options.waiting:,} waiting against {options.few:,}, {kind}"
            keep(what, Goal(least=0.9), ratios, "python -m bench.outbox")


if __name__ == "__main__":
    main()
