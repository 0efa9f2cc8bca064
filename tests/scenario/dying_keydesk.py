"""Keydesk as a process for tests, which kills itself at a named step of the way from a click to the public.

Each process is a fork of one that has loaded the program and done nothing else, so that it starts in a moment; it
shares the database and the public folder with the others, and nothing in memory.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Any

import uvloop
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from bot.database import open_database, upgrade_schema
from bot.logging import configure_logging
from bot.program import run_program
from bot.serve import stop_on_signals
from bot.server import address_of, listen
from bot.settings.table import GivenSettings
from desk.incidents.announcements import HEAD_CARD, UPDATE_CARD
from desk.transaction import Desk
from handlers.delivery.backoff import BackOff
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker, Step, Timing
from handlers.http.gateway.assembly import UpstreamParts
from handlers.slack.app import all_renderers
from storage.database import Database
from storage.models import Channel, Delivery, SlackMessage
from tests.databases import know_statements
from tests.scenario.dying_worker import die

TIMING = Timing(lease=timedelta(seconds=4), look_every=timedelta(milliseconds=100))
"""Brisk, with room for a crowded machine."""
_CARDS = {HEAD_CARD: "head", UPDATE_CARD: "reply"}
BACK_OFF = BackOff(first=timedelta(milliseconds=250))


def _make_worker(
    desk: Desk, client: AsyncWebClient, upstreams: UpstreamParts, on_step: Callable[[Step, int], None]
) -> OutboxWorker:
    slack = SlackDeliverer(
        client, desk.clock, all_renderers(), timeout=timedelta(seconds=2), pace=timedelta(milliseconds=20)
    )
    return OutboxWorker(desk, {Channel.SLACK: slack}, timing=TIMING, back_off=BACK_OFF, on_step=on_step)


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The machine's clock, set forward."""

    ahead: timedelta

    def now(self) -> datetime:
        """The present instant and a little more."""
        return datetime.now(UTC) + self.ahead

    def steady(self) -> float:
        """Seconds that pass."""
        return monotonic()


class Death:
    """Waits at one step of the first publication of an incident.

    `where` is `written` (said in the transaction, not committed), `committing`, `committed`, `rendering` (about to be
    read for the public), `file-1` and on (before that change to the folder's files), `head-…` or `reply-…` (of the
    channel) with a step of the delivery or `noting` (before what became of it is committed), or empty: never.
    """

    def __init__(self, where: str, database: Database, folder: Path) -> None:
        self._where = where
        self._database = database
        self._folder = str(folder)
        self._seen = threading.local()
        self._is_public = False
        self._is_noting = False
        self._changes = 0

    def attach(self) -> None:
        """Listen to the database's statements and commits, and to changes of files."""
        engine = self._database.engine
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "after_cursor_execute", self._after_statement)
        event.listen(engine, "commit", self._before_commit)
        event.listen(Session, "after_commit", self._after_commit)
        if self._where.startswith("file-"):
            # Slows everything down.
            sys.addaudithook(self._audit)

    def on_step(self, step: Step, row_id: int) -> None:
        """A step of a delivery."""
        card, _, wanted = self._where.partition("-")
        if not wanted or card != self._card_of(row_id):
            return
        if step == wanted:
            die()
        self._is_noting = wanted == "noting" and step is Step.ANSWERED

    def _card_of(self, row_id: int) -> str:
        with self._database.everywhere.read() as session:
            message = session.get_one(SlackMessage, session.get_one(Delivery, row_id).subject)
            return _CARDS.get(message.kind, "")

    def _begin(self, _connection: object) -> None:
        self._seen.tables = set()

    def _before_statement(self, *_arguments: object) -> None:
        in_renderer = threading.current_thread().name.startswith("keydesk-public")
        if self._where == "rendering" and self._is_public and in_renderer:
            die()

    def _after_statement(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        for table in ("INSERT INTO incident_update", "UPDATE delivery "):
            if statement.startswith(table):
                self._seen.tables.add(table)
        if self._where == "written" and self._has_seen("INSERT INTO incident_update"):
            die()

    def _has_seen(self, table: str) -> bool:
        return table in getattr(self._seen, "tables", ())

    def _before_commit(self, _connection: object) -> None:
        if self._where == "committing" and self._has_seen("INSERT INTO incident_update"):
            die()
        if self._is_noting and self._has_seen("UPDATE delivery "):
            die()

    def _after_commit(self, _session: Session) -> None:
        if self._has_seen("INSERT INTO incident_update"):
            self._is_public = True
            if self._where == "committed":
                die()

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_public or name not in ("open", "os.rename") or not str(arguments[0]).startswith(self._folder):
            return
        if name == "os.rename" or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self._changes += 1
            if self._where == f"file-{self._changes}":
                die()


def run(values: Mapping[str, Any], log: str, where: str, ahead: timedelta, address: Connection) -> None:
    """Run Keydesk until it is stopped or dies; its address goes to `address` once it serves."""
    with Path(log).open("a") as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        settings = GivenSettings(**values)
        configure_logging(settings.log_format, settings.log_level, stream)
        database = open_database(settings)
        know_statements(database.engine)
        upgrade_schema(database)
        assert settings.public_folder is not None
        death = Death(where, database, settings.public_folder)
        death.attach()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            stopping = asyncio.Event()
            stop_on_signals(runner.get_loop(), stopping)
            listener = listen("127.0.0.1", 0)
            tell: Callable[[], None] = partial(address.send, address_of(listener))
            make_worker = partial(_make_worker, on_step=death.on_step)
            clock = ShiftedClock(ahead)
            runner.run(
                run_program(
                    settings, database, listener, stopping, clock=clock, make_worker=make_worker, serving=tell
                )
            )
        database.close()
