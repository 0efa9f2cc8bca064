"""What a demo is made of: a folder, a local Slack workspace, an address, settings and a database with a past."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.database import make_desk, upgrade_schema
from bot.demo.seeding import seed_demo
from bot.manifest import render_manifest
from bot.server import address_of, listen
from bot.settings import GivenSettings, Settings
from desk.errors import KeydeskError
from desk.seeds import Seed
from sandbox.ratelimits import Hold
from sandbox.server import SandboxServer
from sandbox.workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from storage.database import Database

OWNERS_CHANNEL = "C0OWNERS01"
STATUS_CHANNEL = "C0STATUS01"
SANDBOX_PORT, PORT = 3100, 3000


@contextmanager
def open_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder of the demo's database; a temporary one goes at the end."""
    if wanted is not None:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="keydesk-demo-") as folder:
        yield Path(folder)


@contextmanager
def open_sandbox(folder: Path, port: int | None, say: Callable[[str], None]) -> Iterator[SandboxServer]:
    """A Slack workspace on this machine. Raises KeydeskError when the port that was asked for is taken."""
    manifest = folder / "manifest.yml"
    manifest.write_text(render_manifest(GivenSettings()), encoding="utf-8")
    try:
        server = SandboxServer(manifest=manifest, port=SANDBOX_PORT if port is None else port, hold=Hold.ALL)
    except OSError as error:
        if port is not None:
            raise KeydeskError(
                f"Port {port} is taken, so the local workspace cannot start.", "Choose another with --sandbox-port."
            ) from error
        server = SandboxServer(manifest=manifest, port=0, hold=Hold.ALL)
        say(f"Port {SANDBOX_PORT} is taken, so the local workspace takes a free one: {server.url}")
    with server:
        yield server


def listen_for(port: int | None, say: Callable[[str], None]) -> socket.socket:
    """Where Keydesk is to be found. Raises KeydeskError when the port that was asked for is taken."""
    try:
        return listen("127.0.0.1", PORT if port is None else port)
    except KeydeskError as error:
        if port is not None:
            raise KeydeskError(error.sentence, "Choose another with --port.") from error
    listener = listen("127.0.0.1", 0)
    say(f"Port {PORT} is taken, so Keydesk takes a free one: {address_of(listener)}")
    return listener


def make_settings(folder: Path, slack_api_url: str, address: str, **more: Any) -> Settings:
    """The demo's settings, and what else or otherwise is wanted: those of the environment play no part in it."""
    values: dict[str, Any] = {
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": APP_TOKEN,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_api_url": slack_api_url.rstrip("/"),
        "base_url": address,
        "data_folder": folder,
        "database_url": "sqlite:///keydesk.db",
        "owners_channel": OWNERS_CHANNEL,
        "digest_channel": OWNERS_CHANNEL,
        "announcement_channel": STATUS_CHANNEL,
        "never_used_days": 0,
    }
    return GivenSettings(**{**values, **more})


def prepare(settings: Settings, database: Database, seed: Seed) -> None:
    """Bring the database up to date, and give it the seed and a past."""
    upgrade_schema(database)
    # What is past was announced long ago.
    desk = make_desk(settings, database)
    seed_demo(replace(desk, policy=replace(desk.policy, announcement_channel=None)), seed)
