"""How the engine connects."""

import logging
import os
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from storage import engine
from storage.database import Database
from storage.engine import network_manners


def test_an_address_may_have_its_own_time_limits() -> None:
    """What the address says wins; the rest keeps a dead line from holding a thread for long."""
    manners = network_manners(make_url("postgresql://host/name?connect_timeout=60"))
    assert "connect_timeout" not in manners
    assert manners["tcp_user_timeout"] == 10_000


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_have_the_limits(database_url: str) -> None:
    """The driver hands the limits to libpq, on every connection of the pool."""
    # An address with a wish of its own gets no connection that another test has left.
    database = Database.from_url(f"{database_url}&application_name=limits")
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        parameters = driver.info.get_parameters()
        assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("5", "10000")
        assert connection.scalar(text("SELECT 1")) == 1
    database.close()


def modes(path: Path) -> dict[str, str]:
    """The rights of a database's files."""
    return {file.name: f"{file.stat().st_mode & 0o777:o}" for file in path.parent.glob(f"{path.name}*")}


@pytest.mark.parametrize("address", ["sqlite:///{path}", "sqlite:///file:{path}?uri=true"])
def test_a_database_file_is_for_its_owner_alone(tmp_path: Path, address: str) -> None:
    """The new one and what SQLite puts beside it, whatever the process would give other files."""
    path = tmp_path / "keydesk.db"
    before = os.umask(0)
    try:
        database = Database.from_url(address.format(path=path))
        with database.write() as session:
            session.execute(text("CREATE TABLE thing (id INTEGER)"))
            assert modes(path) == dict.fromkeys(("keydesk.db", "keydesk.db-wal", "keydesk.db-shm"), "600")
        database.close()
    finally:
        os.umask(before)


def test_a_database_file_of_an_earlier_release_is_closed_to_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With all that is beside it; the log says so."""
    path = tmp_path / "keydesk.db"
    first = Database.from_url(f"sqlite:///{path}")
    with first.write() as session:
        session.execute(text("CREATE TABLE thing (id INTEGER)"))
        for file in tmp_path.iterdir():
            file.chmod(0o644)
        with caplog.at_level(logging.INFO):
            second = Database.from_url(f"sqlite:///{path}")
        assert modes(path) == dict.fromkeys(("keydesk.db", "keydesk.db-wal", "keydesk.db-shm"), "600")
    assert {record.getMessage() for record in caplog.records} == {"database_file_was_open_to_others"}
    second.close()
    first.close()


def test_a_database_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made for it."""
    monkeypatch.chdir(tmp_path)
    for address in ("sqlite://", "sqlite:///:memory:"):
        Database.from_url(address).close()
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_sqlite_is_cut_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one large transaction made of it does not stay for good."""
    monkeypatch.setattr(engine, "LOG_BYTES", 256 * 1024)
    file = tmp_path / "keydesk.db"
    database = Database.from_url(f"sqlite:///{file}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE thing (words TEXT)"))
        connection.execute(text("INSERT INTO thing VALUES (:words)"), [{"words": "w" * 4000}] * 1500)
    log = Path(f"{file}-wal")
    assert log.stat().st_size > 5_000_000
    for _ in range(2):
        with database.engine.begin() as connection:
            connection.execute(text("INSERT INTO thing VALUES ('short')"))
    assert log.stat().st_size <= 256 * 1024
    database.close()
