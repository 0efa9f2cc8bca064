"""What schedules are played on: a Slack workspace, a database server, and databases with a page and its people."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.database import make_desk, open_database, upgrade_schema
from bot.demo.assembly import STATUS_CHANNEL, make_settings
from bot.demo.responders import appoint_responders
from desk.clock import SystemClock
from desk.secret import Secret
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, JobName, Transaction, keys_changed
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import PageThere, copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from sandbox.player import Control
from sandbox.ratelimits import Hold
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Scope
from storage.sealing import Seal
from tests.cluster.replicas import Replica, start_all
from tests.contract.failing_statuspage import PAGE, FailingStatuspage
from tests.databases import PostgresqlServer
from tests.factories import add_key
from tests.http_proxy import ThreadedProxy, proxying_in_a_thread
from tests.ports import free_port
from tests.postgresql_proxy import PostgresqlProxy
from tests.soak.clocks import run_keydesk_by_clock, set_clock
from tests.soak.schedules import Backend

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
OWNERS = "C0OWNERS01"
REPLICAS = 2
"""Of a world on PostgreSQL; on SQLite there is one."""
BASE_URL = "https://status.acme.example"
_OPERATOR = Actor.operator("soak")
# A power cut must not lose what was committed.
_SAFE = "synchronous_commit=on"


@dataclass(frozen=True, slots=True)
class World:
    """What one schedule is played on."""

    sandbox: SandboxServer
    replicas: list[Replica]
    proxies: list[PostgresqlProxy]
    slack_proxies: list[ThreadedProxy]
    """Of each replica one, between it and Slack."""
    desk: Desk
    """On a database connection that nothing goes wrong with."""
    server: PostgresqlServer
    there: FailingStatuspage
    """What keeps the page `Faraway`."""
    secret: str = field(repr=False)
    """Of a key that reads, and writes incidents."""

    @property
    def control(self) -> Control:
        """The workspace's control side."""
        return Control(self.sandbox.url)


class Stage:
    """Everything that schedules share, from `with` to its end.

    `patient`: Slack waits half a minute for an answer instead of three seconds, which a busy machine may need.
    """

    def __init__(self, folder: Path, *, patient: bool = False) -> None:
        self._folder = folder
        self._patient = patient
        self._played = 0
        self._open = ExitStack()
        self._secret = ""
        self._seal = Seal.make_key()

    def __enter__(self) -> "Stage":
        self._sandbox = self._open.enter_context(SandboxServer(manifest=MANIFEST, hold=Hold.TIERS))
        if self._patient:
            self._sandbox.workspace.timing.acknowledge_within = 30.0
            self._sandbox.workspace.timing.trigger_lifetime = 30.0
        self._server = PostgresqlServer(_SAFE)
        self._open.callback(self._server.stop)
        self._there = FailingStatuspage(SystemClock(), page_name="Faraway")
        self._there.start()
        self._open.callback(self._there.stop)
        self._slack_proxies = [self._open.enter_context(proxying_in_a_thread()) for _ in range(REPLICAS)]
        self._template = self._server.create()
        self._file = self._folder / "template.db"
        self._secret = self._prepare(self._server.url(self._template))
        self._secret_of_file = self._prepare(f"sqlite:///{self._file}")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def world(self, backend: Backend) -> Iterator[World]:
        """A fresh world with its replicas at work."""
        self._played += 1
        folder = self._folder / str(self._played)
        folder.mkdir()
        self._sandbox.workspace.reset()
        self._there.reset()
        with ExitStack() as opened:
            opened.callback(shutil.rmtree, folder)
            if backend == "sqlite":
                url = f"sqlite:///{shutil.copyfile(self._file, folder / 'keydesk.db')}"
                proxies: list[PostgresqlProxy] = []
            else:
                name = self._server.create(self._template)
                opened.callback(self._server.drop, name)
                url = self._server.url(name)
                proxies = [PostgresqlProxy(url) for _ in range(REPLICAS)]
                for proxy in proxies:
                    opened.callback(proxy.close)
            desk = _open_desk(url, self._sandbox, folder)
            opened.callback(desk.database.close)
            replicas = self._make_replicas([each.url for each in proxies] or [url], folder)
            for each in replicas:
                opened.callback(each.kill)
            start_all(replicas)
            secret = self._secret_of_file if backend == "sqlite" else self._secret
            slack_proxies = self._slack_proxies[: len(replicas)]
            yield World(self._sandbox, replicas, proxies, slack_proxies, desk, self._server, self._there, secret)

    def _prepare(self, url: str) -> str:
        """Bring a database up to date, and give it pages, people and a key; gives the key's secret."""
        settings = make_settings(self._folder, self._sandbox.api_url, BASE_URL, database_url=url)
        database = open_database(settings)
        try:
            upgrade_schema(database)
            desk, seed = make_desk(settings, database), read_acme()

            def work(tx: Transaction) -> str:
                plant_seed(tx, replace(seed, pages=seed.pages[:1]))
                appoint_responders(tx)
                connect_upstream(tx, self._there.url)
                sealed = Seal([self._seal]).close("0" * 64)
                add_upstream_key(tx, NewUpstreamKey(name="soak", sealed=sealed, calls_a_minute=6000))
                return _make_key(tx)

            secret = desk.write_now(_OPERATOR, work)
            there = [PageThere(id=PAGE, name=self._there.page_name)]
            desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, there))
            return secret
        finally:
            database.close()

    def _make_replicas(self, urls: list[str], folder: Path) -> list[Replica]:
        made = []
        for number, url in enumerate(urls):
            port = free_port()
            settings = {
                "SLACK_BOT_TOKEN": "xoxb-sandbox",
                "SLACK_APP_TOKEN": "xapp-sandbox",
                "KEYDESK_SLACK_API_URL": self._sandbox.api_url,
                "KEYDESK_SLACK_PROXY": self._slack_proxies[number].url,
                "KEYDESK_DATABASE_URL": url,
                "KEYDESK_BASE_URL": BASE_URL,
                "KEYDESK_OWNERS_CHANNEL": OWNERS,
                "KEYDESK_ANNOUNCEMENT_CHANNEL": STATUS_CHANNEL,
                "KEYDESK_ENCRYPTION_KEYS": self._seal,
            }
            replica = Replica(number, port, folder, settings, anew=False, runs=run_keydesk_by_clock)
            set_clock(replica.folder, 0.0)
            made.append(replica)
        return made


def _make_key(tx: Transaction) -> str:
    secret, scopes = Secret.generate(), [Scope.READ, Scope.INCIDENTS_WRITE]
    key = add_key(tx.session, tx.now, name="watcher", sha256=secret.sha256, start=secret.start, scopes=scopes)
    keys_changed(tx, key.id)
    return secret.reveal()


def _open_desk(url: str, sandbox: SandboxServer, folder: Path) -> Desk:
    return _desk_on(Database.from_url(url), url, sandbox, folder)


def _desk_on(database: Database, url: str, sandbox: SandboxServer, folder: Path) -> Desk:
    settings = make_settings(folder, sandbox.api_url, BASE_URL, database_url=url)
    return make_desk(settings, database)
