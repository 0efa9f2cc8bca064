"""While Slack is down, and while Keydesk itself is: the command line says what is wrong, the page shows it, and Slack
catches up, once."""

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import main
from sandbox.player import Control, words_of
from sandbox.ratelimits import Hold
from sandbox.server import SandboxServer
from storage.database import Database
from tests.databases import ORGANIZATION, copy_sqlite
from tests.factories import add_component, add_page
from tests.forking import Fork
from tests.process.conftest import MANIFEST, Start
from tests.process.running import KeydeskProcess
from tests.waiting import wait_until

CHANNEL = "C0STATUS01"
NEW = ("incident", "new", "Checkout errors", "-c", "checkout=down", "--body", "We look into it.", "--yes")
Typed = Callable[..., str]


def run_command(*arguments: str) -> None:
    """What `python -m bot …` does, in a process that is there already."""
    sys.argv = ["keydesk", *arguments]
    main()


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A database with a page whose incidents go to a channel of Slack's."""
    url, now = copy_sqlite(sqlite_template, tmp_path), datetime.now(UTC)
    database = Database.from_url(url)
    with database.of(ORGANIZATION).write() as session:
        add_component(session, add_page(session, now, announcement_channel=CHANNEL), now, name="Checkout")
    database.close()
    return url


@pytest.fixture
def typed(database_url: str, tmp_path: Path) -> Typed:
    """Types a command in a process of its own; gives what it said."""

    def run(*arguments: str) -> str:
        environment = {"KEYDESK_DATABASE_URL": database_url}
        process = Fork(run_command, *arguments, folder=tmp_path, environment=environment, heard=True)
        assert process.stdout is not None
        said = process.stdout.read()
        assert process.wait(60) == 0, said
        return said

    return run


def _page_says(keydesk: KeydeskProcess, words: str) -> bool:
    status, body = keydesk.ask("GET", "/")
    return status == 200 and words in body.decode()


def _folder_says(folder: Path, words: str) -> bool:
    page = folder / "index.html"
    return page.is_file() and words in page.read_text()


def _threads(control: Control) -> list[list[str]]:
    """What stands in the channel: each message, with what is below it."""
    asked = control.person("U0MIA00001")
    return [
        [words_of(message) for message in (head, *asked.thread(CHANNEL, head["ts"]))]
        for head in asked.messages(CHANNEL)
        if not head.get("thread_ts") or head["thread_ts"] == head["ts"]
    ]


def test_while_slack_refuses(
    start_on: Start, slack: SandboxServer, database_url: str, typed: Typed, tmp_path: Path
) -> None:
    """Another process publishes: page and folder have it while Slack answers nothing but errors. Once Slack is well,
    the thread is there by itself, and only once."""
    control, folder = Control(slack.url), tmp_path / "public"
    keydesk = start_on(database_url, KEYDESK_PUBLIC_FOLDER=str(folder))
    keydesk.wait_until_ready()
    control.call("POST", "faults", {"method": "*", "kind": "http_500", "times": 1000})
    assert "“Checkout errors” is public" in typed(*NEW)
    wait_until(lambda: _page_says(keydesk, "We look into it."))
    wait_until(lambda: _folder_says(folder, "Checkout errors"))
    control.call("POST", "faults", {"clear": True})
    [thread] = wait_until(lambda: [found for found in _threads(control) if len(found) == 2], 60)
    assert "Checkout errors" in thread[0]
    assert "We look into it." in thread[1]
    assert len(_threads(control)) == 1
    assert keydesk.stop() == 0


def test_while_slack_and_keydesk_are_away(start_on: Start, database_url: str, typed: Typed, tmp_path: Path) -> None:
    """Keydesk starts without Slack and shows what is published. What is typed while it does not run either is in the
    database: it is shown and told at the next start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"KEYDESK_SLACK_API_URL": f"http://127.0.0.1:{port}/api/"}
    first = start_on(database_url, **settings)
    typed(*NEW)
    wait_until(lambda: _page_says(first, "We look into it."))
    assert first.stop() == 0
    typed("incident", "update", "--status", "identified", "--body", "A cable is loose.", "--yes")
    with SandboxServer(manifest=MANIFEST, port=port, hold=Hold.ALL) as back:
        second = start_on(database_url, **settings)
        wait_until(lambda: _page_says(second, "A cable is loose."))
        [thread] = wait_until(lambda: [found for found in _threads(Control(back.url)) if len(found) == 3], 60)
        assert "Identified" in thread[0]
        assert "We look into it." in thread[1]
        assert "A cable is loose." in thread[2]
        assert len(_threads(Control(back.url))) == 1
        assert second.stop() == 0
