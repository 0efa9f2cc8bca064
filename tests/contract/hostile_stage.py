"""A gateway on a socket before a hostile upstream, which has one page with nothing on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from cryptography.fernet import Fernet

from desk.transaction import Actor, Desk, JobName, Transaction
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import PageThere, copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key, list_upstream_keys
from handlers.http.app import HttpSettings
from handlers.http.gateway.assembly import UpstreamOptions
from storage.sealing import Seal
from tests.contract.gateway_stage import OPERATOR
from tests.hostile_server import Behaviour, HostileServer
from tests.serving import Served, serving

PAGE = "pppppppppppp"
SECRET = "7" * 64
PATIENCE = timedelta(minutes=5)
"""So long a crowded machine may keep the gateway from looking whether its keys are up to date."""


@dataclass(slots=True)
class Attacked:
    """`server` is the upstream."""

    desk: Desk
    server: HostileServer
    served: Served
    options: UpstreamOptions
    sealing_key: str

    @property
    def database_url(self) -> str:
        """Where the gateway's database is."""
        return self.desk.database.engine.url.render_as_string(hide_password=False)

    @asynccontextmanager
    async def replica(self) -> AsyncIterator["Attacked"]:
        """Another gateway on the same database, within the block."""
        settings = HttpSettings(upstreams=self.options, distrust_after=PATIENCE)
        async with serving(self.desk, settings=settings) as served:
            yield replace(self, served=served)

    async def call(self, secret: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the gateway below its page with a key."""
        async with httpx.AsyncClient(base_url=self.served.url) as client:
            headers = {"Authorization": f"OAuth {secret}", **(options.pop("headers", None) or {})}
            return await client.request(method, f"/v1/pages/{PAGE}{path}", headers=headers, **options)

    async def send(self, raw: bytes) -> bytes:
        """Send these bytes on a connection of their own; gives what comes until the gateway hangs up."""
        reader, writer = await asyncio.open_connection(self.served.host, self.served.port)
        writer.write(raw)
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    def states_of_our_keys(self) -> list[str]:
        """Of Keydesk's keys of the upstream."""
        return self.desk.read_now(OPERATOR, lambda tx: [str(key.status) for key in list_upstream_keys(tx.session)])


@asynccontextmanager
async def attacked(
    desk: Desk, behaviour: Behaviour, *, wait_seconds: float = 0.0, keys: int = 1, **settings: Any
) -> AsyncIterator[Attacked]:
    """Both run within the block, and are connected. `settings` are the gateway's; calls wait so long for a turn, and
    upstream knows Keydesk by so many keys."""
    sealing_key = Fernet.generate_key().decode()
    seal = Seal([sealing_key])
    options = UpstreamOptions(seal=seal, wait_seconds=wait_seconds)
    async with HostileServer(behaviour).running() as server:

        def connect(tx: Transaction) -> None:
            connect_upstream(tx, server.url)
            for number in range(keys):
                name = f"Keydesk {number}" if number else "Keydesk"
                add_upstream_key(tx, NewUpstreamKey(name=name, sealed=seal.close(SECRET), calls_a_minute=None))

        desk.write_now(OPERATOR, connect)
        pages = [PageThere(id=PAGE, name="Acme", fields={}, components=())]
        desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, pages))
        settings = {"distrust_after": PATIENCE, **settings}
        async with serving(desk, settings=HttpSettings(upstreams=options, **settings)) as served:
            yield Attacked(desk, server, served, options, sealing_key)
