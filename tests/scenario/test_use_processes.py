"""Two processes on one database, and one that is killed."""

import http.client
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from desk.clock import SystemClock
from desk.keys.changes import restore_key, revoke_key, suspend_key
from desk.secret import Secret
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction, keys_changed
from storage.database import Database
from storage.models import KeyUse
from tests.databases import both_databases
from tests.factories import add_key
from tests.forking import Fork
from tests.policies import policy_of
from tests.scenario import serving_process
from tests.waiting import wait_until

pytestmark = both_databases

OPERATOR = Actor.operator("ann")


class Server:
    """A serving process."""

    def __init__(self, database_url: str, flush_seconds: float) -> None:
        self.process = Fork(serving_process.main, database_url, str(flush_seconds), heard=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def status(self, secret: str) -> int:
        """The status that one call gets, over a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", "/v1/pages", headers={"Authorization": f"OAuth {secret}"})
            return connection.getresponse().status

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def desk(database: Database) -> Desk:
    """The desk of this process, which is the command line's side: it shares nothing but the database."""
    return Desk(database, SystemClock(), policy_of())


@pytest.fixture
def start(desk: Desk, database_url: str) -> Iterator[Callable[[float], Server]]:
    """Starts serving processes, and ends those that still run."""
    desk.write_now(OPERATOR, partial(plant_seed, seed=read_acme()))
    servers: list[Server] = []

    def start_one(flush_seconds: float) -> Server:
        servers.append(Server(database_url, flush_seconds))
        return servers[-1]

    yield start_one
    for server in servers:
        server.end(signal.SIGKILL)


def mint(desk: Desk) -> tuple[str, str]:
    """A key: id and secret."""
    secret = Secret.generate()

    def add(tx: Transaction) -> str:
        key = add_key(tx.session, tx.now, sha256=secret.sha256)
        keys_changed(tx, key.id)
        return key.id

    return desk.write_now(OPERATOR, add), secret.reveal()


def reads(desk: Desk, key_id: str) -> int:
    """How many reads are written down."""
    with desk.database.read() as session:
        use = session.get(KeyUse, key_id)
        return 0 if use is None else use.reads


def test_what_the_command_line_does_reaches_every_process(desk: Desk, start: Callable[[float], Server]) -> None:
    """A key minted, suspended, restored and revoked in one process is so in two others, within about a second."""
    servers = [start(1), start(1)]
    key_id, secret = mint(desk)

    def all_say(status: int) -> float:
        begun = time.monotonic()
        wait_until(lambda: all(server.status(secret) == status for server in servers))
        return time.monotonic() - begun

    took = [all_say(200)]
    steps: list[tuple[Any, int]] = [
        (partial(suspend_key, key_id=key_id, reason="a look"), 401),
        (partial(restore_key, key_id=key_id), 200),
        (partial(revoke_key, key_id=key_id, reason="the end"), 401),
    ]
    for work, status in steps:
        desk.write_now(OPERATOR, work)
        took.append(all_say(status))
    # One second between questions, and generous room for a machine that is busy with other tests.
    assert max(took) < 8


def test_a_kill_loses_only_what_was_noted_since_the_last_flush(desk: Desk, start: Callable[[float], Server]) -> None:
    """After SIGKILL every use that had been flushed is there, those of the last interval are not, and the key is."""
    server = start(0.5)
    key_id, secret = mint(desk)
    wait_until(lambda: server.status(secret) == 200)
    wait_until(lambda: reads(desk, key_id) >= 1)
    flushed = reads(desk, key_id)
    made = [server.status(secret) for _ in range(20)]
    wait_until(lambda: reads(desk, key_id) == flushed + 20)
    made += [server.status(secret) for _ in range(5)]
    server.end(signal.SIGKILL)
    assert made == [200] * 25
    kept = reads(desk, key_id)
    assert flushed + 20 <= kept <= flushed + 25
    again = start(0.5)
    assert again.status(secret) == 200


def test_a_polite_end_loses_nothing(desk: Desk, start: Callable[[float], Server]) -> None:
    """SIGTERM writes down every use, however long the interval is."""
    server = start(3600)
    key_id, secret = mint(desk)
    wait_until(lambda: server.status(secret) == 200)
    calls = [server.status(secret) for _ in range(30)]
    assert calls == [200] * 30
    assert reads(desk, key_id) == 0
    assert server.end() == 0
    assert reads(desk, key_id) == 31
