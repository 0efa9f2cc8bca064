"""How soon is an update public on a very large page, and how large is the page itself?

    python -m bench.large_page [--components 500] [--incidents 10000] [--rounds 7] [--sqlite-only]

A second process serves the page. This one opens and resolves an incident in turn, which breaks and mends a component,
and asks that process over HTTP until it shows the update. Prints the time from the commit on, how much CPU time the
second process took for it, as the machine is shared, and the bytes of `/` before compression.
"""

import argparse
import tempfile
import time

import httpx

from bench.key_check import Server
from bench.measure_page import add_large_page
from bench.measure_results import Goal, databases, keep
from desk.clock import SystemClock
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage.database import Database
from storage.models import ComponentStatus, IncidentStatus
from tests.databases import ORGANIZATION, migrate

_ACTOR = Actor.operator("bench")
_BROKEN = "c00000000250"


class Reader:
    """Publishes, and looks at the other process until it shows what was published."""

    def __init__(self, desk: Desk, server: Server, page_id: str) -> None:
        self._desk = desk
        self._server = server
        self._page_id = page_id
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30)
        self._open = self._seen = ""

    def publish(self, number: int) -> tuple[float, float]:
        """Seconds until a new update is shown, and CPU seconds of the server until it has nothing more to do."""
        words, states = f"Update {number} of many.", {_BROKEN: ComponentStatus.MAJOR_OUTAGE}
        used = self._server.cpu_seconds()
        if self._open:
            states = {_BROKEN: ComponentStatus.OPERATIONAL}
            change = IncidentChange(status=IncidentStatus.RESOLVED, body=words, components=states)
            self._desk.write_now(_ACTOR, lambda tx: update_incident(tx, self._open, change))
            self._open = ""
        else:
            new = NewIncident(name="Requests fail", body=words, components=states)
            self._open = self._desk.write_now(_ACTOR, lambda tx: create_incident(tx, self._page_id, new)).id
        began = time.perf_counter()
        while not self._shows(words):
            assert time.perf_counter() - began < 30, "the update never came"
            time.sleep(0.02)
        seconds, cpu = time.perf_counter() - began, self._server.cpu_seconds() - used
        self.settle()
        return seconds, cpu

    def _shows(self, words: str) -> bool:
        answer = self._client.get("/", headers={"if-none-match": self._seen})
        self._seen = answer.headers["etag"]
        return words in answer.text

    def settle(self) -> None:
        """Wait until the server is idle, its past rendered; on a busy machine it gets little of each second."""
        used, quiet = self._server.cpu_seconds(), 0
        while quiet < 2:
            time.sleep(1)
            now = self._server.cpu_seconds()
            quiet, used = (quiet + 1 if now - used < 0.05 else 0), now

    def size(self) -> int:
        """Bytes of the page before compression."""
        return len(self._client.get("/").content)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--components", type=int, default=500)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    what = f"{options.components} components × {options.incidents:,} incidents"
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            url = address("large")
            migrate(url)
            desk = Desk(Database.from_url(url).of(ORGANIZATION), SystemClock(), Policy())
            with desk.database.write() as session:
                size = {"components": options.components, "incidents": options.incidents}
                page_id = add_large_page(session, desk.clock.now(), **size).id
            server = Server("keydesk", url)
            reader = Reader(desk, server, page_id)
            reader.settle()
            found = [reader.publish(number) for number in range(options.rounds)][1:]
            command = "python -m bench.large_page"
            cpu = [cpu for _, cpu in found]
            keep(f"update visible, {what}, CPU time of the server, {kind}", Goal(most=1, unit="s"), cpu, command)
            keep(
                f"update visible, {what}, {kind}", Goal(most=1, unit="s"), [seconds for seconds, _ in found], command
            )
            keep(f"`/` before compression, {what}, {kind}", Goal(most=300, unit="kB"), [reader.size() / 1e3], command)
            server.stop()
            desk.database.close()


if __name__ == "__main__":
    main()
