"""What do lists of keys and an owner's Home tab cost with a million keys, compared with a thousand?

    python -m bench.lists [--keys 1000000] [--rounds 5] [--sqlite-only]

Three of ten keys are unused, and each person answers for a hundred. Both databases are asked in turn
for what an owner is shown: the Home tab, the first page of all keys and of unused keys, and their own. Prints the CPU
time on SQLite, the time on PostgreSQL, as ratios to the thousand's.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import insert

from bench.measure_keys import fill
from bench.measure_results import Goal, databases, in_turn, keep
from desk.clock import SystemClock
from desk.transaction import Actor, Desk, Transaction
from handlers.slack.home import home_view
from handlers.slack.keys.listing import list_message
from storage.database import Database
from storage.models import Member
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_owner, add_page
from tests.policies import policy_of

_OWNER = Actor.member("U0000000000")
_FEW, _OWN = 1_000, 100
_SHOWN: tuple[tuple[str, Callable[[Transaction], object]], ...] = (
    ("an owner's Home", home_view),
    ("`/keys list`", lambda tx: list_message(tx, 0, "")),
    ("`/keys list unused`", lambda tx: list_message(tx, 0, "unused")),
)


def prepare(url: str, keys: int) -> Desk:
    """A desk with so many keys, a hundred each of several people, one of whom is an owner."""
    migrate(url)
    desk = Desk(Database.from_url(url).of(ORGANIZATION), SystemClock(), policy_of())
    fill(desk.database, keys, holders=keys // _OWN, used_percent=70)
    now = desk.clock.now()
    with desk.database.write() as session:
        add_page(session, now)
        add_owner(session, "U0000000000", now)
        session.execute(insert(Member), [_member(number, now) for number in range(1, keys // _OWN)])
    return desk


def _member(number: int, now: datetime) -> dict[str, Any]:
    name = f"Member {number}"
    return {
        "user_id": f"U{number:010d}",
        "team_id": "T1",
        "name": name,
        "handle": f"member{number}",
        "synced_at": now,
    }


def seconds(desk: Desk, show: Callable[[Transaction], object]) -> float:
    """How long one look takes."""
    clock = time.process_time if desk.database.engine.dialect.name == "sqlite" else time.perf_counter
    began = clock()
    desk.read_now(_OWNER, show)
    return clock() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            few, many = (prepare(address(f"keys{number}"), number) for number in (_FEW, options.keys))
            for what, show in _SHOWN:
                base, own = in_turn(options.rounds, partial(seconds, few, show), partial(seconds, many, show))
                print(f"{kind}, {what}, ms: {[round(1000 * one, 1) for one in (*base, *own)]}")
                ratios = [after / before for before, after in zip(base, own, strict=True)]
                row = f"{what}, {options.keys:,} keys against {_FEW:,}, {kind}"
                keep(row, Goal(most=2), ratios, "python -m bench.lists")
            few.database.close()
            many.database.close()


if __name__ == "__main__":
    main()
