"""A process that records audit events: `python -m tests.unit.desk.audit.audit_writer <database url> <count>`."""

import sys

from desk.audit.trail import Action, record
from desk.clock import SystemClock
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage.database import Database


def main() -> None:
    """Record the events, one transaction each."""
    database = Database.from_url(sys.argv[1])
    desk = Desk(database, SystemClock(), Policy())
    for _ in range(int(sys.argv[2])):
        desk.write_now(Actor.operator("writer"), lambda tx: record(tx, Action.KEY_KEPT, "key", "k1"))
    database.close()


if __name__ == "__main__":
    main()
