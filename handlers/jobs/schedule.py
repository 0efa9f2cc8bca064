"""When jobs are due: computed from the times they are scheduled for, never from the time at which somebody looks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = 7


class Schedule(Protocol):
    """The instants for which a job is scheduled."""

    def latest(self, now: datetime) -> datetime:
        """The newest scheduled instant that is not after `now`, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """At every multiple of `interval` since 1970, in UTC: each full hour, each midnight and so on."""

    interval: timedelta

    def latest(self, now: datetime) -> datetime:
        """The newest scheduled instant that is not after `now`, in UTC."""
        return now.astimezone(UTC) - (now - _EPOCH) % self.interval


@dataclass(frozen=True, slots=True)
class Weekly:
    """Once a week, at a time of day in a time zone; Monday is day 0.

    A time that the clocks skip counts by the offset before the change, so it comes that much later by the clock on
    the wall; a time that they repeat counts at its first passing. Each week has exactly one run.
    """

    day: int
    at: time
    zone: ZoneInfo

    def latest(self, now: datetime) -> datetime:
        """The newest scheduled instant that is not after `now`, in UTC."""
        # One day ahead: the next occurrence may have passed already where a zone's date jumps.
        date = now.astimezone(self.zone).date() + timedelta(days=1)
        date -= timedelta(days=(date.weekday() - self.day) % _WEEK)
        instant = self._instant(date.year, date.month, date.day)
        while instant > now:
            date -= timedelta(days=_WEEK)
            instant = self._instant(date.year, date.month, date.day)
        return instant

    def _instant(self, year: int, month: int, day: int) -> datetime:
        local = datetime(year, month, day, self.at.hour, self.at.minute, self.at.second, tzinfo=self.zone)
        return local.astimezone(UTC)


def find_due(schedule: Schedule, last_finished: datetime, now: datetime) -> datetime | None:
    """The scheduled instant whose run is due; None when the last one was done.

    Of several runs that were missed only the newest is caught up.
    """
    latest = schedule.latest(now)
    return latest if latest > last_finished else None
