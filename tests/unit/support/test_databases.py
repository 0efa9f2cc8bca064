"""The databases that tests run on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import schema
from storage.database import Database
from tests import postgresql_guard
from tests.places import find_place
from tests.waiting import wait_until


def runs(pid: int) -> bool:
    """Whether a process is alive; one that has ended but was not collected yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_fresh_database_has_the_newest_schema(database: Database) -> None:
    """A test's database is migrated already and agrees with the models."""
    assert schema.find_revision(database.engine) == schema.newest_revision()
    assert schema.list_differences(database.engine) == []


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_sees_what_another_one_wrote(database: Database, turn: int) -> None:
    """Two tests that make the same table do not meet."""
    with database.write() as session:
        session.execute(text("CREATE TABLE mark (turn INTEGER)"))


def test_the_suite_runs_on_both_databases(database_url: str, request: pytest.FixtureRequest) -> None:
    """The parameter of a test says which database its address is of."""
    assert database_url.startswith(request.node.callspec.params["database_url"])


@pytest.mark.parametrize("last_act", ["the pipe closes", "SIGTERM to the guard", "SIGINT to its group"])
def test_postgresql_stops_with_those_who_asked_for_it(last_act: str) -> None:
    """However the tests end, the guard stops the server and removes its files."""
    guard = subprocess.Popen(
        [sys.executable, postgresql_guard.__file__, find_place()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert guard.stdin and guard.stdout
    with guard.stdin, guard.stdout:
        folder = Path(guard.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        assert runs(server)
        match last_act:
            case "the pipe closes":
                guard.stdin.close()
            case "SIGTERM to the guard":
                guard.terminate()
            case _:
                os.killpg(guard.pid, signal.SIGINT)
        assert guard.wait(20) == 0
    assert not folder.exists()
    wait_until(lambda: not runs(server))
