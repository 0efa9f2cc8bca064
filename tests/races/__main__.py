"""`make races`: whether two who do the same in one instant end as two who do it one after the other, at every door.

At each door of the desk that writes, somebody does the same thing twice: first one time after the other, and then, on
a database like that one, with the second beginning when the first has done all but commit. What is checked before its
lock shows: the second gets through, or leaves other rows behind than it would have a moment later.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from desk.errors import KeydeskError
from desk.messages.outbox import OWED
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.database import Database
from tests.clock import MONDAY_MORNING, HeldClock
from tests.databases import ORGANIZATION, PostgresqlServer, migrate
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR
from tests.unit.desk.authority.doors import Door, list_writing
from tests.unit.desk.authority.walking import Opening, call, find_opening, read_state, undone
from tests.unit.desk.authority.world import FULL_KEY, OPERATOR, POLICY, World, make_world
from tests.unit.desk.racing import race

SOMEBODY = [
    OPERATOR,
    *(Actor.member(user_id) for user_id in (MIA, INES, OLIVIA, MAX, OMAR)),
    FULL_KEY,
    *(Actor.job(name) for name in JobName),
]
Rows = Mapping[str, int]
"""How many rows each table has."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How the second ends a moment later, and what is there then."""

    refused: bool
    rows: Rows


def main() -> int:
    """0 where nothing was found, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make races", description=__doc__)
    parser.add_argument("doors", nargs="*", help="words in the names of doors; all of them where none is given")
    words = parser.parse_args().doors
    doors = [door for door in list_writing() if not words or any(word in door.name for word in words)]
    server = PostgresqlServer()
    try:
        found = _race_at(server, doors)
    finally:
        server.stop()
    _say(f"{len(doors)} doors, something is wrong at {found} of them.")
    return 1 if found else 0


def _race_at(server: PostgresqlServer, doors: list[Door]) -> int:
    """At how many of them something is wrong."""
    template = server.create()
    migrate(server.url(template))
    with _opened(server.url(template)) as desk:
        world = make_world(desk)
        openings = [(door, find_opening(world, door, SOMEBODY)) for door in doors]
        expected = {door.name: _do_twice(world, door, opening) for door, opening in openings if opening}
    found = 0
    for door, opening in openings:
        wrong = "nobody gets through"
        if opening is not None:
            name = server.create(template)
            with _opened(server.url(name)) as desk:
                wrong = _race(desk, door, opening, expected[door.name])
            server.drop(name)
        found += bool(wrong)
        _say(f"{door.name}: {wrong or 'as it would have been a moment later'}")
    return found


@contextmanager
def _opened(url: str) -> Iterator[Desk]:
    database = Database.from_url(url)
    try:
        yield Desk(database.of(ORGANIZATION), HeldClock(MONDAY_MORNING), POLICY)
    finally:
        database.close()


def _do_twice(world: World, door: Door, opening: Opening) -> Expected:
    def work(tx: Transaction) -> Expected:
        call(door, tx, opening.arguments)
        once = _count(tx)
        # Whoever comes a moment later reads everything anew, and owes everything anew.
        tx.session.expire_all()
        tx.session.info.pop(OWED, None)
        second = call(door, replace(tx, recorded=[]), opening.arguments)
        refused = isinstance(second.given, KeydeskError)
        return Expected(refused, once if refused else _count(tx))

    return undone(world, work, opening.actor)


def _race(desk: Desk, door: Door, opening: Opening, expected: Expected) -> str:
    """What is wrong; empty where nothing is."""

    def work(tx: Transaction) -> object:
        tried = call(door, tx, opening.arguments)
        if isinstance(tried.given, KeydeskError):
            raise tried.given
        return tried.given

    try:
        first, second = race(desk, (opening.actor, work), (opening.actor, work))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    if isinstance(first, KeydeskError):
        return f"the first was refused: {first}"
    rows = desk.read_now(OPERATOR, _count)
    if expected.refused and not isinstance(second, KeydeskError):
        return f"the second got through, and left {_differences(expected.rows, rows)}"
    # Who is told to try again has done nothing.
    told = isinstance(second, KeydeskError) and not expected.refused
    if rows != expected.rows and not told:
        return f"it left {_differences(expected.rows, rows)}"
    return ""


def _count(tx: Transaction) -> Rows:
    return {table: len(rows) for table, rows in read_state(tx.session).rows.items()}


def _differences(wanted: Rows, there: Rows) -> str:
    differing = [f"{there[name]} {name} instead of {wanted[name]}" for name in wanted if there[name] != wanted[name]]
    return ", ".join(differing) or "the same rows"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
