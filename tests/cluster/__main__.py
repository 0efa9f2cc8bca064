"""`make demo-cluster`: the demo's story on three replicas with PostgreSQL and nginx, one of them killed at each step.

Nothing leaves this machine. Slack is the local workspace, PostgreSQL comes from its wheel, nginx from the machine.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.database import open_database
from bot.demo.assembly import STATUS_CHANNEL, make_settings, open_sandbox, prepare
from bot.demo.looking import StepFailedError, until
from bot.demo.tour import Chapter, list_chapters, play_tour
from desk.seeds import read_acme
from sandbox.player import Control
from sandbox.server import SandboxServer
from tests.cluster.balancer import balanced
from tests.cluster.replicas import Replica, start_all
from tests.databases import PostgresqlServer
from tests.places import find_place
from tests.ports import free_port

REPLICAS = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """What was started: where Slack and Keydesk are, and the replicas behind it."""

    sandbox: SandboxServer
    url: str
    replicas: Sequence[Replica]


class Killer:
    """Kills one replica after the other. Who was killed is started again, and is there before the next one's turn."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas
        self._turns = 0
        self._starter = ThreadPoolExecutor(1)
        self._back: Future[None] | None = None

    def kill(self) -> int:
        """Kill the next one, and give its number."""
        self.wait()
        replica = self._replicas[self._turns % len(self._replicas)]
        self._turns += 1
        replica.kill()
        self._back = self._starter.submit(start_all, [replica])
        return replica.number

    def wait(self) -> None:
        """Wait until all are there."""
        if self._back is not None:
            self._back.result()

    def close(self) -> None:
        """Leave the replicas as they are."""
        self._starter.shutdown()


def main() -> int:
    """0 when every step was seen to work, 1 after a sentence about the first that was not."""
    parser = argparse.ArgumentParser(prog="make demo-cluster", description=__doc__)
    parser.add_argument("--http", action="store_true", help="Slack calls Keydesk through nginx, without Socket Mode")
    parser.add_argument("--stay", action="store_true", help="play nothing: run until Ctrl-C, to be tried by hand")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        say(f"PostgreSQL, nginx, a Slack workspace and {REPLICAS} replicas of Keydesk start …")
        with database() as database_url, running(database_url, over_http=wanted.http) as cluster:
            if wanted.stay:
                stay(cluster)
            else:
                began = time.monotonic()
                kills = tour(cluster, list_chapters(cluster.sandbox.url, cluster.url))
                seconds = time.monotonic() - began
                say(f"\nEvery step was seen to work, and {kills} replicas were killed, in {seconds:.0f} seconds.")
    except StepFailedError as failure:
        sys.stderr.write(f"The tour ends here: {failure}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty database on a PostgreSQL server that is there within the block."""
    server = PostgresqlServer()
    try:
        yield server.url(server.create())
    finally:
        server.stop()


@contextmanager
def running(database_url: str, *, over_http: bool = False, anew: bool = True) -> Iterator[Cluster]:
    """A cluster on a database, with the demo's page and past, within the block. `anew` as in KeydeskProcess."""
    with ExitStack() as started:
        # nginx's worker is somebody else where root starts it, and reads nothing below a folder that is closed to it.
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="keydesk-cluster-", dir=find_place())))
        folder.chmod(0o755)
        sandbox = started.enter_context(open_sandbox(folder, None, say))
        ports = [free_port() for _ in range(REPLICAS + 1)]
        url = started.enter_context(balanced(ports[1:], folder / "nginx", ports[0]))
        seed_database(folder, sandbox, url, database_url)
        settings = replica_settings(sandbox, url, database_url, over_http=over_http)
        replicas = [Replica(number, port, folder, settings, anew=anew) for number, port in enumerate(ports[1:], 1)]
        for replica in replicas:
            started.callback(replica.kill)
        if over_http:
            sandbox.workspace.set_request_url(f"{url}/slack/events")
        start_all(replicas)
        yield Cluster(sandbox, url, replicas)


def seed_database(folder: Path, sandbox: SandboxServer, url: str, database_url: str) -> None:
    """Bring the database up to date, and give it what the demo has."""
    settings = make_settings(folder, sandbox.api_url, url, database_url=database_url)
    opened = open_database(settings)
    try:
        prepare(settings, opened, read_acme())
    finally:
        opened.close()


def replica_settings(sandbox: SandboxServer, url: str, database_url: str, *, over_http: bool) -> dict[str, str]:
    """The environment of each replica: the same for all, as in an installation."""
    slack = {"SLACK_BOT_TOKEN": "xoxb-sandbox", "SLACK_SIGNING_SECRET": "sandbox-signing-secret"}
    return {
        **slack,
        **({} if over_http else {"SLACK_APP_TOKEN": "xapp-sandbox"}),
        "KEYDESK_SLACK_API_URL": sandbox.api_url,
        "KEYDESK_DATABASE_URL": database_url,
        "KEYDESK_BASE_URL": url,
        "KEYDESK_OWNERS_CHANNEL": "C0OWNERS01",
        "KEYDESK_DIGEST_CHANNEL": "C0OWNERS01",
        "KEYDESK_ANNOUNCEMENT_CHANNEL": STATUS_CHANNEL,
        "KEYDESK_NEVER_USED_DAYS": "0",
    }


def tour(cluster: Cluster, chapters: Sequence[Chapter]) -> int:
    """Play a story, a replica being killed at each step, and stop the replicas; gives how many were killed. Raises
    StepFailedError."""
    killer = Killer(cluster.replicas)
    try:
        until(lambda: True if owners_are_known(cluster) else None, "the first owners to be appointed")
        play_tour(chapters, say, before_each=lambda: say(f"    Replica {killer.kill()} is killed."))
        killer.wait()
    finally:
        killer.close()
    kills = sum(len(replica.ended) for replica in cluster.replicas)
    for replica in cluster.replicas:
        if status := replica.stop():
            raise StepFailedError(f"replica {replica.number} ended with {status} when it was asked to stop")
    return kills


def owners_are_known(cluster: Cluster) -> bool:
    """Whether people can work: somebody who owns the workspace was told so."""
    return bool(Control(cluster.sandbox.url).person("U0OMAR0001").direct_messages())


def stay(cluster: Cluster) -> None:
    """Say where everything is, and wait for a signal."""
    pids = ", ".join(str(replica.pid) for replica in cluster.replicas)
    say(
        f"The workspace is at {cluster.sandbox.url}/?as=U0INES0001 and the page at {cluster.url}/\n"
        f"The replicas are the processes {pids}. Kill one (kill -9 …), and go on. Stop with Ctrl-C."
    )
    while True:
        signal.pause()


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
