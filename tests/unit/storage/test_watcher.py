"""Following what other processes commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from storage.database import Database
from storage.mirror import Mirror
from storage.models import ApiKey, Revision
from storage.signals import Topic, signal
from storage.watcher import Glance, Watcher
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import ORGANIZATION, PostgresqlServer
from tests.factories import add_key
from tests.postgresql_proxy import proxied
from tests.waiting import eventually

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


def read_names(session: Session) -> Sequence[str]:
    """The names of all keys."""
    return session.scalars(select(ApiKey.name).order_by(ApiKey.name)).all()


def add_elsewhere(database_url: str, name: str) -> None:
    """Add a key as another process does."""
    other = Database.from_url(database_url).of(ORGANIZATION)
    with other.write() as session:
        add_key(session, NOW, name=name)
        session.execute(update(Revision).where(Revision.topic == "keys").values(value=Revision.value + 1))
        signal(session, Topic.KEYS)
    other.close()


@asynccontextmanager
async def watching(database: Database, mirror: Mirror[Any], interval: timedelta) -> AsyncIterator[None]:
    """A watcher at work on one mirror."""
    watcher = Watcher(database, [mirror], interval=interval)
    await watcher.load()
    watcher.start()
    try:
        yield
    finally:
        await watcher.stop()


@pytest.fixture
def mirror(database: Database) -> Mirror[Sequence[str]]:
    """A mirror of the names of keys."""
    return Mirror(database, Topic.KEYS, read_names)


async def test_asking_finds_changes_of_other_processes(
    database: Database, database_url: str, mirror: Mirror[Sequence[str]]
) -> None:
    """On both databases, a change by another process shows within an interval."""
    async with watching(database, mirror, SOON):
        await asyncio.to_thread(add_elsewhere, database_url, "a")
        await eventually(lambda: mirror.value == ["a"])


async def test_a_change_is_told_at_once(database: Database, database_url: str, mirror: Mirror[Sequence[str]]) -> None:
    """With an interval of an hour, a notification of PostgreSQL or a glance at SQLite brings the change."""
    questions: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM revision" in statement:
            questions.append(statement)

    async with watching(database, mirror, NEVER):
        if database.engine.dialect.name == "postgresql":
            await _listening(database)
        # Loading asks once, and beginning to listen or to look asks once more.
        await eventually(lambda: len(questions) == 2)
        await asyncio.to_thread(add_elsewhere, database_url, "a")
        await eventually(lambda: mirror.value == ["a"])
        # One to learn that the mirror is old, one with the reading.
        assert len(questions) == 4


async def test_catching_up(database: Database, database_url: str, mirror: Mirror[Sequence[str]]) -> None:
    """Whoever waits has what was committed before, though nobody told of it; a hundred who wait ask twice at most."""
    questions: list[str] = []
    watcher = Watcher(database, [mirror], interval=NEVER, patience=NEVER)
    await watcher.load()
    await asyncio.to_thread(add_elsewhere, database_url, "a")

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        questions.append(statement)

    assert await watcher.catch_up()
    assert mirror.value == ["a"]
    questions.clear()
    await asyncio.gather(*(watcher.catch_up() for _ in range(100)))
    assert 1 <= len(questions) <= 2
    await watcher.stop()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nobody_waits_long_for_a_silent_database(database_url: str) -> None:
    """Where the database answers nothing, what is in memory has to do, and so it does for those who come after."""
    with proxied(database_url) as proxy:
        database = Database.from_url(proxy.url).of(ORGANIZATION)
        mirror = Mirror(database, Topic.KEYS, read_names)
        watcher = Watcher(database, [mirror], interval=NEVER, patience=SOON)
        await watcher.load()
        proxy.fall_silent()
        async with asyncio.timeout(10):
            assert [await watcher.catch_up() for _ in range(3)] == [False] * 3
        proxy.talk_again()
        await watcher.stop()
        database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_glance_at_sqlite(database: Database, database_url: str) -> None:
    """It tells once of whoever committed, never of nothing, and looks anew after it was closed."""
    glance = Glance(database.engine)
    assert [glance.look() for _ in range(3)] == [True, False, False]
    add_elsewhere(database_url, "a")
    assert [glance.look() for _ in range(3)] == [True, False, False]
    glance.close()
    assert [glance.look() for _ in range(2)] == [True, False]
    glance.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_broken_listener_connects_again_and_catches_up(
    database: Database, database_url: str, mirror: Mirror[Sequence[str]], postgresql_server: PostgresqlServer
) -> None:
    """When PostgreSQL drops the listening connection, it is made again, and what was missed is asked for."""
    async with watching(database, mirror, NEVER):
        await _listening(database)
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        await asyncio.to_thread(add_elsewhere, database_url, "a")
        await eventually(lambda: mirror.value == ["a"])


async def _listening(database: Database) -> None:
    """Wait until some connection listens."""

    def listens() -> bool:
        with database.read() as session:
            return bool(
                session.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity"
                        " WHERE query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database()"
                    )
                )
            )

    await eventually(listens)


async def test_failing_questions_are_asked_again(database: Database, mirror: Mirror[Sequence[str]]) -> None:
    """A database that fails for a while does not end the watching."""
    async with watching(database, mirror, SOON):
        with database.write() as session:
            session.execute(text("ALTER TABLE revision RENAME TO away"))
        await eventually(lambda: mirror.age() > 0.2)
        with database.write() as session:
            session.execute(text("ALTER TABLE away RENAME TO revision"))
        await eventually(lambda: mirror.age() < 0.2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20])
async def test_a_stop_at_any_moment_leaves_no_connection(
    database: Database, postgresql_server: PostgresqlServer, mirror: Mirror[Sequence[str]], turns: int
) -> None:
    """However far the listener has come when it is stopped, its connection is closed."""
    async with watching(database, mirror, NEVER):
        for _ in range(turns):
            await asyncio.sleep(0)
    database.engine.dispose()
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        " AND application_name <> 'lending'"
    )
    with psycopg.connect(postgresql_server.url(str(database.engine.url.database)), autocommit=True) as admin:

        def nobody_else() -> bool:
            row = admin.execute(query).fetchone()
            return row == (0,)

        await eventually(nobody_else)
