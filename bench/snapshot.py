"""For how long do others wait while Slack's whole directory is read for the first time?

    python -m bench.snapshot [--groups 500] [--members 200] [--people 1000] [--rounds 3] [--sqlite-only]

Keeps what a reading of so many groups with so many members each says, as the job does, in a new database each round.
Prints how long the longest of its transactions took: CPU time on SQLite, which other programs on the machine change
less, and time on PostgreSQL.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial

from bench.measure_results import Goal, databases, keep
from desk.clock import SystemClock
from desk.directory.groups import SeenGroup
from desk.directory.syncs import Snapshot, apply_snapshot, in_batches, take_groups, take_people
from desk.people import SeenUser
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from handlers.jobs.reconcile import RECONCILE
from storage.database import Database
from tests.databases import ORGANIZATION, migrate

_PAGE = 200
"""So many people Slack gives at a time."""


def read_all(url: str, groups: int, members: int, people: int) -> list[float]:
    """How long each transaction took, in seconds."""
    migrate(url)
    database = Database.from_url(url).of(ORGANIZATION)
    desk, taken = Desk(database, SystemClock(), Policy()), []

    clock = time.process_time if database.engine.dialect.name == "sqlite" else time.perf_counter

    def write(work: Callable[[Transaction], object]) -> None:
        began = clock()
        desk.write_now(RECONCILE, work)
        taken.append(clock() - began)

    users = [SeenUser(user_id=f"U{n:09d}", team_id="T1", name=f"Person {n}", handle=f"p{n}") for n in range(people)]
    for start in range(0, people, _PAGE):
        write(partial(take_people, seen=users[start : start + _PAGE]))
    seen = [
        SeenGroup(
            group_id=f"S{number:09d}",
            handle=f"group-{number}",
            name=f"Group {number}",
            users=frozenset(users[(number * 7 + each) % people].user_id for each in range(members)),
        )
        for number in range(groups)
    ]
    for batch in in_batches(seen):
        write(partial(take_groups, seen=batch))
    write(partial(apply_snapshot, snapshot=Snapshot(flipped=(), groups=(), people=people, groups_taken=groups)))
    database.close()
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=500)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    size = (options.groups, options.members, options.people)
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            rounds = [read_all(address(f"directory{number}"), *size) for number in range(options.rounds)]
            print(f"{kind}: {len(rounds[0])} transactions, {sum(rounds[0]):.1f} s in all")
            what = f"longest transaction of a first snapshot, {size[0]} groups × {size[1]} people, {kind}"
            keep(what, Goal(most=0.2, unit="s"), [max(taken) for taken in rounds], "python -m bench.snapshot")


if __name__ == "__main__":
    main()
