"""Running a demo's Keydesk, and knowing when people can work with it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import uvloop

from bot.demo.looking import StepFailedError
from bot.program import run_program
from bot.serve import stop_on_signals
from bot.settings import Settings
from desk.pages.pages import find_organization
from sandbox.player import Control
from storage.database import Database

SOMEBODY = "U0INES0001"
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A Keydesk with its Slack workspace, on a database that is up to date."""

    settings: Settings
    database: Database
    listener: socket.socket
    sandbox_url: str

    @property
    def address(self) -> str:
        """Where it is."""
        return self.settings.base_url


def serve(served: Served, opened: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run it until a signal or what `opened` is given says stop; `opened` is called once people can work with it.

    Raises StepFailedError when it does not come so far.
    """

    async def run() -> None:
        stopping = asyncio.Event()
        stop_on_signals(asyncio.get_running_loop(), stopping)
        ready = asyncio.Event()
        program = asyncio.create_task(
            run_program(served.settings, served.database, served.listener, stopping, serving=ready.set)
        )
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([program, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            if not program.done():
                await _wait_until_open(served)
                await opened(stopping)
        except BaseException:
            stopping.set()
            raise
        finally:
            await program

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def _wait_until_open(served: Served) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _opened(served)
    except TimeoutError:
        raise StepFailedError("the desk did not open: Keydesk is not connected with the workspace") from None


async def _opened(served: Served) -> None:
    """Wait until the bot is connected and has appointed the first owners."""
    control = Control(served.sandbox_url)
    while True:
        organization = await served.database.everywhere.run_read(find_organization)
        state = await asyncio.to_thread(control.call, "GET", "state", None, user=SOMEBODY)
        if state["connected"] and organization is not None and organization.owners_seeded_at is not None:
            return
        await asyncio.sleep(_LOOK_SECONDS)
