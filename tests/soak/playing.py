"""Playing one schedule: the deeds with their faults, then the calm after them, then the checks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.cluster.replicas import Replica
from tests.soak.checks import find_wrong, is_quiet
from tests.soak.deeds import Ledger, People
from tests.soak.faults import Wrong, heal
from tests.soak.schedules import Schedule
from tests.soak.stage import Stage, World
from tests.waiting import wait_until

_CALM_SECONDS = 120.0
"""What a clock that was ahead wrote is looked for each minute."""
_STILL_SECONDS = 1.0
"""What somebody did as a socket closed may just be on its way to the database."""
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
        if all(map(_is_up, world.replicas)):
            wrong += [*find_wrong(world, people.ledger, schedule.faults), *_stop(world)]
    return Outcome(schedule, wrong, people.ledger, time.monotonic() - began)


def calm_down(world: World) -> list[str]:
    """End what goes wrong, let time pass, and wait until nothing is left to be sent; says what does not end."""
    heal(world)
    try:
        wait_until(lambda: all(_bring_up(replica) for replica in world.replicas), _CALM_SECONDS)
    except TimeoutError:
        last = [(process.words[-5:], process.lines[-3:]) for one in world.replicas if (process := one.process)]
        return [f"a replica does not come back; the last words: {last}"]
    quiet = _Quiet(world)
    try:
        wait_until(quiet.lasts, _CALM_SECONDS)
    except TimeoutError:
        return ["the outbox does not empty itself"]
    return []


class _Quiet:
    """Whether nothing has been waiting to be sent for a while."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since = float("inf")

    def lasts(self) -> bool:
        now = time.monotonic()
        self._since = min(self._since, now) if is_quiet(self._world) else float("inf")
        return now - self._since >= _STILL_SECONDS


def _bring_up(replica: Replica) -> bool:
    """Whether it is there with everything that it needs. One that has ended is started again."""
    if replica.process is None or replica.process.has_ended():
        replica.kill()
        replica.start()
        return False
    return _is_up(replica)


def _is_up(replica: Replica) -> bool:
    process = replica.process
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
