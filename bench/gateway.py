"""What does the gateway cost, compared with nginx's `proxy_pass` to the same upstream?

    python -m bench.gateway [--rounds 5] [--seconds 2]

Reads without a cache, by the client that the gateway has (reqwest) and by aiohttp behind the same interface: CPU time
per call, rate, and waits, as ratios to nginx, measured in turns in the same run. What a call waits for longer than
through nginx is the gateway's added latency.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop

from bench.key_check import Case, Server, measure, report, request
from desk.clock import SystemClock
from desk.policy import Policy
from desk.secret import Secret
from desk.transaction import Actor, Desk, JobName, Transaction, keys_changed
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import PageThere, copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from storage.database import Database
from storage.sealing import Seal
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_key
from tests.nginx import Nginx, nginx_running
from tests.ports import free_port

PAGE = "pageelsewhe1"
_NGINX = """\
    upstream there {{ server 127.0.0.1:{upstream}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://there; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}"""


class MeasuredNginx:
    """One worker of nginx in front of a server; counts CPU as `bench.key_check.Server` does."""

    def __init__(self, nginx: Nginx) -> None:
        self.port = nginx.port
        self._pid = nginx.pid

    def cpu_seconds(self) -> float:
        """CPU seconds so far, of its worker too."""
        ticks = 0
        for pid in (self._pid, *_children_of(self._pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _forward(upstream: int, port: int) -> str:
    return _NGINX.format(upstream=upstream, port=port)


def _children_of(pid: int) -> Iterator[int]:
    yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@contextmanager
def prepared(url: str, upstream: int, seal: Seal) -> Iterator[str]:
    """A database with one page that the upstream keeps; gives the secret of a key that reads it."""
    migrate(url)
    database = Database.from_url(url).of(ORGANIZATION)
    desk, secret = Desk(database, SystemClock(), Policy()), Secret.generate()

    def connect(tx: Transaction) -> None:
        connect_upstream(tx, f"http://127.0.0.1:{upstream}")
        add_upstream_key(tx, NewUpstreamKey(name="bench", sealed=seal.close("0" * 64), calls_a_minute=None))
        key = add_key(tx.session, tx.now, sha256=secret.sha256, scopes=["read"])
        keys_changed(tx, key.id)

    desk.write_now(Actor.operator("bench"), connect)
    desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, [PageThere(id=PAGE, name="Far")]))
    yield secret.reveal()
    database.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder, key = Path(name), Seal.make_key()
        # nginx's worker, somebody else where root starts it, reads nothing below a folder that is closed to it.
        folder.chmod(0o755)
        url = f"sqlite:///{folder / 'bench.db'}"

        def start(*arguments: str) -> Server:
            server = Server(*arguments)
            opened.callback(server.stop)
            return server

        upstream, port = start("bare"), free_port()
        nginx = opened.enter_context(nginx_running(_forward(upstream.port, port), port, folder / "nginx"))
        secret = opened.enter_context(prepared(url, upstream.port, Seal([key])))
        call = request(secret, f"/v1/pages/{PAGE}/components")
        cases = [
            Case("nginx proxy_pass", MeasuredNginx(nginx), [call]),
            Case("gateway, reqwest", start("gateway", url, key, "reqwest"), [call]),
            Case("gateway, aiohttp", start("gateway", url, key, "aiohttp"), [call]),
        ]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(cases, options.rounds, options.seconds))
        report(cases)


if __name__ == "__main__":
    main()
