"""The public site on a fresh database, called in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from desk.transaction import Desk
from handlers.http.app import HttpApp
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


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with something of every kind, written before the application starts."""
    return write_story(desk, domain=DOMAIN)
