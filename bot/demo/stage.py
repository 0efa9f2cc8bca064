"""The demo: a local Slack workspace, the real bot and an embedded page, on this machine alone; or the gateway's, in
which a second Keydesk plays the Statuspage behind it."""

import asyncio
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bot.database import open_database
from bot.demo.assembly import listen_for, make_settings, open_folder, open_sandbox, prepare
from bot.demo.gateway_chapter import GatewayChapter
from bot.demo.serving import SOMEBODY, Served, serve
from bot.demo.statuspage import running_statuspage
from bot.demo.tour import Chapter, list_chapters, play_tour
from bot.demo.typed import Typed
from bot.demo.welcome import welcome, welcome_at_gateway
from bot.logging import configure_logging
from bot.server import address_of
from bot.settings import LogFormat
from desk.errors import KeydeskError
from desk.seeds import Seed, read_acme
from storage.sealing import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo is played. Port 0 picks a free one; None: the usual one, or a free one where that is taken."""

    folder: Path | None = None
    """Where its database is kept; None: a temporary folder that goes with the demo."""
    sandbox_port: int | None = None
    port: int | None = None
    gateway: bool = False
    tour: bool = False
    browser: bool = True
    log_level: str = "warning"


def run_demo(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Play the demo until it is stopped or, as a tour, until its story is told.

    Raises KeydeskError when it cannot start, and StepFailedError when a step of the tour was not seen to work.
    """
    configure_logging(LogFormat.AUTO, options.log_level)
    # Until the program listens for it itself: what was begun is taken away again.
    signal.signal(signal.SIGTERM, _leave)
    with open_folder(options.folder) as folder:
        if options.gateway:
            _run_gateway(options, folder, say)
        else:
            _run_page(options, folder, say)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _run_page(options: DemoOptions, folder: Path, say: Callable[[str], None]) -> None:
    with _served(options, folder, read_acme(), say) as served:
        chapters = list_chapters(served.sandbox_url, served.address)
        _play(options, served, welcome(_begin_of(served), served.address), chapters, say)


def _run_gateway(options: DemoOptions, folder: Path, say: Callable[[str], None]) -> None:
    if options.folder is not None:
        raise KeydeskError("The gateway's demo keeps no folder.", "Its Statuspage is another one each time.")
    say("A second Keydesk starts as the Statuspage behind it …\n")
    seed, seal = read_acme(), Seal.make_key()
    there, here = (replace(seed, pages=pages) for pages in (seed.pages[:1], seed.pages[1:]))
    with (
        running_statuspage(folder / "statuspage", there, options.log_level) as statuspage,
        _served(options, folder, here, say, seal) as served,
    ):
        terminal = Typed(served.settings, seal)
        terminal.run("upstream", "connect", statuspage.address, "--calls", "6000", given=statuspage.keys[0])
        chapter = GatewayChapter(served.sandbox_url, served.address, statuspage, terminal)
        printed = welcome_at_gateway(_begin_of(served), served.address, statuspage.address)
        _play(options, served, printed, [chapter], say)


@contextmanager
def _served(
    options: DemoOptions, folder: Path, seed: Seed, say: Callable[[str], None], seal: str | None = None
) -> Iterator[Served]:
    with open_sandbox(folder, options.sandbox_port, say) as sandbox:
        listener = listen_for(options.port, say)
        settings = make_settings(folder, sandbox.api_url, address_of(listener), encryption_keys=seal)
        database = open_database(settings)
        try:
            prepare(settings, database, seed)
            yield Served(settings=settings, database=database, listener=listener, sandbox_url=sandbox.url)
        finally:
            database.close()


def _begin_of(served: Served) -> str:
    return f"{served.sandbox_url}/?as={SOMEBODY}"


def _play(
    options: DemoOptions, served: Served, printed: str, chapters: Sequence[Chapter], say: Callable[[str], None]
) -> None:
    async def opened(stopping: asyncio.Event) -> None:
        if options.tour:
            await asyncio.to_thread(play_tour, chapters, say)
            stopping.set()
            return
        say(printed)
        if options.browser:
            _open_browser(_begin_of(served))

    serve(served, opened)


def _open_browser(url: str) -> None:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return
    webbrowser.open(url)
