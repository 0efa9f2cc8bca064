"""What do the long lists of the management API cost, compared with an ASGI application that answers the same bytes?

    python -m bench.management_api [--rounds 5] [--seconds 2]

A page with 500 components and 300 incidents of three updates each. For the first hundred components, the last hundred
and a page of a hundred incidents, it prints CPU time per call and rate as ratios to a bare application that sends the
same bytes, measured in turns in the same run.
"""

import argparse
import asyncio
import tempfile
from functools import partial
from pathlib import Path

import httpx
import uvloop

from bench.key_check import Case, Server, measure, report, request
from desk.clock import SystemClock
from desk.identifiers import new_id
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.policy import Policy
from desk.secret import Secret
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, Transaction, keys_changed, pages_changed
from storage.database import Database
from storage.models import Component, ComponentStatus, IncidentStatus
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_key

PAGE = "acmepage0001"
COMPONENTS = 500
INCIDENTS = 300
LISTS = {
    "100 components of 500": f"/v1/pages/{PAGE}/components",
    "the last 100 of 500": f"/v1/pages/{PAGE}/components?page=5",
    "100 incidents of 300": f"/v1/pages/{PAGE}/incidents",
}


def prepare(database: Database) -> str:
    """The page; gives the secret of a key that may read it."""
    desk = Desk(database, SystemClock(), Policy())
    operator, secret = Actor.operator("bench"), Secret.generate()
    desk.write_now(operator, partial(plant_seed, seed=read_acme()))
    desk.write_now(operator, partial(_add_components, secret=secret))
    for number in range(INCIDENTS):
        desk.write_now(operator, partial(_write_incident, number=number))
    return secret.reveal()


def _add_components(tx: Transaction, secret: Secret) -> None:
    there = tx.session.query(Component).filter(Component.page_id == PAGE).count()
    for number in range(COMPONENTS - there):
        tx.session.add(
            Component(
                id=new_id(),
                page_id=PAGE,
                name=f"Service {number}",
                description="Answers what people ask of it",
                position=100 + number,
                status=ComponentStatus.OPERATIONAL,
                created_at=tx.now,
                updated_at=tx.now,
            )
        )
    key = add_key(tx.session, tx.now, sha256=secret.sha256, scopes=["read"])
    pages_changed(tx)
    keys_changed(tx, key.id)


def _write_incident(tx: Transaction, number: int) -> None:
    component = tx.session.query(Component).filter(Component.name == f"Service {number}").one()
    about = {component.id: ComponentStatus.PARTIAL_OUTAGE}
    body = "Some of what people ask is answered late. We look into it."
    made = create_incident(tx, PAGE, NewIncident(name=f"Service {number} is slow", body=body, components=about))
    for status, state in (
        (IncidentStatus.IDENTIFIED, ComponentStatus.DEGRADED_PERFORMANCE),
        (IncidentStatus.RESOLVED, ComponentStatus.OPERATIONAL),
    ):
        change = IncidentChange(status=status, body=f"It is {status}.", components={component.id: state})
        update_incident(tx, made.id, change)


def _answer_of(port: int, path: str, secret: str) -> bytes:
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"OAuth {secret}"})
    return answer.raise_for_status().content


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(url)
        database = Database.from_url(url).of(ORGANIZATION)
        secret = prepare(database)
        keydesk = Server("keydesk", url)
        for number, (name, path) in enumerate(LISTS.items()):
            answer = Path(folder) / f"{number}.json"
            answer.write_bytes(_answer_of(keydesk.port, path, secret))
            bare = Server("bare", str(answer))
            cases = [
                Case(f"bare, {answer.stat().st_size:,} bytes", bare, [request(secret, path)]),
                Case(name, keydesk, [request(secret, path)]),
            ]
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(measure(cases, options.rounds, options.seconds))
            bare.stop()
            report(cases)
        keydesk.stop()
        database.close()


if __name__ == "__main__":
    main()
