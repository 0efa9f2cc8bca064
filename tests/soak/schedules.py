"""What is done in a schedule, and what goes wrong while it is done: both follow from a seed."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from tests.http_proxy import Outage

Backend = Literal["sqlite", "postgresql"]


class Deed(StrEnum):
    """What people and their programs do."""

    ASK = "ask for a key"
    APPROVE = "approve a request"
    APPROVE_TWICE = "approve a request, both owners at once"
    DENY = "deny a request"
    COLLECT = "collect a key"
    CALL = "call with a key"
    REVOKE = "revoke a key"
    PUBLISH = "publish an incident from Slack"
    PUBLISH_THERE = "publish an incident on the page that a Statuspage keeps"
    POST = "post an incident by API"
    RESOLVE = "resolve an incident by API"
    DIGEST = "look at the digest"


class Fault(StrEnum):
    """What goes wrong."""

    NOTHING = "nothing"
    KILL = "a replica is killed"
    FREEZE = "a replica stands still"
    CUT_BEFORE = "the connection breaks before a commit"
    CUT_AFTER = "the connection breaks after a commit, before its answer"
    SILENCE = "the database answers nothing"
    RESTART = "the database is killed and starts again"
    DISK = "the disk is full"
    SLACK = "Slack fails calls"
    DELIVERY = "Slack's deliveries are doubled, late or lost"
    SOCKET = "Slack closes the sockets"
    PROXY = "the proxy to Slack is lost"
    UPSTREAM = "the Statuspage refuses, breaks off or is silent"
    CLOCK = "a clock jumps"
    UNINSTALLED = "the app is taken out of the workspace, and put back"


OF_POSTGRESQL = (Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.SILENCE, Fault.RESTART)
"""Those that only a database server of its own can have."""
_EVERYWHERE = (
    Fault.KILL,
    Fault.FREEZE,
    Fault.SLACK,
    Fault.DELIVERY,
    Fault.SOCKET,
    Fault.PROXY,
    Fault.UPSTREAM,
    Fault.CLOCK,
    Fault.UNINSTALLED,
)
_WEIGHTS = {
    Deed.ASK: 5,
    Deed.APPROVE: 3,
    Deed.APPROVE_TWICE: 1,
    Deed.DENY: 1,
    Deed.COLLECT: 3,
    Deed.CALL: 2,
    Deed.REVOKE: 1,
    Deed.PUBLISH: 2,
    Deed.PUBLISH_THERE: 2,
    Deed.POST: 2,
    Deed.RESOLVE: 1,
    Deed.DIGEST: 1,
}
_SLACK_METHODS = (
    "*",
    "chat.postMessage",
    "chat.update",
    "views.open",
    "views.update",
    "users.list",
    "auth.test",
)
_JUMPS = (2.0, -2.0, 40.0, -40.0, 7200.0, -7200.0, 86400.0, 366 * 86400.0, -366 * 86400.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One deed, and the fault beside it."""

    deed: Deed
    fault: Fault
    at: float
    """When the fault begins, in seconds after the deed's own beginning."""
    lasts: float
    """Seconds, where it ends by itself."""
    replica: int
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is played."""

    seed: int
    backend: Backend
    steps: tuple[Step, ...]

    @property
    def faults(self) -> list[Fault]:
        """Those that happen in it, in their order."""
        return [step.fault for step in self.steps if step.fault is not Fault.NOTHING]

    def __str__(self) -> str:
        lines = [f"seed {self.seed} on {self.backend}:"]
        for number, step in enumerate(self.steps, 1):
            beside = "" if step.fault is Fault.NOTHING else f", {step.fault} ({step.replica}, {step.at:.2f} s"
            lines.append(f"  {number:>2}. {step.deed}{beside}{f', {step.details})' if beside else ''}")
        return "\n".join(lines)


def make_schedule(seed: int, *, length: int = 8) -> Schedule:
    """The schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - it must be the same each time
    backend: Backend = rng.choice(["postgresql", "postgresql", "sqlite"])
    replicas = 2 if backend == "postgresql" else 1
    faults = (*_EVERYWHERE, *(OF_POSTGRESQL if backend == "postgresql" else (Fault.DISK,)))
    # Something is there to be decided, collected and used.
    deeds = [Deed.ASK, Deed.APPROVE, *rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=length - 2)]
    return Schedule(seed, backend, tuple(_make_step(rng, deed, faults, replicas) for deed in deeds))


def _make_step(rng: random.Random, deed: Deed, faults: tuple[Fault, ...], replicas: int) -> Step:
    fault = rng.choice(faults) if rng.random() < 0.6 else Fault.NOTHING
    at, lasts, replica = rng.uniform(0, 0.3), rng.uniform(0.3, 3.5), rng.randrange(replicas)
    return Step(deed, fault, at, lasts, replica, _details(rng, fault))


def _details(rng: random.Random, fault: Fault) -> dict[str, Any]:
    match fault:
        case Fault.SLACK:
            kind = rng.choice(["ratelimited", "http_500", "timeout", "drop", "error"])
            common = {"kind": kind, "method": rng.choice(_SLACK_METHODS), "times": rng.randint(1, 3)}
            match kind:
                case "timeout":
                    return common | {"seconds": rng.uniform(0.5, 4), "carried_out": rng.random() < 0.5}
                case "drop" | "http_500":
                    return common | {"carried_out": rng.random() < 0.5}
                case "error":
                    return common | {"error": rng.choice(["internal_error", "fatal_error", "service_unavailable"])}
                case _:
                    return common
        case Fault.DELIVERY:
            kind = rng.choice(["duplicate", "drop", "timeout"])
            common = {"kind": kind, "method": "delivery"}
            if kind == "duplicate":
                return common
            return common | {"carried_out": rng.random() < 0.5, "seconds": rng.uniform(0.5, 2)}
        case Fault.SOCKET:
            return rng.choice(
                [
                    {"kind": "socket_drop"},
                    {"kind": "socket_disconnect", "reason": "refresh_requested"},
                    {"kind": "socket_disconnect", "reason": "warning"},
                ]
            )
        case Fault.PROXY:
            return {"outage": rng.choice(list(Outage))}
        case Fault.UPSTREAM:
            how = {"status": rng.choice([0, 0, 429, 500, 503]), "takes_it": rng.random() < 0.5}
            return {"match": "", "times": rng.randint(1, 3), "seconds": rng.choice([0, 0, 1.5]), **how}
        case Fault.CLOCK:
            return {"ahead": rng.choice(_JUMPS)}
        case Fault.CUT_BEFORE | Fault.CUT_AFTER:
            return {"stay_away": rng.random() < 0.3}
        case _:
            return {}
