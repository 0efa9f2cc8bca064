"""The public site on a fresh database, called in process."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from desk.transaction import Desk
from handlers.http.app import HttpApp
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.policies import policy_of
from tests.public_story import Story, write_story
from tests.serving import serving

DOMAIN = "status.acme.example"


@dataclass(frozen=True, slots=True)
class Web:
    """The application on a socket, somebody who reads it, and the desk behind it."""

    app: HttpApp
    client: httpx.AsyncClient
    desk: Desk

    async def read(self, path: str, **options: object) -> httpx.Response:
        """GET, of what is so now."""
        self.app.public.refresh()
        return await self.client.get(path, **options)  # type: ignore[arg-type]


@pytest.fixture
async def web(desk: Desk) -> AsyncIterator[Web]:
    """The application, served as in production."""
    async with serving(desk) as served, httpx.AsyncClient(base_url=served.url) as client:
        yield Web(served.app, client, desk)


@pytest.fixture(scope="session")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Story]:
    """A database in which the story stands already, for tests to copy: writing it takes more than most of them."""
    folder = tmp_path_factory.mktemp("told")
    with closing(open_database(copy_sqlite(sqlite_template, folder))) as database:
        story = write_story(Desk(database, HeldClock(), policy_of()), domain=DOMAIN)
    return folder / "keydesk.db", story


@pytest.fixture
def story(desk: Desk, told: tuple[Path, Story]) -> Story:
    """A page with something of every kind, written before the application starts."""
    path, story = told
    engine = desk.database.engine
    if engine.dialect.name == "postgresql":
        return write_story(desk, domain=DOMAIN)
    with closing(sqlite3.connect(path)) as written, closing(sqlite3.connect(str(engine.url.database))) as fresh:
        written.backup(fresh)
    return story
