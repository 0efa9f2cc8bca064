"""Somebody waits: the database is not waited for any longer, and what was called not done is not done later."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from storage.attempts import Attempt, UncertainError, find_outcome
from storage.database import Database
from storage.deadline import TooLateError, answer_within
from storage.models import SeenEvent
from tests.databases import open_database
from tests.postgresql_proxy import Cut, PostgresqlProxy, proxied

_SECONDS = 0.4
_LONG = 15.0
"""Less than anybody would wait for what is held here, and more than a crowded machine needs."""


def _make(session: Session, name: str = "made") -> str:
    session.add(SeenEvent(event_id=name, at=datetime.now(UTC)))
    session.flush()
    return name


def _made(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(SeenEvent.event_id).order_by(SeenEvent.event_id)))


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Somebody else holds what every writer of the test needs."""
    other = open_database(url)
    with other.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE seen_event"))
        yield
    other.close()


@asynccontextmanager
async def _told_in_time() -> AsyncIterator[None]:
    began = time.monotonic()
    with pytest.raises(TooLateError), answer_within(_SECONDS):
        yield
    assert time.monotonic() - began < _LONG


async def _settle(database: Database) -> None:
    """Return when every thread of people's requests has come to its end."""
    with answer_within(_LONG):
        await asyncio.gather(*(database.run_write(_nothing) for _ in range(8)))


def _nothing(_session: Session) -> None:
    return


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresqlProxy]:
    """A proxy in front of the database."""
    with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: PostgresqlProxy) -> Iterator[Database]:
    """The database behind the proxy, with a connection open already."""
    database = open_database(proxy.url)
    _made(database)
    yield database
    proxy.talk_again()
    database.close()


postgresql_only = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def test_what_is_locked_is_given_up(database: Database, database_url: str) -> None:
    """Who waits for a lock is told in time, and what they asked for is not done when the lock is free again."""
    with _locked(database_url):
        async with _told_in_time():
            await database.run_write(_make)
    await _settle(database)
    assert _made(database) == []


async def test_work_that_takes_too_long_is_not_kept(database: Database) -> None:
    """A transaction that was given up while it still ran does not commit when it comes to its end."""
    goes_on = threading.Event()

    def work(session: Session) -> None:
        _make(session)
        goes_on.wait(_LONG)

    async with _told_in_time():
        await database.run_write(work)
    goes_on.set()
    await _settle(database)
    assert _made(database) == []


async def test_what_nobody_waits_for_takes_no_thread_from_people(database: Database) -> None:
    """However many transactions run that nobody waits for, one that somebody waits for begins at once."""
    goes_on = threading.Event()
    work = [asyncio.create_task(database.run_read(lambda session: goes_on.wait(_LONG))) for _ in range(12)]
    with answer_within(_LONG):
        assert await database.run_write(_make) == "made"
    assert not any(task.done() for task in work)
    goes_on.set()
    await asyncio.gather(*work)


async def test_what_waits_for_a_thread_does_not_begin_later(database: Database) -> None:
    """When all threads are busy, who comes next is told in time, and nothing of theirs begins afterwards."""
    goes_on = threading.Event()
    with answer_within(_LONG):
        busy = [asyncio.create_task(database.run_read(lambda session: goes_on.wait(_LONG))) for _ in range(4)]
    await asyncio.sleep(0)
    async with _told_in_time():
        await database.run_write(_make)
    goes_on.set()
    await asyncio.gather(*busy)
    await _settle(database)
    assert _made(database) == []


@postgresql_only
async def test_without_a_free_connection(database: Database) -> None:
    """When somebody else has every connection, who waits is told in time, and nothing is done later."""
    held = [database.engine.connect() for _ in range(12)]
    async with _told_in_time():
        await database.run_write(_make)
    for connection in held:
        connection.close()
    await _settle(database)
    assert _made(database) == []


@postgresql_only
async def test_a_database_that_falls_silent(behind: Database, proxy: PostgresqlProxy) -> None:
    """A server that takes everything and answers nothing: told in time; its threads are free again, and nothing that
    was given up is done when it goes on."""
    proxy.fall_silent()
    for _ in range(9):
        async with _told_in_time():
            await behind.run_write(_make)
    async with _told_in_time():
        await behind.run_read(lambda session: session.execute(text("SELECT 1")))
    with pytest.raises(TooLateError), answer_within(5):
        # No connection is left, and a new one is waited for as long as psycopg does at least.
        await behind.run_write(_make)
    proxy.talk_again()
    await _settle(behind)
    assert _made(behind) == []


@postgresql_only
async def test_the_server_ends_what_was_given_up(database: Database, database_url: str) -> None:
    """A transaction that was given up while it waited for a lock holds none of its own any longer."""
    other = open_database(database_url)
    with _locked(database_url):
        async with _told_in_time():
            await database.run_write(lambda session: (session.execute(text("LOCK TABLE api_key")), _make(session)))
        with answer_within(_LONG):
            await other.run_write(lambda session: session.execute(text("LOCK TABLE api_key")))
    other.close()


@postgresql_only
@pytest.mark.parametrize("waits", [True, False], ids=["somebody waits", "nobody waits"])
async def test_a_commit_that_was_carried_out_without_an_answer(
    behind: Database, proxy: PostgresqlProxy, *, waits: bool
) -> None:
    """The connection dies between a commit and its answer: it is looked, found, and taken for done."""
    proxy.cut_next_commit("after")
    assert await _write(behind, waits=waits) == "made"
    assert (_made(behind), proxy.commits_cut) == (["made"], 1)


@postgresql_only
@pytest.mark.parametrize("waits", [True, False], ids=["somebody waits", "nobody waits"])
async def test_a_commit_that_never_arrived(behind: Database, proxy: PostgresqlProxy, *, waits: bool) -> None:
    """The connection dies before the server is given the commit: it is looked, and an error as any other."""
    proxy.cut_next_commit("before")
    with pytest.raises(OperationalError):
        await _write(behind, waits=waits)
    assert (_made(behind), proxy.commits_cut) == ([], 1)


async def _write(database: Database, *, waits: bool) -> str:
    if not waits:
        return await database.run_write(_make)
    with answer_within(_LONG):
        return await database.run_write(_make)


@postgresql_only
@pytest.mark.parametrize(("when", "found"), [("after", True), ("before", False)])
async def test_a_commit_of_which_nothing_can_be_known(
    behind: Database, proxy: PostgresqlProxy, when: Cut, *, found: bool
) -> None:
    """While the server cannot be asked it is said that nobody knows, in time; later it can be found out."""
    proxy.cut_next_commit(when, stay_away=True)
    with pytest.raises(UncertainError) as unknown, answer_within(_SECONDS):
        await behind.run_write(_make)
    proxy.talk_again()
    assert await asyncio.to_thread(unknown.value.find_out) is found
    assert _made(behind) == (["made"] if found else [])


@postgresql_only
async def test_a_commit_into_the_silence(behind: Database, proxy: PostgresqlProxy) -> None:
    """A server that falls silent at the commit: nobody knows, in time; what is found later stays as it was found."""
    proxy.fall_silent_at_commit()
    with pytest.raises(UncertainError) as unknown, answer_within(_SECONDS):
        await behind.run_write(_make)
    proxy.talk_again()
    found = await asyncio.to_thread(unknown.value.find_out)
    assert _made(behind) == (["made"] if found else [])


@postgresql_only
async def test_a_commit_that_a_new_server_never_saw(database: Database) -> None:
    """Where another server took over that has not come to the transaction's number, it was not kept."""
    attempt = Attempt()
    attempt.transaction_id = 2_000_000_000
    assert find_outcome(database.engine, attempt, Future()) is False


async def test_nested_requests_keep_the_first_deadline() -> None:
    """One request has one deadline, whoever sets it again."""
    with answer_within(5) as first, answer_within(50) as second:
        assert second is first
