"""Playing one schedule: the deeds with their faults, then the calm after them, then the checks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.soak.checks import find_wrong, is_quiet
from tests.soak.deeds import Ledger, People
from tests.soak.faults import Wrong, heal
from tests.soak.schedules import Fault, Schedule
from tests.soak.stage import Stage, World

_CALM_SECONDS = 120.0
"""What a clock that was ahead wrote is looked for each minute."""
_LOOK_SECONDS = 0.1
_STILL_SECONDS = 1.0
_CLOCK_CHECK = "clock"
"""It goes on for a while after a clock was set right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one."""

    schedule: Schedule
    wrong: Sequence[str]
    ledger: Ledger
    seconds: float

    def __str__(self) -> str:
        ledger = "\n".join(f"  {line}" for line in self.ledger.notes)
        wrong = "\n".join(f"  {line}" for line in self.wrong)
        return f"{self.schedule}\n What people saw of it:\n{ledger}\n What is wrong:\n{wrong}"


def play(stage: Stage, schedule: Schedule) -> Outcome:
    """Play a schedule in a fresh world."""
    began = time.monotonic()
    with stage.world(schedule.backend) as world:
        people = People(world)
        for step in schedule.steps:
            with Wrong(world, step):
                people.do(step.deed)
        people.ledger.is_doubled = any(step.details.get("kind") == "duplicate" for step in schedule.steps)
        wrong = calm_down(world)
        if all(_is_up(world, number) for number in range(len(world.replicas))):
            wrong += [*find_wrong(world, people.ledger), *_stop(world)]
    return Outcome(schedule, wrong, people.ledger, time.monotonic() - began)


def calm_down(world: World) -> list[str]:
    """End what goes wrong, let time pass, and wait until nothing is left to be sent; says what does not end."""
    heal(world)
    wrong = []
    for replica in world.replicas:
        if replica.process is None or replica.process.has_ended():
            replica.kill()
            replica.start()
    deadline = time.monotonic() + _CALM_SECONDS
    if not _until(lambda: all(_is_up(world, number) for number in range(len(world.replicas))), deadline):
        last = [(process.words[-5:], process.lines[-3:]) for one in world.replicas if (process := one.process)]
        wrong.append(f"a replica does not come back; the last words: {last}")
        return wrong
    if not _until(lambda: _stays_quiet(world), deadline):
        wrong.append("the outbox does not empty itself")
    return wrong


def _stays_quiet(world: World) -> bool:
    # What somebody did as a socket closed may just be on its way to the database.
    if not is_quiet(world):
        return False
    time.sleep(_STILL_SECONDS)
    return is_quiet(world)


def _is_up(world: World, number: int) -> bool:
    process = world.replicas[number].process
    if process is None or process.has_ended() or not process.events("serving"):
        return False
    try:
        _, checks = process.readiness()
    except OSError:
        return False
    return all(said == "ok" for name, said in checks.items() if name != _CLOCK_CHECK)


def _stop(world: World) -> list[str]:
    statuses = [replica.stop() for replica in world.replicas]
    return [f"replica {number} ended with {status}" for number, status in enumerate(statuses) if status]


def _until(condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def faults_of(schedule: Schedule) -> Sequence[Fault]:
    """Those that happen in it."""
    return [step.fault for step in schedule.steps if step.fault is not Fault.NOTHING]
