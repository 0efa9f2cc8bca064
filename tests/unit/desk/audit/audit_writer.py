"""A process that records audit events."""

from desk.audit.trail import Action, record
from desk.clock import SystemClock
from desk.policy import Policy
from desk.transaction import Actor, Desk
from tests.databases import open_database


def main(database_url: str, count: str) -> None:
    """Record the events, one transaction each."""
    database = open_database(database_url)
    desk = Desk(database, SystemClock(), Policy())
    for _ in range(int(count)):
        desk.write_now(Actor.operator("writer"), lambda tx: record(tx, Action.KEY_KEPT, "key", "k1"))
    database.close()
