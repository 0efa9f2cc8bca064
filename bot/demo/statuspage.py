"""The Statuspage of the gateway's demo: a second Keydesk, in a process of its own, with keys that may everything."""

import asyncio
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from bot.database import make_desk, open_database
from bot.demo.assembly import listen_for, make_settings, open_sandbox, prepare
from bot.demo.looking import StepFailedError
from bot.demo.serving import Served, serve
from bot.logging import configure_logging
from bot.server import address_of
from bot.settings import LogFormat
from desk.keys.changes import revoke_key
from desk.requests.making import make_key
from desk.requests.offers import policy_here
from desk.requests.terms import complete_asked
from desk.seeds import Seed
from desk.transaction import Actor, Desk, Transaction

_OPERATOR = Actor.operator("demo")
_HOLDER = "U0OMAR0001"
_PATIENCE_SECONDS = 60.0
_NAMES = ("Keydesk", "Keydesk, next year")


@dataclass(frozen=True, slots=True)
class Statuspage:
    """The other side: where it is, and two keys of it. The first ends with `revoke_first`."""

    address: str
    keys: tuple[str, str] = field(repr=False)
    line: Connection = field(repr=False)

    def revoke_first(self) -> None:
        """End the first key there. Raises StepFailedError when nobody answers."""
        self.line.send("revoke")
        _hear(self.line)


@contextmanager
def running_statuspage(folder: Path, seed: Seed, log_level: str) -> Iterator[Statuspage]:
    """A Statuspage with these pages and a past, until the end of the block. Raises StepFailedError when it does not
    start."""
    # A new interpreter: this one may have threads already.
    context = multiprocessing.get_context("spawn")
    line, other = context.Pipe()
    process = context.Process(target=_play, args=(folder, seed, log_level, other), daemon=True)
    process.start()
    other.close()
    try:
        address, first, second = _hear(line)
        yield Statuspage(address, (first, second), line)
    finally:
        line.close()
        process.join(_PATIENCE_SECONDS)
        process.kill()


def _hear(line: Connection) -> tuple[str, ...]:
    try:
        if line.poll(_PATIENCE_SECONDS):
            heard: tuple[str, ...] = line.recv()
            return heard
    except EOFError:
        pass
    raise StepFailedError("the Statuspage behind Keydesk did not answer")


def _play(folder: Path, seed: Seed, log_level: str, line: Connection) -> None:
    """What the other process does, until `line` is closed."""
    configure_logging(LogFormat.AUTO, log_level)
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_sandbox(folder, 0, _say_nothing) as sandbox:
        listener = listen_for(0, _say_nothing)
        settings = make_settings(folder, sandbox.api_url, address_of(listener))
        database = open_database(settings)
        try:
            prepare(settings, database, seed)
            served = Served(settings=settings, database=database, listener=listener, sandbox_url=sandbox.url)
            desk = make_desk(settings, database)

            async def opened(stopping: asyncio.Event) -> None:
                loop = asyncio.get_running_loop()

                def answer() -> None:
                    _answer(served, desk, line)
                    loop.call_soon_threadsafe(stopping.set)

                threading.Thread(target=answer, daemon=True).start()

            serve(served, opened)
        finally:
            database.close()


def _answer(served: Served, desk: Desk, line: Connection) -> None:
    """Say where it is and which keys there are, then do as is asked until nobody is at the other end."""
    keys = desk.write_now(_OPERATOR, lambda tx: [_make_key(tx, name) for name in _NAMES])
    line.send((served.address, *(secret for _, secret in keys)))
    try:
        while True:
            line.recv()
            desk.write_now(_OPERATOR, lambda tx: revoke_key(tx, keys[0][0], reason="A new one has its place"))
            line.send(())
    except EOFError:
        return


def _make_key(tx: Transaction, name: str) -> tuple[str, str]:
    """A key as Statuspage's own are: for everything."""
    policy = policy_here(tx)
    wanted = complete_asked(
        policy,
        _HOLDER,
        name=name,
        purpose="What Keydesk calls with",
        scopes=[str(scope) for scope in policy.offered_scopes],
        pages=None,
        lifetime_days=None,
        holder_id=_HOLDER,
    )
    key, secret = make_key(tx, wanted)
    return key.id, secret.reveal()


def _say_nothing(text: str) -> None:
    """Its ports are nobody's business."""
