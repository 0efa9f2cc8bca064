"""Keydesk in processes of their own, on one database and one public folder: started, killed, started again."""

import http.client
import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from desk.transaction import Desk
from sandbox.player import Control, Json, Player
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Component, Delivery, DeliveryStatus, Role
from tests.databases import ORGANIZATION
from tests.factories import INES, add_component, add_grant, add_member, add_page
from tests.forking import FORKS
from tests.policies import policy_of
from tests.scenario import dying_keydesk
from tests.scenario.dying_keydesk import TIMING, ShiftedClock
from tests.scenario.incidents_stage import STATUS_CHANNEL
from tests.scenario.running import BOT_TOKEN, SIGNING_SECRET
from tests.waiting import wait_until


class Keydesk:
    """A started process. `log` is the file with its log lines."""

    def __init__(self, values: dict[str, Any], log: Path, where: str, ahead: timedelta) -> None:
        self._receiver, sender = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(
            target=dying_keydesk.run, args=(values, str(log), where, ahead, sender), daemon=True
        )
        self._process.start()
        sender.close()
        self.log = log
        assert self._receiver.poll(60), "Keydesk did not start"
        self.url: str = self._receiver.recv()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        return self.get("/readyz")[0] == 200

    def death(self) -> int | None:
        """How it ended, once it has."""
        return self._process.exitcode

    def kill(self) -> None:
        """As if the machine lost its power, unless it is dead already."""
        self._process.kill()
        self._process.join(30)
        assert self._process.exitcode == -signal.SIGKILL
        self._receiver.close()
        self._process.close()

    def events(self) -> Sequence[Json]:
        """Its log lines so far."""
        return read_log(self.log)


def read_log(log: Path) -> Sequence[Json]:
    """The lines of a log; a last one that a kill cut off is left out."""
    written = log.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in written.splitlines()]


@dataclass
class Town:
    """The page Acme with Website, Checkout and Search, the workspace, and whatever runs."""

    server: SandboxServer
    database_url: str
    database: Database
    folder: Path
    page_id: str
    components: dict[str, str]
    """Name → id."""
    socket_mode: bool = False
    running: list[Keydesk] = field(default_factory=list)
    starts: int = 0

    @property
    def control(self) -> Control:
        """The workspace's control side."""
        return Control(self.server.url)

    @property
    def desk(self) -> Desk:
        """A desk beside the processes, at the machine's time."""
        return Desk(self.database, ShiftedClock(timedelta()), policy_of())

    def fault(self, **fault: Any) -> None:
        """Let Slack fail (see the sandbox's PROTOCOL.md)."""
        self.control.call("POST", "faults", fault)

    def person(self, user_id: str) -> Player:
        """Somebody to play."""
        return self.control.person(user_id)

    def start(self, where: str = "", *, waits: bool = True, replaces: bool = True) -> Keydesk:
        """Start Keydesk and let Slack call it; what `replaces` others has a clock ahead of all their claims."""
        ahead = (TIMING.lease + timedelta(seconds=1)) * self.starts if replaces else timedelta()
        self.starts += 1
        values = {
            "slack_bot_token": BOT_TOKEN,
            "slack_signing_secret": SIGNING_SECRET,
            "slack_app_token": "xapp-sandbox" if self.socket_mode else None,
            "slack_api_url": self.server.api_url.rstrip("/"),
            "database_url": self.database_url,
            "public_folder": self.folder / "public",
            "owners_channel": "C0OWNERS01",
            "log_format": "json",
        }
        keydesk = Keydesk(values, self.folder / f"keydesk-{self.starts}.log", where, ahead)
        self.running.append(keydesk)
        if not self.socket_mode:
            self.server.workspace.set_request_url(f"{keydesk.url}/slack/events")
        if waits:
            wait_until(keydesk.is_ready, 60)
        return keydesk

    def settle(self, keydesk: Keydesk) -> set[int]:
        """Wait for what the first start does beside everything else: it appoints the first owners and greets them.

        Gives the outbox rows of the greetings.
        """
        wait_until(lambda: any(line["event"] == "directory_read" for line in keydesk.events()), 60)
        wait_until(lambda: {row.status for row in self.rows(Delivery)} == {DeliveryStatus.SENT}, 60)
        return {row.id for row in self.rows(Delivery)}

    def end(self, keydesk: Keydesk) -> None:
        """Kill a process, or bury one that is dead."""
        self.running.remove(keydesk)
        keydesk.kill()

    def rows(self, model: type[Any]) -> list[Any]:
        """Every row of a table."""
        with self.database.read() as session:
            return list(session.scalars(select(model)))

    def heads(self) -> list[Json]:
        """The bot's messages in the channel outside of threads."""
        return [message for message in self._posted() if message.get("thread_ts", message["ts"]) == message["ts"]]

    def replies(self, head: Json) -> list[Json]:
        """What was said in the thread of a message."""
        return [one for one in self._posted() if one.get("thread_ts") == head["ts"] != one["ts"]]

    def _posted(self) -> list[Json]:
        found = self.person(INES).messages(STATUS_CHANNEL)
        return [message for message in found if message.get("bot_id")]


@contextmanager
def seeded(server: SandboxServer, database_url: str, folder: Path, people: Sequence[str]) -> Iterator[Town]:
    """A fresh workspace and a seeded database; `people` manage the page's incidents and maintenances."""
    server.workspace.reset()
    server.workspace.set_request_url(None)
    database, now = Database.from_url(database_url).of(ORGANIZATION), datetime.now(UTC) - timedelta(days=1)
    with database.write() as session:
        page = add_page(session, now, announcement_channel=STATUS_CHANNEL)
        rows: list[Component] = [
            add_component(session, page, now, name=name, position=position)
            for position, name in enumerate(("Website", "Checkout", "Search"), 1)
        ]
        for user_id in people:
            add_member(session, user_id, now)
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
                add_grant(session, user_id, role, now, page_id=page.id)
        town = Town(server, database_url, database, folder, page.id, {row.name: row.id for row in rows})
    try:
        yield town
    finally:
        for keydesk in list(town.running):
            town.end(keydesk)
        database.close()
