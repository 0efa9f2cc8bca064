"""Rows of the table in `bench/RESULTS.md`: each measurement prints its own and keeps it there."""

import os
import platform
import re
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.databases import PostgresqlServer

RESULTS = Path(__file__).parent / "RESULTS.md"
_HEAD = """# What it costs

Each row is measured by the command beside it, as a ratio to a baseline of the same run: rounds of both in turn, the
median, and the spread from the least to the most. `make bench` measures all of them. Load comes from a second
process. A row that falls short of its goal says so.

| what | goal | result | spread | measured by | on |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a row is to reach: at most so much, or at least."""

    most: float | None = None
    least: float | None = None
    unit: str = "×"

    def __str__(self) -> str:
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        return f"{bound} {self.unit}"

    def is_met(self, found: float) -> bool:
        """Whether `found` reaches it."""
        return (self.most is None or found <= self.most) and (self.least is None or found >= self.least)


def keep(what: str, goal: Goal, found: Sequence[float], command: str) -> None:
    """Print a row, and write it in the place of its last measurement."""
    middle = statistics.median(found)
    verdict = f"{middle:.3g} {goal.unit}" + ("" if goal.is_met(middle) else " **falls short**")
    spread = f"{min(found):.3g} to {max(found):.3g}"
    row = f"| {what} | {goal} | {verdict} | {spread} | `{command}` | {_machine()} |"
    print(f"{what}: {verdict.replace('*', '')} (goal {goal}; {spread} in {len(found)} rounds)", flush=True)
    rows = dict(_rows_kept())
    rows[what] = row
    RESULTS.write_text(_HEAD + "".join(f"{line}\n" for line in rows.values()), encoding="utf-8")


def _rows_kept() -> Iterator[tuple[str, str]]:
    if RESULTS.exists():
        for line in RESULTS.read_text(encoding="utf-8").removeprefix(_HEAD).splitlines():
            if found := re.match(r"\| (.+?) \| [≤≥]", line):
                yield found[1], line


def _machine() -> str:
    versions = (
        f"Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}, SQLite {sqlite3.sqlite_version}"
    )
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores {platform.machine()}, {versions}"


def in_turn(rounds: int, *ways: Callable[[], float]) -> list[list[float]]:
    """What each way gave in each round, one after the other, after a round to warm up."""
    found: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for way, results in zip(ways, found, strict=True):
            result = way()
            if number:
                results.append(result)
    return found


@contextmanager
def databases(folder: str, *, sqlite_only: bool) -> Iterator[Sequence[tuple[str, Callable[[str], str]]]]:
    """The kinds of databases to measure on: a name, and what gives the address of a new one by a name of its own."""
    kinds: list[tuple[str, Callable[[str], str]]] = [("SQLite", lambda name: f"sqlite:///{Path(folder) / name}.db")]
    if sqlite_only:
        yield kinds
        return
    server = PostgresqlServer()
    try:
        yield [*kinds, ("PostgreSQL", lambda _name: server.url(server.create()))]
    finally:
        server.stop()
