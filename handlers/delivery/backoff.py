"""When a delivery that failed is tried again, and when it is given up."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.delivery.deliverer import DeliveryError, Trouble
from storage.outbox import LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class BackOff:
    """Waits that double from `first` to `longest`, each shortened or lengthened by up to a fifth by chance.

    By default a delivery waits for the other side about a day, and is out within a quarter of an hour of its return.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    attempts: int = 100
    """How often a delivery is tried while the other side does not answer or is unwell."""
    doubtful_attempts: int = 5
    """How often it is tried when the fault may be the message's own."""
    account_pause: timedelta = timedelta(minutes=1)
    """How long a channel rests when the other side refuses us altogether, and a delivery whose call it refuses."""

    def wait(self, attempt: int, rng: random.Random) -> timedelta:
        """How long to wait after this attempt, from 1."""
        doublings = min(attempt - 1, 32)
        wait: timedelta = min(self.first * 2**doublings, self.longest)
        return wait * rng.uniform(0.8, 1.2)


@dataclass(frozen=True, slots=True)
class Next:
    """What happens to a delivery that failed: tried again at `due_at`, or (None) given up."""

    due_at: datetime | None
    counted: bool = True
    """Whether this attempt counts towards giving up."""


def decide_next(
    failure: DeliveryError, *, attempt: int, now: datetime, back_off: BackOff, rng: random.Random
) -> Next:
    """When the delivery is tried again after this failure of its `attempt`, if at all."""
    match failure.trouble:
        case Trouble.WAIT:
            return Next(now + min(failure.wait, LONGEST_WAIT), counted=False)
        case Trouble.ACCOUNT | Trouble.CALL:
            return Next(now + back_off.account_pause, counted=False)
        case Trouble.MESSAGE | Trouble.PLACE:
            return Next(None)
        case Trouble.OUTAGE:
            limit = back_off.attempts
        case _:
            limit = back_off.doubtful_attempts
    return Next(now + back_off.wait(attempt, rng) if attempt < limit else None)
