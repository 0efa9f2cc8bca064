"""Synchronous engine in threads, or asynchronous drivers? The measurement behind the choice in `storage/database.py`.

    python -m bench.database [--rounds 5] [--statements 400] [--sqlite-only]

Every way does the same two things from within an event loop, eight at a time: read one key by its digest, and insert
one row and commit. Prints wall-clock and CPU time per statement, and ratios to the way that Keydesk goes.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, event, insert, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from storage.database import Database
from storage.models import ApiKey, SeenEvent
from tests.databases import ORGANIZATION, PostgresqlServer, migrate

_AT_ONCE = 8
_KEYS = 2_000
_NOW = datetime.now(UTC)

Work = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class Way:
    """One way to the database, and what its rounds found, in microseconds per statement."""

    name: str
    read: Work
    write: Work
    found: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {"read": [], "write": []})


def _digest(number: int) -> str:
    return f"{number % _KEYS:064x}"


def _read(session: Session, number: int) -> None:
    assert session.scalars(select(ApiKey).where(ApiKey.sha256 == _digest(number))).one()


def _event(number: int) -> dict[str, object]:
    return {"event_id": f"Ev{number}-{time.perf_counter_ns()}", "at": _NOW, "organization_id": ORGANIZATION}


def prepare(database: Database) -> None:
    """The keys to look for."""
    rows = [
        {
            "id": f"k{number:011d}",
            "version": 1,
            "status": "active",
            "name": f"key {number}",
            "purpose": "",
            "sha256": _digest(number),
            "start": "kd_xxxx",
            "scopes": ["read"],
            "pages": None,
            "created_at": _NOW,
            "created_by": "operator:bench",
            "expires_at": _NOW + timedelta(days=90),
        }
        for number in range(_KEYS)
    ]
    with database.write() as session:
        session.execute(insert(ApiKey), rows)


def way_in_threads(database: Database) -> Way:
    """As Keydesk does it."""

    async def read(number: int) -> None:
        await database.run_read(lambda session: _read(session, number))

    async def write(number: int) -> None:
        await database.run_write(lambda session: session.execute(insert(SeenEvent), _event(number)))

    return Way("synchronous, in threads", read, write)


@asynccontextmanager
async def way_by_driver(url: str, name: str) -> AsyncIterator[Way]:
    """SQLAlchemy's asyncio extension on an asynchronous driver, with the same durability."""
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite" if sqlite else "postgresql+psycopg"))
    if sqlite:

        @event.listens_for(engine.sync_engine, "connect")
        def connect(connection: object, _entry: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)

    async def read(number: int) -> None:
        async with sessions() as session:
            await session.run_sync(lambda inner: _read(inner, number))

    async def write(number: int) -> None:
        async with sessions() as session, session.begin():
            await session.execute(insert(SeenEvent), _event(number))

    try:
        yield Way(name, read, write)
    finally:
        await engine.dispose()


async def measure(way: Way, kind: str, statements: int) -> tuple[float, float]:
    """Wall-clock and CPU microseconds per statement, eight callers at a time."""
    work = way.read if kind == "read" else way.write
    numbers = iter(range(statements))

    async def caller() -> None:
        for number in numbers:
            await work(number)

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(_AT_ONCE)))
    return (time.perf_counter() - started) / statements * 1e6, (time.process_time() - cpu) / statements * 1e6


async def compare(url: str, driver: str, rounds: int, statements: int) -> None:
    """Both ways in turn on one database, and their table."""
    migrate(url)
    database = Database.from_url(url).of(ORGANIZATION)
    prepare(database)
    async with way_by_driver(url, f"asynchronous, {driver}") as by_driver:
        ways = [way_in_threads(database), by_driver]
        for number in range(rounds + 1):
            for kind in ("read", "write"):
                for way in ways:
                    found = await measure(way, kind, statements)
                    # The first round warms up.
                    if number:
                        way.found[kind].append(found)
            with database.write() as session:
                session.execute(delete(SeenEvent))
    database.close()
    _print(make_url(url).get_backend_name(), ways)


def _print(backend: str, ways: list[Way]) -> None:
    print(f"{backend:32} {'read µs':>9} {'ratio':>6} {'CPU µs':>8}   {'commit µs':>9} {'ratio':>6} {'CPU µs':>8}")
    base = {kind: statistics.median(wall for wall, _ in ways[0].found[kind]) for kind in ("read", "write")}
    for way in ways:
        cells = []
        for kind in ("read", "write"):
            wall = statistics.median(wall for wall, _ in way.found[kind])
            cpu = statistics.median(cpu for _, cpu in way.found[kind])
            cells.append(f"{wall:9.0f} {wall / base[kind]:6.2f} {cpu:8.0f}")
        print(f"{way.name:32} {'   '.join(cells)}")
    print()


@contextmanager
def _postgresql() -> Iterator[str]:
    server = PostgresqlServer()
    try:
        yield server.url(server.create())
    finally:
        server.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--statements", type=int, default=400)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        asyncio.run(compare(url, "aiosqlite", options.rounds, options.statements))
    if not options.sqlite_only:
        with _postgresql() as url:
            asyncio.run(compare(url, "psycopg", options.rounds, options.statements))


if __name__ == "__main__":
    main()
