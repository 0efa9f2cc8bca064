"""The HTTP side on a fresh database, called in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed, pages_changed
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from storage.models import ApiKey, Component, KeyUse, Page
from tests.factories import add_component, add_key, add_page

ACTOR = Actor.operator("test")


class HeldSeconds:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Site:
    """An application within its running time, a client to call it with, and the desk behind it."""

    app: HttpApp
    client: httpx.AsyncClient
    desk: Desk
    seconds: HeldSeconds

    def key(self, **values: Any) -> tuple[str, str]:
        """A new key: its id and its secret."""
        secret = Secret.generate()

        def add(tx: Transaction) -> str:
            key = add_key(tx.session, tx.now, sha256=secret.sha256, **values)
            keys_changed(tx, key.id)
            return key.id

        return self.desk.write_now(ACTOR, add), secret.reveal()

    def change(self, work: Any) -> Any:
        """Do something in a transaction that says that keys and pages changed."""

        def call(tx: Transaction) -> Any:
            result = work(tx)
            if ids := tx.session.scalars(select(ApiKey.id)).all():
                keys_changed(tx, *ids)
            pages_changed(tx)
            return result

        return self.desk.write_now(ACTOR, call)

    def page(self, **values: Any) -> Page:
        """A new page."""
        page = self.change(lambda tx: add_page(tx.session, tx.now, **values))
        assert isinstance(page, Page)
        return page

    def component(self, page: Page, **values: Any) -> Component:
        """A new component of a page."""
        component = self.change(lambda tx: add_component(tx.session, page, tx.now, **values))
        assert isinstance(component, Component)
        return component

    async def get(self, path: str, secret: str, **options: Any) -> httpx.Response:
        """GET with a key in the way that Statuspage documents."""
        return await self.client.get(path, headers={"Authorization": f"OAuth {secret}"}, **options)

    async def use(self, key_id: str) -> tuple[int, int, int]:
        """Reads, writes and refusals of a key, once everything noted is written down."""
        use = await self.marks(key_id)
        return (use.reads, use.writes, use.refused)

    async def marks(self, key_id: str) -> KeyUse:
        """All marks of a key's use, once everything noted is written down."""
        await self.app.flush()
        with self.desk.database.read() as session:
            return session.get(KeyUse, key_id) or KeyUse(key_id=key_id, reads=0, writes=0, failed=0, refused=0)


@pytest.fixture
def http_settings() -> HttpSettings:
    """The settings as they are without any; a test file may define its own."""
    return HttpSettings()


@pytest.fixture
async def site(desk: Desk, http_settings: HttpSettings) -> AsyncIterator[Site]:
    """The application, running."""
    seconds = HeldSeconds()
    app = create_http_app(desk, settings=http_settings, monotonic=seconds)
    transport = httpx.ASGITransport(app=app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Site(app, client, desk, seconds)
