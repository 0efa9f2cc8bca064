"""Keydesk behind PgBouncer, which gives each transaction another connection of the server."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select

from desk.clock import SystemClock
from desk.transaction import Actor, Desk, Transaction
from sandbox.player import Control, words_of
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Member
from tests.databases import ORGANIZATION
from tests.factories import add_member
from tests.policies import policy_of
from tests.ports import free_port, is_served
from tests.process.conftest import Start
from tests.setup_servers import PGBOUNCER, find_server
from tests.waiting import wait_until

WRITERS, EACH = 8, 30
_CONFIG = """\
[databases]
* = host={server} user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = 3
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
ignore_startup_parameters = extra_float_digits
{user}
"""


@pytest.fixture
def pooled(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of the same database behind a PgBouncer in transaction mode, which has three connections to it."""
    program = find_server(PGBOUNCER)
    if program is None:
        pytest.fail("This test needs pgbouncer: run `make test`, which fetches it, or install it.", pytrace=False)
    where = make_url(database_url)
    port = free_port()
    # It refuses to be root.
    user = "user = nobody" if os.geteuid() == 0 else ""
    config = tmp_path / "pgbouncer.ini"
    config.write_text(_CONFIG.format(server=where.query["host"], port=port, user=user))
    config.chmod(0o644)
    with subprocess.Popen([program, "-q", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_served(port) or process.poll() is not None)
            assert process.poll() is None, "pgbouncer did not start"
            yield f"postgresql://postgres@127.0.0.1:{port}/{where.database}?sslmode=disable"
        finally:
            process.terminate()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whatever_connection_a_transaction_gets_it_is_kept(pooled: str, database_url: str) -> None:
    """Many writers on few connections: nothing relies on what an earlier transaction of theirs left on one."""
    database = Database.from_url(pooled, threads=WRITERS, direct=database_url).of(ORGANIZATION)
    desk = Desk(database, SystemClock(), policy_of())

    def add(tx: Transaction, who: str) -> None:
        add_member(tx.session, who, tx.now)

    def write(writer: int) -> None:
        for number in range(EACH):
            desk.write_now(Actor.operator("root"), partial(add, who=f"U{writer:02}{number:02}"))

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(WRITERS)))
    with database.read() as session:
        assert session.scalars(select(func.count()).select_from(Member)).one() == WRITERS * EACH
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_keydesk_runs_behind_a_pooler(pooled: str, database_url: str, start_on: Start, slack: SandboxServer) -> None:
    """It is ready, hears notifications over a line of its own, answers people, and has nothing to complain of."""
    keydesk = start_on(pooled, KEYDESK_DATABASE_DIRECT_URL=database_url)
    keydesk.wait_until_ready()
    mia = Control(slack.url).person("U0MIA00001")
    answered = wait_until(lambda: mia.type_command("/keys mine"), 30)
    assert answered is not None
    assert words_of(answered)
    own = Database.from_url(database_url, threads=1)
    with own.everywhere.read() as session:
        listening = session.connection().exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
        assert listening.scalar_one() == 1
    own.close()
    assert keydesk.troubles() == []
    assert keydesk.stop() == 0
