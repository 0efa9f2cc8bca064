"""The command line, run in the test's process."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from desk.clock import SystemClock
from desk.transaction import Desk
from storage.database import Database
from tests.command_line import type_keydesk
from tests.databases import ORGANIZATION, url_on_sqlite
from tests.factories import MIA, OLIVIA, OMAR, add_member, add_owner, add_page
from tests.policies import policy_of

database_url = url_on_sqlite
"""What a command does is done by the desk, and tried on both databases there."""

Run = Callable[..., Result]


@pytest.fixture
def keydesk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `keydesk` with the given arguments, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return type_keydesk


@pytest.fixture
def keydesk_on(keydesk: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same on a fresh database with Keydesk's tables."""
    monkeypatch.setenv("KEYDESK_DATABASE_URL", database_url)
    return keydesk


@pytest.fixture
def now() -> datetime:
    """The present: commands go by the machine's clock."""
    return datetime.now(UTC)


@pytest.fixture
def seeded(database_url: str, now: datetime) -> Iterator[Desk]:
    """The desk of that database, with a page, the owners Olivia and Omar, and the member Mia."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    with database.write() as session:
        add_page(session, now)
        add_owner(session, OLIVIA, now, name="Olivia")
        add_owner(session, OMAR, now, name="Omar")
        add_member(session, MIA, now, name="Mia")
    yield Desk(database, SystemClock(), policy_of())
    database.close()
