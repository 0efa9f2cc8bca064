"""What every test may ask for: both databases, a held clock, and a network that ends at this machine."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from desk.policy import Policy
from desk.transaction import Desk
from storage.database import Database
from tests.clock import HeldClock
from tests.databases import (
    Lending,
    PostgresqlServer,
    Prepared,
    create_postgresql_template,
    create_sqlite_template,
    open_database,
    url_on_both,
)
from tests.longest import deal_out
from tests.network import guard_network, watch_network
from tests.organizations import watch_organizations
from tests.places import find_place
from tests.policies import policy_of

# Two workers share two cores: how long one example takes says nothing about the code.
# The same examples each time: a change is judged by itself, and not by what chance finds on that day.
hypothesis.settings.register_profile("keydesk", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("keydesk")
guard_network()
# What a developer has set for their own Keydesk must not reach the tests.
for name in list(os.environ):
    if name.upper().startswith(("KEYDESK_", "SLACK_")):
        del os.environ[name]
# Reading the certificates of all authorities takes each client 20 ms. Here they find a single one, whose key nobody
# has kept: without any, some do not start. What a test trusts, it names.
os.environ["SSL_CERT_FILE"] = os.fspath(Path(__file__).with_name("authority.pem"))
os.environ.pop("SSL_CERT_DIR", None)
# Pytest makes the folders of `tmp_path` below this one.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", find_place())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage meanwhile: what is imported and collected stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left alone with it at the end."""
    items[:] = deal_out(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """From now on look for garbage less often, and not among the tests and modules."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _network_ends_here() -> Iterator[None]:
    with watch_network() as attempts:
        yield
        if attempts:
            pytest.fail(f"this test tried to leave the machine, for {', '.join(sorted(set(attempts)))}")


@pytest.fixture(autouse=True)
def _organizations_are_kept_apart() -> Iterator[None]:
    with watch_organizations() as statements:
        yield
        if statements:
            pytest.fail("these statements reach beyond their organization:\n" + "\n".join(sorted(set(statements))))


@pytest.fixture
def clock() -> HeldClock:
    """A clock that stands still until the test moves it."""
    return HeldClock()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One PostgreSQL server for this test process, started when the first test asks for it."""
    server = PostgresqlServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgresqlServer) -> str:
    """The name of a migrated PostgreSQL database that tests copy."""
    return create_postgresql_template(postgresql_server)


@pytest.fixture(scope="session")
def postgresql_lending(postgresql_server: PostgresqlServer, postgresql_template: str) -> Iterator[Lending]:
    """Copies of that database, which tests have in turn."""
    lending = Lending(postgresql_server, postgresql_template)
    yield lending
    lending.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    return create_sqlite_template(tmp_path_factory.mktemp("template"))


database_url = url_on_both


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A database without any table, for a file's tests to prepare and copy, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield Prepared(f"sqlite:///{tmp_path_factory.mktemp('prepared') / 'prepared.db'}")
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create()
    yield Prepared(server.url(name), server)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with Keydesk's tables, closed after the test."""
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def policy() -> Policy:
    """The policy as it is without any setting; a test file may define its own."""
    return policy_of()


@pytest.fixture
def desk(database: Database, clock: HeldClock, policy: Policy) -> Desk:
    """A desk on a fresh database, at the held clock's time."""
    return Desk(database, clock, policy)
