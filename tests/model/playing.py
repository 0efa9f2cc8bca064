"""Plays the machine: in the suite a bounded sample, in `make soak` for as long as it is let."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from desk.transaction import Desk
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.model.house import POLICY, House, build_house
from tests.model.machine import WholeDesk


def play(
    template: Path,
    folder: Path,
    *,
    lives: int,
    steps: int,
    repeatable: bool = False,
    phases: Collection[Phase] = tuple(Phase),
) -> "Counter[str]":
    """Play so many lives of so many steps, each in a house of its own, made in an empty `folder` from a migrated
    SQLite file; gives how often each event was recorded. `repeatable`: the same lives each time.

    Raises what a check found, with the shortest story of how it came to it.
    """
    reached: Counter[str] = Counter()

    def new_house() -> House:
        return build_house(Desk(open_database(copy_sqlite(template, folder)), HeldClock(), POLICY))

    machine = type("Machine", (WholeDesk,), {"new_house": staticmethod(new_house), "reached": reached})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=repeatable,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return reached
