"""What does checking a key and noting its use cost, compared with an ASGI application that does nothing?

    python -m bench.key_check [--keys 10000] [--calling 9000] [--rounds 5] [--seconds 2]

Prints, for each kind of call, CPU time per call and rate as ratios to the bare application, measured in turns in
the same run, and whether every use was counted.
"""

import argparse
import asyncio
import hashlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import uvloop
from sqlalchemy import func, insert, select

from bench.measure_load import Load, load
from bench.measure_results import Goal, keep
from desk.clock import SystemClock
from desk.policy import Policy
from desk.secret import Secret
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk
from handlers.http.v1.documents import read_page_documents
from storage.database import Database
from storage.models import ApiKey, KeyUse
from tests.databases import ORGANIZATION, PostgresqlServer, migrate


@dataclass(slots=True)
class Case:
    """One kind of call, and what its rounds found."""

    name: str
    server: "Measured"
    requests: Sequence[bytes]
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Microseconds per call, by round."""


class Measured(Protocol):
    """A server that is called, and says how much CPU time it has used."""

    port: int

    def cpu_seconds(self) -> float:
        """CPU seconds so far."""
        ...


class Server:
    """A server process that says how much CPU time it has used."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.measure_server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def cpu_seconds(self) -> float:
        """CPU seconds so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._read())

    def stop(self) -> None:
        """End it politely."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(20)


def prepare(database: Database, keys: int, known: Sequence[str]) -> None:
    """A page and so many keys, the first of these secrets; the hundredth is suspended."""
    desk = Desk(database, SystemClock(), Policy())
    desk.write_now(Actor.operator("bench"), partial(plant_seed, seed=read_acme()))
    now = desk.clock.now()
    rows = [
        {
            "id": f"k{number:011d}",
            "version": 1,
            "status": "suspended" if number == 100 else "active",
            "name": f"key {number}",
            "purpose": "",
            "sha256": hashlib.sha256((known[number] if number < len(known) else str(number)).encode()).hexdigest(),
            "start": "kd_xxxx",
            "scopes": ["read"] if number % 3 else ["read", "components:write"],
            "pages": None if number % 2 else ["acmepage0001"],
            "created_at": now,
            "created_by": "operator:bench",
            "expires_at": now + timedelta(days=90),
        }
        for number in range(max(keys, len(known)))
    ]
    with database.write() as session:
        session.execute(insert(ApiKey), rows)


def request(secret: str | None, path: str = "/v1/pages/acmepage0001/components") -> bytes:
    """A call as clients make it."""
    authorization = f"Authorization: OAuth {secret}\r\n" if secret else ""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\n{authorization}\r\n".encode()


async def measure(cases: list[Case], rounds: int, seconds: float) -> None:
    """Every case in turn, so that what else the machine does hits all of them."""
    for number in range(rounds + 1):
        for case in cases:
            before = case.server.cpu_seconds()
            found = await load(case.server.port, case.requests, seconds if number else 0.5)
            used = case.server.cpu_seconds() - before
            # The first round warms up.
            if number:
                case.loads.append(found)
                case.cpu.append(used / found.calls * 1e6)


def report(cases: list[Case]) -> None:
    """The medians, and their ratios to the first case."""
    base_cpu = statistics.median(cases[0].cpu)
    base_rate = statistics.median(found.rate for found in cases[0].loads)
    print(f"{'':28} {'CPU µs':>8} {'ratio':>6} {'calls/s':>9} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7}")
    for case in cases:
        cpu = statistics.median(case.cpu)
        rate = statistics.median(found.rate for found in case.loads)
        p50 = statistics.median(found.percentile(0.5) for found in case.loads)
        p99 = statistics.median(found.percentile(0.99) for found in case.loads)
        print(f"{case.name:28} {cpu:8.1f} {cpu / base_cpu:6.2f} {rate:9.0f} {rate / base_rate:6.2f}", end="")
        print(f" {p50:7.2f} {p99:7.2f}")


def count_uses(database: Database) -> tuple[int, int]:
    """Reads and refusals that are written down."""
    with database.read() as session:
        reads, refused = session.execute(select(func.sum(KeyUse.reads), func.sum(KeyUse.refused))).one()
    return int(reads or 0), int(refused or 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--calling", type=int, default=9_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(url)
        database = Database.from_url(url).of(ORGANIZATION)
        known = [Secret.generate().reveal() for _ in range(max(options.calling, 101))]
        prepare(database, options.keys, known)
        with database.read() as session:
            answer = b",".join(
                read_page_documents(session).of(ORGANIZATION).components["acmepage0001"].by_id.values()
            )
        same = Path(folder) / "answer.json"
        same.write_bytes(b"[" + answer + b"]")
        # Behind several replicas, a call hears first what the others committed.
        postgresql = PostgresqlServer()
        there = postgresql.url(postgresql.create())
        migrate(there)
        replica = Database.from_url(there).of(ORGANIZATION)
        prepare(replica, options.keys, known)
        replica.close()
        bare, keydesk, heard = Server("bare", str(same)), Server("keydesk", url), Server("keydesk", there)
        calling = [request(secret) for number, secret in enumerate(known) if number != 100]
        cases = [
            Case(f"bare ASGI, {same.stat().st_size} bytes", bare, calling[:1]),
            Case("key check, one key", keydesk, calling[:1]),
            Case(f"key check, {len(calling)} keys", keydesk, calling),
            Case("key check, pages", keydesk, [request(known[1], "/v1/pages")]),
            Case("key check, unknown key", keydesk, [request("kd_unknown")]),
            Case("key check, suspended key", keydesk, [request(known[100])]),
            Case("key check on PostgreSQL", heard, calling[:1]),
        ]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(cases, options.rounds, options.seconds))
        for server in (bare, keydesk, heard):
            server.stop()
        postgresql.stop()
        report(cases)
        for case, goal in zip(cases[1:3], (0.85, 0.75), strict=True):
            # Of CPU time, which other programs on the machine change less than the rate.
            ratios = [base / own for base, own in zip(cases[0].cpu, case.cpu, strict=True)]
            what = (
                f"authenticated read, {options.keys:,} keys stored, {len(case.requests):,} calling, against bare ASGI"
            )
            keep(what, Goal(least=goal), ratios, "python -m bench.key_check")
        reads, refused = count_uses(database)
        counted = sum(found.calls for case in cases[1:4] for found in case.loads)
        print(f"\n{options.keys} keys; {reads} reads and {refused} refusals written down (measured reads: {counted})")
        database.close()


if __name__ == "__main__":
    main()
