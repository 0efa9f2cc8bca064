"""The databases that tests run on."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from storage import schema
from storage.database import Database
from tests import postgresql_guard
from tests.databases import Lending, PostgresqlServer, open_database
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


@pytest.mark.parametrize("what", ["nothing", "rows", "a table", "a connection cut off"])
def test_a_database_is_lent_as_the_template_is(
    postgresql_server: PostgresqlServer, postgresql_template: str, what: str
) -> None:
    """Whatever a test does in it, the next one finds rows, counters and tables as in the beginning."""
    lending = Lending(postgresql_server, postgresql_template)
    with lending.lent() as url:
        begun = contents(url)
        with psycopg.connect(url, autocommit=True) as connection:
            if what == "rows":
                connection.execute("DELETE FROM delivery_lane")
                connection.execute("UPDATE organization SET name = 'Other'")
                connection.execute("SELECT nextval('delivery_id_seq')")
            elif what == "a table":
                connection.execute("CREATE TABLE mark (turn INTEGER)")
        if what == "a connection cut off":
            with psycopg.connect(postgresql_server.url("postgres"), autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name_of(url)]
                )
    with lending.lent() as again:
        assert contents(again) == begun
        assert (url == again) is (what in ("nothing", "rows"))
    lending.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_left_over_is_as_good_as_new(database_url: str) -> None:
    """The next engine has the same one, and nothing that was said on it before; one that was cut off it has not."""
    state = text("SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('application_name')")
    found = []
    for leaves in ("SET statement_timeout = 7; SET application_name = 'x'; LISTEN x", "SELECT 1", "SELECT 1"):
        with closing(open_database(database_url)) as database, database.engine.connect() as connection:
            found.append(connection.execute(state).one())
            assert connection.execute(text("SELECT count(*) FROM pg_listening_channels()")).scalar() == 0
            connection.execute(text(leaves))
            connection.commit()
        if len(found) == 2:
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [found[0][0]])
    assert found[0] == found[1]
    assert (found[2][0] != found[1][0], found[2][1:]) == (True, found[1][1:])


def test_the_suite_runs_on_both_databases(database_url: str, request: pytest.FixtureRequest) -> None:
    """The parameter of a test says which database its address is of."""
    assert database_url.startswith(request.node.callspec.params["database_url"])


def name_of(url: str) -> str:
    """The name of the database at an address."""
    name = make_url(url).database
    assert name is not None
    return name


def contents(url: str) -> dict[str, object]:
    """Every table's rows and every sequence's state."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}  # noqa: S608


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
