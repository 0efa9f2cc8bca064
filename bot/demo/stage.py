"""The demo: a local Slack workspace, the real bot and an embedded page, on this machine alone."""

import asyncio
import socket
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import uvloop

from bot.database import make_desk, open_database, upgrade_schema
from bot.demo.looking import StepFailedError
from bot.demo.seeding import seed_demo
from bot.demo.tour import Tour
from bot.logging import configure_logging
from bot.manifest import render_manifest
from bot.program import run_program
from bot.serve import stop_on_signals
from bot.server import address_of, listen
from bot.settings import GivenSettings, LogFormat, Settings
from desk.errors import KeydeskError
from desk.pages.pages import find_organization
from sandbox.player import Control
from sandbox.server import SandboxServer
from sandbox.workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from storage.database import Database

OWNERS_CHANNEL = "C0OWNERS01"
STATUS_CHANNEL = "C0STATUS01"
SANDBOX_PORT, PORT = 3100, 3000
_SOMEBODY = "U0INES0001"
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo is played. Port 0 picks a free one; None: the usual one, or a free one where that is taken."""

    folder: Path | None = None
    """Where its database is kept; None: a temporary folder that goes with the demo."""
    sandbox_port: int | None = None
    port: int | None = None
    tour: bool = False
    browser: bool = True
    log_level: str = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    options: DemoOptions
    settings: Settings
    database: Database
    listener: socket.socket
    sandbox_url: str
    say: Callable[[str], None]


def run_demo(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Play the demo until it is stopped or, as a tour, until its story is told.

    Raises KeydeskError when it cannot start, and StepFailedError when a step of the tour was not seen to work.
    """
    configure_logging(LogFormat.AUTO, options.log_level)
    with _folder(options.folder) as folder, _sandbox(folder, options.sandbox_port, say) as sandbox:
        listener = _listen(options.port, say)
        settings = _settings(folder, sandbox.api_url, address_of(listener))
        database = open_database(settings)
        stage = _Stage(
            options=options,
            settings=settings,
            database=database,
            listener=listener,
            sandbox_url=sandbox.url,
            say=say,
        )
        try:
            upgrade_schema(database)
            # What is past was announced long ago.
            desk = make_desk(settings, database)
            seed_demo(replace(desk, policy=replace(desk.policy, announcement_channel=None)))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                stopping = asyncio.Event()
                stop_on_signals(runner.get_loop(), stopping)
                runner.run(_run(stage, stopping))
        finally:
            database.close()


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="keydesk-demo-") as folder:
        yield Path(folder)


@contextmanager
def _sandbox(folder: Path, port: int | None, say: Callable[[str], None]) -> Iterator[SandboxServer]:
    manifest = folder / "manifest.yml"
    manifest.write_text(render_manifest(GivenSettings()), encoding="utf-8")
    try:
        server = SandboxServer(manifest=manifest, port=SANDBOX_PORT if port is None else port)
    except OSError as error:
        if port is not None:
            raise KeydeskError(
                f"Port {port} is taken, so the local workspace cannot start.", "Choose another with --sandbox-port."
            ) from error
        server = SandboxServer(manifest=manifest, port=0)
        say(f"Port {SANDBOX_PORT} is taken, so the local workspace takes a free one: {server.url}")
    with server:
        yield server


def _listen(port: int | None, say: Callable[[str], None]) -> socket.socket:
    try:
        return listen("127.0.0.1", PORT if port is None else port)
    except KeydeskError as error:
        if port is not None:
            raise KeydeskError(error.sentence, "Choose another with --port.") from error
    listener = listen("127.0.0.1", 0)
    say(f"Port {PORT} is taken, so Keydesk takes a free one: {address_of(listener)}")
    return listener


def _settings(folder: Path, slack_api_url: str, address: str) -> Settings:
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
    return GivenSettings(**values)


async def _run(stage: _Stage, stopping: asyncio.Event) -> None:
    ready = asyncio.Event()
    program = asyncio.create_task(
        run_program(stage.settings, stage.database, stage.listener, stopping, serving=ready.set)
    )
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([program, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not program.done():
        await _show(stage, stopping)
    await program


async def _show(stage: _Stage, stopping: asyncio.Event) -> None:
    address = stage.settings.base_url
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _opened(stage)
    except TimeoutError:
        stopping.set()
        raise StepFailedError("the desk did not open: Keydesk is not connected with the workspace") from None
    if stage.options.tour:
        try:
            await asyncio.to_thread(Tour(stage.sandbox_url, address, stage.say).play)
        finally:
            stopping.set()
        return
    start = f"{stage.sandbox_url}/?as={_SOMEBODY}"
    stage.say(welcome(start, address))
    if stage.options.browser:
        _open_browser(start)


async def _opened(stage: _Stage) -> None:
    """Wait until the bot is connected and has appointed the first owners."""
    control = Control(stage.sandbox_url)
    while True:
        organization = await stage.database.everywhere.run_read(find_organization)
        state = await asyncio.to_thread(control.call, "GET", "state", None, user=_SOMEBODY)
        if state["connected"] and organization is not None and organization.owners_seeded_at is not None:
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _open_browser(url: str) -> None:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return
    webbrowser.open(url)


def welcome(workspace: str, api_url: str) -> str:
    """What the demo prints: the address, and five steps to try."""
    return f"""\
Keydesk is running, with a Slack workspace of its own. Open it in your browser:

    {workspace}

The status page that Acme's customers see is at {api_url}/

Something is wrong, in three steps:

 1. You are Ines, who manages incidents. In any channel, type
        /incident new "Checkout errors" component:search=partial_outage We are looking into it.
 2. Look at the preview, and press Publish. The status page, its feeds and #status say it now.
 3. In #status, press Update or Resolve below it.

A key for the API, in five steps:

 1. Become Mia, a member (people are at the left edge). In #general, type  /keys request  and fill in the form.
 2. Become Omar, an owner. In #keydesk-owners, press Approve.
 3. Become Mia again. In the direct message from Keydesk, press Collect: the key is shown, once. Copy it.
 4. In a terminal, use it:
        {_curl()} -H "Authorization: OAuth <your key>" {api_url}/v1/pages
 5. Become Omar. Type  /keys digest : your key is not in it, those that nobody uses are, and the buttons work.

Stop with Ctrl-C. To see the whole story played by itself: keydesk demo --tour, or make demo ARGS="--tour"
"""


def _curl() -> str:
    """The command, which must not ask a proxy for what is on this machine."""
    proxies = getproxies_environment()
    is_direct = not (proxies.get("http") or proxies.get("all")) or proxy_bypass_environment("127.0.0.1", proxies)
    return "curl" if is_direct else "curl --noproxy '*'"
