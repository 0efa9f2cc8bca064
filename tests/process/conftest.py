"""A workspace, a database and the settings that bring them together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.ratelimits import Hold
from sandbox.server import SandboxServer
from tests.databases import copy_sqlite
from tests.process.running import KeydeskProcess

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
Start = Callable[..., KeydeskProcess]


@pytest.fixture(scope="session")
def workspace() -> Iterator[SandboxServer]:
    """One local Slack workspace for this test process."""
    with SandboxServer(manifest=MANIFEST, hold=Hold.ALL) as server:
        # How long an answer takes on a crowded test machine says nothing about the bot.
        server.workspace.timing.acknowledge_within = 30.0
        server.workspace.timing.trigger_lifetime = 30.0
        yield server


@pytest.fixture
def slack(workspace: SandboxServer) -> SandboxServer:
    """The workspace as seeded."""
    workspace.workspace.reset()
    workspace.workspace.set_request_url(None)
    return workspace


@pytest.fixture
def start_on(slack: SandboxServer, tmp_path: Path) -> Iterator[Start]:
    """Starts Keydesk in Socket Mode on a database by its address.

    Keyword arguments are further settings; None takes one away.
    """
    with ExitStack() as started:

        def start(
            database_url: str, *, port: str = "0", anew: bool = False, **settings: str | None
        ) -> KeydeskProcess:
            known: dict[str, str | None] = {
                "KEYDESK_DATABASE_URL": database_url,
                "KEYDESK_SLACK_API_URL": slack.api_url,
                "KEYDESK_OWNERS_CHANNEL": "C0OWNERS01",
                "SLACK_BOT_TOKEN": "xoxb-sandbox",
                "SLACK_APP_TOKEN": "xapp-sandbox",
                **settings,
            }
            given = {name: text for name, text in known.items() if text is not None}
            return started.enter_context(KeydeskProcess(tmp_path, given, port=port, anew=anew))

        yield start


@pytest.fixture
def start(start_on: Start, sqlite_template: Path, tmp_path: Path) -> Start:
    """The same on SQLite, for what has nothing to do with the database."""
    url = copy_sqlite(sqlite_template, tmp_path)
    return lambda **settings: start_on(url, **settings)
