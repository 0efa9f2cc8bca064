"""A replica for tests, which tries to claim each weekly run of the digest, and prints those that it did."""

import sys
from datetime import datetime, timedelta

from storage.database import Database
from storage.jobs import claim_run, finish_run, period_of
from tests.databases import ORGANIZATION


def main(database_url: str, first: str, count: str, name: str) -> None:
    """Claim and finish what is to be had."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    for week in range(int(count)):
        now = datetime.fromisoformat(first) + timedelta(weeks=week)
        with database.write() as session:
            mine = claim_run(session, "digest", period_of(now), who=name, now=now, lease=timedelta(minutes=10))
        if mine:
            with database.write() as session:
                assert finish_run(session, "digest", period_of(now), who=name, now=now)
            sys.stdout.write(f"{period_of(now)}\n")
    database.close()
