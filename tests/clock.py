"""Time that moves only when a test says so."""

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class HeldClock:
    """A clock that stands still until `advance()` or `set()`. It begins on a Monday at 09:00 UTC."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self.set(now)

    def now(self) -> datetime:
        """The instant at which the clock is held."""
        return self._now

    def advance(self, step: timedelta | None = None, **parts: float) -> datetime:
        """Move on, as in `advance(days=3, hours=1)` or `advance(timedelta(...))`; gives the new instant."""
        self._now += (step or timedelta()) + timedelta(**parts)
        return self._now

    def set(self, now: datetime) -> None:
        """Hold the clock at an aware instant, earlier or later."""
        if now.tzinfo is None:
            raise ValueError("a clock tells aware times only")
        self._now = now.astimezone(UTC)
