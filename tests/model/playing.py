"""Plays the machine: in the suite a bounded sample, in `make soak-desk` for as long as it is let."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from desk.transaction import Desk
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.model.house import POLICY, House, build_house
from tests.model.machine import WholeDesk


def play(template: Path, folder: Path, how: settings) -> "Counter[str]":
    """Play lives, each in a house of its own, made in an empty `folder` from a migrated SQLite file; gives how often
    each event was recorded. Raises what a check found, with the story of how it came to it."""
    reached: Counter[str] = Counter()
    begun = _begin(template, folder)

    def new_house() -> House:
        return begun.copied(open_database(copy_sqlite(folder / "begun" / "keydesk.db", folder)))

    run_state_machine_as_test(_machine(new_house, reached), settings=how)
    return reached


def _begin(template: Path, folder: Path) -> House:
    """The house in which each life goes on, as it is before: it takes longer to begin than to live on."""
    place = folder / "begun"
    place.mkdir()
    house = build_house(Desk(open_database(copy_sqlite(template, place)), HeldClock(), POLICY))
    _machine(lambda: house, Counter())().begin()
    house.close()
    return house


def _machine(new_house: Callable[[], House], reached: "Counter[str]") -> type[WholeDesk]:
    return type("Machine", (WholeDesk,), {"new_house": staticmethod(new_house), "reached": reached})
