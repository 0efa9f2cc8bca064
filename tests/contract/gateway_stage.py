"""Two Keydesks, one as the Statuspage elsewhere of the other, each served on a socket with a database of its own."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from desk.policy import Policy
from desk.secret import Secret
from desk.transaction import Actor, Desk, JobName, Transaction, keys_changed
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from handlers.http.app import HttpSettings
from handlers.http.gateway.assembly import UpstreamOptions
from handlers.upstream.client import ReqwestClient
from handlers.upstream.reading import UpstreamReader
from storage.database import Database
from storage.models import Scope
from storage.sealing import Seal
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, copy_sqlite
from tests.factories import add_key
from tests.public_story import Story, write_story
from tests.serving import Served, serving

OPERATOR = Actor.operator("test")
EVERYTHING = [str(scope) for scope in Scope]


def mint(desk: Desk, scopes: Sequence[str], **values: object) -> str:
    """A key with these scopes; gives its secret."""
    secret = Secret.generate()

    def add(tx: Transaction) -> None:
        key = add_key(tx.session, tx.now, sha256=secret.sha256, scopes=list(scopes), **values)
        keys_changed(tx, key.id)

    desk.write_now(OPERATOR, add)
    return secret.reveal()


@dataclass(slots=True)
class TwoKeydesks:
    """`desk` is the gateway's, `there` the upstream's, with `story` on its page."""

    desk: Desk
    there: Desk
    story: Story
    seal: Seal
    served: Served
    upstream_url: str
    upstream_secret: str

    async def call(self, secret: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the gateway with a key."""
        async with httpx.AsyncClient(base_url=self.served.url) as client:
            headers = {"Authorization": f"OAuth {secret}", **(options.pop("headers", None) or {})}
            return await client.request(method, f"/v1/{path}", headers=headers, **options)

    async def call_there(self, method: str, path: str, **options: object) -> httpx.Response:
        """Call the upstream itself, with the key that Keydesk has of it."""
        async with httpx.AsyncClient(base_url=self.upstream_url) as client:
            headers = {"Authorization": f"OAuth {self.upstream_secret}"}
            return await client.request(method, f"/v1/{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def copy(self) -> None:
        """Copy what the upstream has now."""
        client = ReqwestClient()
        pages = await UpstreamReader(client, self.upstream_url, self.upstream_secret).read_pages()
        await client.close()
        self.desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, pages))


def make_there(template: Path, folder: Path) -> Iterator[Desk]:
    """A desk for the upstream, on a database of its own."""
    (folder / "there").mkdir()
    database = Database.from_url(copy_sqlite(template, folder / "there")).of(ORGANIZATION)
    yield Desk(database, HeldClock(), Policy())
    database.close()


@asynccontextmanager
async def two_keydesks(desk: Desk, there: Desk) -> AsyncIterator[TwoKeydesks]:
    """Both served within the block, connected, and copied once."""
    story, seal = write_story(there), Seal([Fernet.generate_key().decode()])
    secret = mint(there, EVERYTHING)
    async with serving(there) as upstream:
        options = UpstreamOptions(seal=seal, wait_seconds=0.0)
        async with serving(desk, settings=HttpSettings(upstreams=options)) as served:

            def connect(tx: Transaction) -> None:
                connect_upstream(tx, upstream.url)
                new = NewUpstreamKey(name="Keydesk", sealed=seal.close(secret), calls_a_minute=None)
                add_upstream_key(tx, new)

            desk.write_now(OPERATOR, connect)
            stage = TwoKeydesks(desk, there, story, seal, served, upstream.url, secret)
            await stage.copy()
            yield stage
