"""Uptime from the history of a component's states. Pure: the history is handed in.

Statuspage's weights: a major outage counts in full, a partial outage for 30 per cent, degraded performance and
maintenance not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.models import ComponentStatus

PARTIAL_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on the component was in `status`."""

    at: datetime
    status: ComponentStatus


@dataclass(frozen=True, slots=True)
class Span:
    """What happened between two instants: seconds of each kind of trouble, and seconds that are known at all."""

    known: int = 0
    major_outage: int = 0
    partial_outage: int = 0
    degraded_performance: int = 0
    under_maintenance: int = 0

    def __add__(self, other: "Span") -> "Span":
        return Span(
            self.known + other.known,
            self.major_outage + other.major_outage,
            self.partial_outage + other.partial_outage,
            self.degraded_performance + other.degraded_performance,
            self.under_maintenance + other.under_maintenance,
        )

    @property
    def uptime(self) -> float | None:
        """The share of the known time without outage, from 0 to 1; None when nothing is known."""
        if not self.known:
            return None
        down = self.major_outage + PARTIAL_WEIGHT * self.partial_outage
        return max(0.0, 1.0 - down / self.known)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a component in the page's time zone."""

    day: date
    span: Span


def span_between(changes: Sequence[Change], start: datetime, end: datetime) -> Span:
    """What happened from `start` to `end`. `changes` are in order of time; before the first nothing is known."""
    seconds: dict[str, float] = {}
    for index, change in enumerate(changes):
        until = changes[index + 1].at if index + 1 < len(changes) else end
        overlap = (min(until, end) - max(change.at, start)).total_seconds()
        if overlap > 0:
            seconds["known"] = seconds.get("known", 0) + overlap
            seconds[change.status] = seconds.get(change.status, 0) + overlap
    return Span(
        known=round(seconds.get("known", 0)),
        major_outage=round(seconds.get(ComponentStatus.MAJOR_OUTAGE, 0)),
        partial_outage=round(seconds.get(ComponentStatus.PARTIAL_OUTAGE, 0)),
        degraded_performance=round(seconds.get(ComponentStatus.DEGRADED_PERFORMANCE, 0)),
        under_maintenance=round(seconds.get(ComponentStatus.UNDER_MAINTENANCE, 0)),
    )


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which a day of a time zone begins and ends; 23 to 25 hours apart."""
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return start, end


def days_of(changes: Sequence[Change], *, last: date, count: int, zone: ZoneInfo, now: datetime) -> list[Day]:
    """The `count` days up to and including `last`, oldest first; today ends now. One pass over the changes."""
    days: list[Day] = []
    position = 0
    for back in range(count - 1, -1, -1):
        day = last - timedelta(days=back)
        start, end = day_bounds(day, zone)
        while position + 1 < len(changes) and changes[position + 1].at <= start:
            position += 1
        stop = position
        while stop < len(changes) and changes[stop].at < end:
            stop += 1
        days.append(Day(day, span_between(changes[position:stop], start, min(end, now))))
    return days
