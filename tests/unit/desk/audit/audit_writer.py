"""A process that records audit events."""

from desk.audit.trail import Action, record
from desk.clock import SystemClock
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage.database import Database
from tests.databases import ORGANIZATION


def main(database_url: str, count: str) -> None:
    """Record the events, one transaction each."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    desk = Desk(database, SystemClock(), Policy())
    for _ in range(int(count)):
        desk.write_now(Actor.operator("writer"), lambda tx: record(tx, Action.KEY_KEPT, "key", "k1"))
    database.close()
