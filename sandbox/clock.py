"""The sandbox's time, which tests may move forward, and the deadlines that hang on it."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Timing:
    """Slack's deadlines in seconds; tests shorten those that would make them wait."""

    acknowledge_within: float = 3.0
    trigger_lifetime: float = 3.0
    response_url_lifetime: float = 1800.0
    event_retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    leave_within: float = 10.0
    """How long a socket that is to be refreshed stays open for an app that does not leave it."""


class Clock:
    """Wall time plus however far it was moved forward."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move time forward; what is due after it, such as an expired trigger, is due at once."""
        self._offset += seconds

    def rewind(self) -> None:
        """Go back to wall time."""
        self._offset = 0.0
