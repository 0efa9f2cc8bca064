"""Time is handed in, so that tests can hold it still."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCKS_APART = timedelta(seconds=15)
"""How far the clocks of replicas may be apart: what people see, and who does what, does not follow from less."""


class Clock(Protocol):
    """Tells the present instant, aware and in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        ...

    def steady(self) -> float:
        """Seconds that pass, from no instant in particular: whoever sets the clock changes nothing of them."""
        ...


class SteeredClock:
    """A machine's clock, until it is told what time it is instead: from there on, what passes by the steady clock."""

    def __init__(self, machine: Clock) -> None:
        self.machine = machine
        self._told: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The present instant."""
        told = self._told
        return self.machine.now() if told is None else told[0] + timedelta(seconds=self.steady() - told[1])

    def steady(self) -> float:
        """The machine's."""
        return self.machine.steady()

    @property
    def is_steered(self) -> bool:
        """Whether the machine's clock is not the one that it tells."""
        return self._told is not None

    def steer(self, now: datetime | None) -> None:
        """Tell it what time it is; None: the machine's clock is right."""
        self._told = None if now is None else (now, self.steady())


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant by the machine's clock."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()
