"""Time that moves only when a test says so."""

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class HeldClock:
    """A clock that stands still until `advance()` or `set()`. It begins on a Monday at 09:00 UTC.

    What is advanced has passed; a clock that is set jumps.
    """

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._passed = 0.0
        self.set(now)

    def now(self) -> datetime:
        """The instant at which the clock is held."""
        return self._now

    def advance(self, step: timedelta | None = None, **parts: float) -> datetime:
        """Move on, as in `advance(days=3, hours=1)` or `advance(timedelta(...))`; gives the new instant."""
        passed = (step or timedelta()) + timedelta(**parts)
        self._now += passed
        self._passed += passed.total_seconds()
        return self._now

    def steady(self) -> float:
        """Seconds by which it was advanced."""
        return self._passed

    def set(self, now: datetime) -> None:
        """Set the clock to an aware instant, earlier or later, without any time passing."""
        if now.tzinfo is None:
            raise ValueError("a clock tells aware times only")
        self._now = now.astimezone(UTC)
