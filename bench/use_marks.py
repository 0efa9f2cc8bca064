"""What does writing down the use of ten thousand keys cost, compared with one bulk statement for each of its tables?

    python -m bench.use_marks [--marks 10000] [--rounds 5] [--sqlite-only]

The baseline writes the same marks to the same two tables, each by one statement, in one transaction, from a document
that is made ready before. Keydesk's own flush takes the marks from the log of uses and writes them in short
transactions. Prints the ratio of CPU time on SQLite, of time on PostgreSQL.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import text

from bench.measure_keys import fill, key_id
from bench.measure_results import Goal, databases, in_turn, keep
from desk.clock import SystemClock
from desk.keys.uses import UseKind, UseLog, flush_uses
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from storage.database import Database
from tests.databases import ORGANIZATION, migrate

_CLIENT = ("192.0.2.1", "Terraform/1.9 (+https://terraform.io)")
_SOURCE = {
    "sqlite": ("json_each(:marks) AS mark", "json_extract(mark.value, '$[{}]')"),
    "postgresql": ("json_array_elements(CAST(:marks AS json)) AS mark", "(mark.value ->> {})"),
}
_TOTALS = (
    "INSERT INTO key_use (key_id, organization_id, first_used_at, last_used_at, last_read_at, last_address,"
    " last_user_agent, reads, writes, failed, refused)"
    " SELECT {0}, :own, {1}, {1}, {1}, {2}, {3}, 1, 0, 0, 0 FROM {source} WHERE true"
    " ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at, last_read_at = excluded.last_read_at,"
    " last_address = excluded.last_address, last_user_agent = excluded.last_user_agent,"
    " reads = key_use.reads + excluded.reads"
)
_DAYS = (
    "INSERT INTO key_use_day (key_id, organization_id, day, reads, writes, failed, refused)"
    " SELECT {0}, :own, {4}, 1, 0, 0, 0 FROM {source} WHERE true"
    " ON CONFLICT (key_id, day) DO UPDATE SET reads = key_use_day.reads + excluded.reads"
)


def bulk(database: Database, marks: int) -> Callable[[], float]:
    """The baseline."""
    kind = database.engine.dialect.name
    source, value = _SOURCE[kind]
    cast = {1: "CAST({} AS timestamptz)", 4: "CAST({} AS date)"} if kind == "postgresql" else {}
    values = [cast.get(place, "{}").format(value.format(place)) for place in range(5)]
    statements = [text(statement.format(*values, source=source)) for statement in (_TOTALS, _DAYS)]

    def write() -> float:
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = [[key_id(number + 1), now.isoformat(" "), *_CLIENT, f"{now:%Y-%m-%d}"] for number in range(marks)]
        document = json.dumps(rows)
        began = _seconds(kind)
        with database.write() as session:
            for statement in statements:
                session.execute(statement, {"marks": document, "own": ORGANIZATION})
        return _seconds(kind) - began

    return write


def flush(database: Database, marks: int) -> Callable[[], float]:
    """Keydesk's own."""
    desk, log, kind = Desk(database, SystemClock(), Policy()), UseLog(), database.engine.dialect.name

    def write() -> float:
        for number in range(marks):
            log.note(key_id(number + 1), UseKind.READ, datetime.now(UTC), _CLIENT[0], _CLIENT[1].encode())
        began = _seconds(kind)
        assert flush_uses(desk.everywhere, Actor.job(JobName.KEY_CHECK), log) == marks
        return _seconds(kind) - began

    return write


def _seconds(kind: str) -> float:
    return time.process_time() if kind == "sqlite" else time.perf_counter()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            url = address("marks")
            migrate(url)
            database = Database.from_url(url).of(ORGANIZATION)
            fill(database, options.marks)
            base, own = in_turn(options.rounds, bulk(database, options.marks), flush(database, options.marks))
            print(f"{kind}, seconds: bulk {base}, flush {own}")
            ratios = [after / before for before, after in zip(base, own, strict=True)]
            what = f"flush of {options.marks:,} use marks against one bulk statement a table, {kind}"
            keep(what, Goal(most=1.5), ratios, "python -m bench.use_marks")
            database.close()


if __name__ == "__main__":
    main()
