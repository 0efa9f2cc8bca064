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


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant by the machine's clock."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()
