"""Owners give Keydesk its own keys of Statuspage in Slack, and take them away."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from handlers.http.app import HttpSettings
from handlers.http.gateway.assembly import UpstreamOptions
from sandbox.player import Player, words_of
from storage.models import Base, Page, UpstreamKey
from storage.sealing import Seal
from tests.scenario.conftest import Scenario
from tests.unit.bot.commands.test_upstream import COMPONENTS, KEY, PAGES
from tests.waiting import wait_until

SEAL = Seal([Fernet.generate_key().decode()])
FRESH = KEY[::-1]


class Statuspage(ThreadingHTTPServer):
    """Takes these keys, once it is let."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.taken = {KEY, FRESH}
        self.open = threading.Event()
        self.open.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    server: Statuspage

    def do_GET(self) -> None:
        self.server.open.wait(20)
        is_taken = self.headers["Authorization"].removeprefix("OAuth ") in self.server.taken
        body = json.dumps(COMPONENTS if "/components" in self.path else PAGES).encode()
        self.send_response(200 if is_taken else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def there() -> Iterator[Statuspage]:
    """The Statuspage elsewhere."""
    with Statuspage() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.open.set()
        server.shutdown()
        thread.join(10)


@pytest.fixture
def http_settings() -> HttpSettings:
    """An encryption key is set."""
    return HttpSettings(upstreams=UpstreamOptions(seal=SEAL))


def give(person: Player, key: str, name: str, **fields: str) -> dict[str, str]:
    """Fill in the form on top; gives what is said beside its fields."""
    return person.submit(key=key, name=name, calls_a_minute="60", **fields)


def kept(scenario: Scenario) -> dict[str, tuple[str, str | None]]:
    """Every key: its state, and its value, opened."""
    with scenario.database.read() as session:
        rows = session.query(UpstreamKey).all()
        return {row.name: (str(row.status), SEAL.open(row.sealed) if row.sealed else None) for row in rows}


def test_an_owner_connects_replaces_and_drops(scenario: Scenario, there: Statuspage) -> None:
    """A key is tried before it is kept, and before another one goes; its value stands in no row, call or log."""
    olivia = scenario.olivia
    with capture_logs() as logs:
        olivia.type_command("/keys statuspage")
        assert "connected with no Statuspage yet" in words_of(olivia.modal)
        olivia.press("Give a key", olivia.modal)
        assert set(give(olivia, "short", "2026", base_url=there.url)) == {"key"}
        assert give(olivia, KEY, "2026", base_url=there.url, expires_at="2027-01-31") == {}
        assert "takes the key, and Keydesk calls with “2026”" in words_of(olivia.modal)
        assert kept(scenario) == {"2026": ("active", KEY)}
        with scenario.database.read() as session:
            assert session.get_one(Page, PAGES[0]["id"]).name == "Far"
        olivia.press("Replace", olivia.modal)
        assert give(olivia, "not-taken-there", "2027") == {}
        assert "does not take this key (401)" in words_of(olivia.modal)
        assert "Nothing was changed" in words_of(olivia.modal)
        assert kept(scenario) == {"2026": ("active", KEY)}
        olivia.press("Try again", olivia.modal)
        assert give(olivia, FRESH, "2027") == {}
        assert kept(scenario) == {"2026": ("dropped", None), "2027": ("active", FRESH)}
        olivia.press("Drop", olivia.modal)
        assert "does not call with “2027” any more" in words_of(olivia.modal)
    with scenario.database.read() as session:
        rows = [str(vars(row)) for table in Base.registry.mappers for row in session.query(table.class_)]
    everything = " ".join([*rows, json.dumps(scenario.control.journal(kind="api")), str(logs)])
    assert "2027" in everything
    assert not [key for key in (KEY, FRESH, "not-taken-there") if key in everything]


def test_what_takes_longer_is_shown_when_it_is_known(scenario: Scenario, there: Statuspage) -> None:
    """Slack is answered at once; nothing is changed before."""
    olivia = scenario.olivia
    olivia.type_command("/keys statuspage")
    olivia.press("Give a key", olivia.modal)
    there.open.clear()
    assert give(olivia, KEY, "2026", base_url=there.url) == {}
    assert "whether it takes the key" in words_of(olivia.modal)
    assert kept(scenario) == {}
    there.open.set()
    wait_until(lambda: "calls with “2026”" in words_of(olivia.modal))
    assert kept(scenario) == {"2026": ("active", KEY)}


def test_nobody_but_owners_sees_or_gives_any(scenario: Scenario) -> None:
    """Neither by command nor in the form."""
    mia = scenario.mia
    answer = mia.type_command("/keys statuspage")
    assert answer is not None
    assert "Only owners can do that." in words_of(answer)
