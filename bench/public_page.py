"""What does a reader of the public page cost, compared with an ASGI application that does nothing?

    python -m bench.public_page [--rounds 15] [--seconds 0.5]

A second process serves the demo's page with its past, others serve the same bytes, headers too, by a bare
application. Prints, for the page as it is, compressed and unchanged, the bare application's CPU time for a call as a
share of Keydesk's.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import httpx
import uvloop

from bench.key_check import Case, Server, measure, report
from bench.measure_results import Goal, keep
from bot.demo.past_incidents import write_incident_history
from desk.clock import SystemClock
from desk.policy import Policy
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction
from storage.database import Database
from tests.databases import ORGANIZATION, migrate

_ACTOR = Actor.operator("bench")


def seed(tx: Transaction) -> None:
    """The demo's page with its past."""
    plant_seed(tx, read_acme())
    write_incident_history(tx)


def request(headers: dict[str, str]) -> bytes:
    """A call as browsers make it."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\n{lines}\r\n".encode()


def serve_same(port: int, headers: dict[str, str], file: Path) -> Server:
    """A bare application that gives the same answer to everybody, byte for byte."""
    with httpx.stream("GET", f"http://127.0.0.1:{port}/", headers=headers) as one:
        file.write_bytes(b"".join(one.iter_raw()))
        lines = [f"{name}: {value}" for name, value in one.headers.items() if name not in {"date", "server"}]
    head = file.with_suffix(".head")
    head.write_text("\n".join([str(one.status_code), *lines]), encoding="ascii")
    return Server("bare", str(file), str(head))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(url)
        database = Database.from_url(url).of(ORGANIZATION)
        Desk(database, SystemClock(), Policy()).write_now(_ACTOR, seed)
        database.close()
        keydesk = Server("keydesk", url)
        plain, small = {"accept-encoding": "identity"}, {"accept-encoding": "gzip"}
        with httpx.Client(base_url=f"http://127.0.0.1:{keydesk.port}") as client:
            etag = client.get("/", headers=small).headers["etag"]
        servers, pairs = [keydesk], []
        for name, headers in (("200", plain), ("gzip", small), ("304", small | {"if-none-match": etag})):
            bare = serve_same(keydesk.port, headers, Path(folder) / name)
            servers.append(bare)
            calls = [request(headers)]
            pairs.append((Case(f"bare ASGI, as {name}", bare, calls), Case(f"the page, {name}", keydesk, calls)))
        cases = [case for pair in pairs for case in pair]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(cases, options.rounds, options.seconds))
        for server in servers:
            server.stop()
        report(cases)
        for base, own in pairs:
            ratios = [bare_cpu / cpu for bare_cpu, cpu in zip(base.cpu, own.cpu, strict=True)]
            keep(f"{own.name}, against bare ASGI", Goal(least=0.9), ratios, "python -m bench.public_page")


if __name__ == "__main__":
    main()
