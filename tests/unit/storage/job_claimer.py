"""A replica for tests, which tries to claim each weekly run of the digest, and prints those that it did."""

import sys
from datetime import datetime, timedelta

from storage.jobs import claim_run, finish_run, period_of
from tests.databases import open_database


def main(database_url: str, first: str, count: str, name: str) -> None:
    """Claim and finish what is to be had."""
    database = open_database(database_url)
    for week in range(int(count)):
        now = datetime.fromisoformat(first) + timedelta(weeks=week)
        with database.write() as session:
            mine = claim_run(session, "digest", period_of(now), who=name, now=now, lease=timedelta(minutes=10))
        if mine:
            with database.write() as session:
                assert finish_run(session, "digest", period_of(now), who=name, now=now)
            sys.stdout.write(f"{period_of(now)}\n")
    database.close()
