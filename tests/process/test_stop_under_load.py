"""SIGTERM while everybody is busy: what was answered is on disk, what was promised is delivered, and only once."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from desk.secret import Secret
from sandbox.player import Control, SandboxRefusedError, words_of
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import ApiKey, Delivery, DeliveryStatus, KeyRequest, KeyUse
from tests.factories import INES, MAX, MIA, OLIVIA, add_key, add_page
from tests.process.conftest import Start
from tests.waiting import wait_until

CALLERS = 3


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The program's database, looked at from outside."""
    database = Database.from_url(database_url)
    yield database
    database.close()


@contextmanager
def busy(works: list[Callable[[], None]]) -> Iterator[None]:
    """Everybody works from here to the end of the block, and a little longer: until they are turned away."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


class Caller:
    """Uses an API key as fast as it can, until nobody answers any more."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self.answered = 0
        self.refused: list[int] = []

    def __call__(self) -> None:
        """Call, and count the answers that arrived whole."""
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=10)
        try:
            while True:
                connection.request("GET", "/v1/pages", headers={"Authorization": f"OAuth {self._secret}"})
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.refused.append(response.status)
                    return
                self.answered += 1
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


class Asker:
    """Asks for one key after another in Slack, until nobody answers any more."""

    def __init__(self, control: Control, user_id: str) -> None:
        self._person = control.person(user_id)
        self._user_id = user_id
        self.acknowledged: list[str] = []

    def __call__(self) -> None:
        """Ask, and note the names that the bot said yes to."""
        for number in range(1000):
            name = f"{self._user_id.lower()} key {number:03}"
            try:
                self._person.type_command(f'/keys request "{name}" scope:read page:acme for 30d because of load')
            except SandboxRefusedError:
                return
            self.acknowledged.append(name)


def requested(database: Database) -> list[str]:
    """The names of all key requests that are on disk."""
    with database.read() as session:
        return [request.name for request in session.query(KeyRequest)]


def undelivered(database: Database) -> list[str]:
    """The states of outbox rows that are not settled."""
    with database.read() as session:
        rows = session.query(Delivery).filter(Delivery.status != DeliveryStatus.SENT)
        return [row.status for row in rows]


def reads_of(database: Database, key: ApiKey) -> int:
    """How many uses of a key are written down."""
    with database.read() as session:
        return session.get_one(KeyUse, key.id).reads


def test_sigterm_under_load_loses_nothing(
    start_on: Start, slack: SandboxServer, database_url: str, database: Database
) -> None:
    """Every answered call is counted, every acknowledged request is there, and its card arrives exactly once."""
    now = datetime.now(UTC)
    secret = Secret.generate()
    with database.write() as session:
        add_page(session, now)
        key = add_key(session, now, sha256=secret.sha256, start=secret.start)
    control = Control(slack.url)
    # So rarely that only the flush of the stop writes them down.
    keydesk = start_on(database_url, KEYDESK_USE_FLUSH_SECONDS="60")
    keydesk.wait_until_ready()
    keydesk.wait_for("directory_read")

    callers = [Caller(keydesk.url, secret.reveal()) for _ in range(CALLERS)]
    askers = [Asker(control, user_id) for user_id in (MIA, MAX, INES)]
    with busy([*callers, *askers]):
        wait_until(lambda: all(asker.acknowledged for asker in askers) and all(c.answered > 20 for c in callers))
        assert keydesk.stop() == 0

    assert [caller.refused for caller in callers] == [[]] * CALLERS
    acknowledged = {name for asker in askers for name in asker.acknowledged}
    assert acknowledged <= set(requested(database))
    answered = sum(caller.answered for caller in callers)
    # A call may be counted whose answer was on its way when the connection closed: one for each caller at most.
    assert 0 <= reads_of(database, key) - answered <= CALLERS
    assert DeliveryStatus.SENDING not in undelivered(database)
    assert [line for line in keydesk.troubles() if line["level"] != "warning"] == []
    assert keydesk.words == []

    again = start_on(database_url)
    wait_until(lambda: not undelivered(database), 90)
    assert again.stop() == 0
    cards = [words_of(message) for message in control.person(OLIVIA).messages("C0OWNERS01")]
    for name in requested(database):
        assert len([card for card in cards if name in card]) == 1, name
