"""A sweep of maintenances in a process that kills itself.

`where` is `before` or `after` the commit of that number, from 1.
"""

from datetime import datetime

from desk.incidents.maintenances.runs import sweep_maintenances
from desk.policy import Policy
from desk.transaction import Desk
from handlers.jobs.sweep import sweep
from tests.clock import HeldClock
from tests.databases import open_database
from tests.scenario.dying_worker import die, die_before_commit


async def main(database_url: str, now: str, where: str, number: str) -> None:
    """Sweep until death."""
    database = open_database(database_url)
    clock = HeldClock(datetime.fromisoformat(now))
    commits = 0

    def committed(_topics: object) -> None:
        nonlocal commits
        commits += 1
        if commits == int(number):
            die()

    if where == "before":
        die_before_commit(database, int(number))
    else:
        database.listen(committed)
    await sweep(Desk(database, clock, Policy()), clock.now(), areas={"maintenances": sweep_maintenances})
