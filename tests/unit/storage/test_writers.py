"""Writers of one process on SQLite."""

import threading

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from storage.database import Database
from storage.models import SeenEvent
from tests.clock import MONDAY_MORNING as NOW


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_writers_of_one_process_wait_for_each_other_and_not_for_sqlite(database: Database) -> None:
    """Even where SQLite gives up at once when it is busy, no writer of this process ever finds it so."""

    @event.listens_for(database.engine, "connect")
    def never_wait(connection: object, _entry: object) -> None:
        connection.execute("PRAGMA busy_timeout = 0")  # type: ignore[attr-defined]

    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(25):
                with database.write() as session:
                    session.add(SeenEvent(event_id=f"{writer}-{number}", at=NOW))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SeenEvent)) == 150


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_writer_of_another_process_reads_nothing_while_one_is_at_work(database: Database) -> None:
    """Not even what it would only look at first: what a writer has read stays so until its commit."""
    other = Database.from_url(str(database.engine.url))
    with database.write() as session, other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        connection.rollback()
        session.scalar(select(func.count()).select_from(SeenEvent))
        with pytest.raises(OperationalError, match="locked"):
            connection.scalar(select(func.count()).select_from(SeenEvent))
    other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_readers_do_not_wait_for_writers(database: Database) -> None:
    """Whoever reads while a write transaction is open sees what was committed before, at once."""
    with database.write() as session:
        session.add(SeenEvent(event_id="a", at=NOW))
        session.flush()
        seen: list[int] = []

        def read() -> None:
            with database.read() as reader:
                seen.append(reader.scalar(select(func.count()).select_from(SeenEvent)) or 0)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join(10)
        assert seen == [0]
