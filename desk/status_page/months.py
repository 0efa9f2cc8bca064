"""Months of a time zone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a time zone, from `start` to before `end`."""

    year: int
    month: int
    zone: ZoneInfo = field(compare=False)

    @classmethod
    def at(cls, instant: datetime, zone: ZoneInfo) -> "Month":
        """The month in which an instant lies."""
        local = instant.astimezone(zone)
        return cls(local.year, local.month, zone)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.month, 1, tzinfo=self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the next one."""
        return self.next().start

    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1, self.zone)

    def previous(self) -> "Month":
        """The month before it."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1, self.zone)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


def recent_months(now: datetime, zone: ZoneInfo, count: int = 3) -> list[Month]:
    """The month of an instant and those before it, the newest first."""
    months = [Month.at(now, zone)]
    while len(months) < count:
        months.append(months[-1].previous())
    return months
