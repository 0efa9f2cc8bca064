"""A local Slack workspace for the parts of the bot that talk to Slack."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings, load_settings
from bot.slack_link import make_client, make_session
from sandbox.server import SandboxServer

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


@pytest.fixture
def slack() -> Iterator[SandboxServer]:
    """A workspace that runs on this machine."""
    with SandboxServer(manifest=MANIFEST) as server:
        yield server


@pytest.fixture
def slack_settings(slack: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for Socket Mode in that workspace."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-sandbox")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-sandbox")
    monkeypatch.setenv("KEYDESK_SLACK_API_URL", slack.api_url)
    return load_settings(None)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that calls to Slack share."""
    async with make_session() as session:
        yield session


@pytest.fixture
def client(slack_settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The bot's client."""
    return make_client(slack_settings, session)
