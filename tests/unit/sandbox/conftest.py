"""A running sandbox with a small app of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession

from sandbox.clock import Timing
from sandbox.server import SandboxServer
from tests.unit.sandbox.probes import HttpApp, Slack, SocketApp

MANIFEST = Path(__file__).with_name("manifest.yml")


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    """One sandbox for all tests of this folder; each begins with a reset."""
    with SandboxServer(manifest=MANIFEST) as running:
        yield running


@pytest.fixture
async def slack(server: SandboxServer) -> AsyncIterator[Slack]:
    """The sandbox as seeded, with nobody connected."""
    server.workspace.reset()
    vars(server.workspace.timing).update(vars(Timing()))
    async with httpx.AsyncClient(base_url=server.url) as http:
        yield Slack(server, http)


@pytest.fixture
async def app(slack: Slack) -> AsyncIterator[SocketApp]:
    """An app connected by Socket Mode that acknowledges everything, until a test says otherwise."""
    async with ClientSession() as session:
        connected = await SocketApp(slack, session).connect()
        yield connected
        await connected.close()


@pytest.fixture
async def http_app(slack: Slack) -> AsyncIterator[HttpApp]:
    """An app with a request URL that answers 200 to everything, until a test says otherwise."""
    running = await HttpApp(slack).start()
    yield running
    await running.stop()
