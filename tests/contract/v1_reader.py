"""A client of the management API whose key reads everything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed
from tests.factories import add_key
from tests.serving import serving


class Api:
    """A client with a key that reads everything."""

    def __init__(self, client: httpx.AsyncClient, secret: str) -> None:
        self.client = client
        self._headers = {"Authorization": f"OAuth {secret}"}

    async def __call__(self, path: str, **options: Any) -> httpx.Response:
        """GET a path below /v1."""
        return await self.client.get(f"/v1/{path}", headers=self._headers, **options)


@asynccontextmanager
async def reading(desk: Desk) -> AsyncIterator[Api]:
    """The API of a desk, served on a socket, and a new key that reads everything."""
    secret = Secret.generate()

    def prepare(tx: Transaction) -> None:
        key = add_key(tx.session, tx.now, sha256=secret.sha256)
        keys_changed(tx, key.id)

    desk.write_now(Actor.operator("test"), prepare)
    async with serving(desk) as served, httpx.AsyncClient(base_url=served.url) as client:
        yield Api(client, secret.reveal())
