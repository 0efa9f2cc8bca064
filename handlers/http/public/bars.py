"""Ninety days of a component, as a row of bars with words for each day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from desk.incidents.shown import ComponentView, Month, PageView
from desk.uptime import Day, Span, days_of
from handlers.http.public.words import day_words, duration, percent
from storage.models import ComponentStatus

DAYS = 90


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: how it looks, and what happened in words."""

    day: date
    look: str
    words: str

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell of the day."""
        return self.look in ("operational", "unknown")


@dataclass(frozen=True, slots=True)
class Uptime:
    """Ninety days of a component."""

    bars: tuple[Bar, ...]
    share: float | None
    months: tuple[tuple[Month, float | None], ...]
    """The newest first; the oldest one is cut where the ninety days begin."""

    @property
    def words(self) -> str:
        """The uptime as people read it."""
        return percent(self.share)

    @property
    def troubles(self) -> tuple[Bar, ...]:
        """Days of which there is something to tell, the newest first."""
        return tuple(bar for bar in reversed(self.bars) if not bar.is_quiet)

    @property
    def summary(self) -> str:
        """What the row of bars shows, for those who do not see it."""
        if self.share is None:
            return "No data yet"
        count = len(self.troubles)
        days = (
            f"{count} day{'' if count == 1 else 's'} with something to tell" if count else "every day without trouble"
        )
        return f"{self.words} uptime over {len(self.bars)} days, {days}"


class UptimeReader:
    """Computes the uptime of a page's components; those that never had trouble share one result."""

    def __init__(self, view: PageView, now: datetime) -> None:
        self._zone = view.zone
        self._now = now
        self._last = now.astimezone(view.zone).date()
        self._start = now - timedelta(days=DAYS + 1)
        self._steady: Uptime | None = None

    def read(self, component: ComponentView) -> Uptime:
        """The ninety days up to now."""
        changes = component.changes
        operational = len(changes) == 1 and changes[0].status == ComponentStatus.OPERATIONAL
        if operational and changes[0].at <= self._start:
            if self._steady is None:
                self._steady = self._compute(component)
            return self._steady
        return self._compute(component)

    def _compute(self, component: ComponentView) -> Uptime:
        days = days_of(component.changes, last=self._last, count=DAYS, zone=self._zone, now=self._now)
        return Uptime(
            bars=tuple(Bar(day.day, look_of(day.span), words_of(day)) for day in days),
            share=_total(days).uptime,
            months=tuple(self._months(days)),
        )

    def _months(self, days: Sequence[Day]) -> list[tuple[Month, float | None]]:
        by_month: dict[Month, list[Day]] = {}
        for day in reversed(days):
            by_month.setdefault(Month(day.day.year, day.day.month, self._zone), []).append(day)
        return [(month, _total(rows).uptime) for month, rows in by_month.items()]


def look_of(span: Span) -> str:
    """How a day looks: as its worst moment."""
    for seconds, look in (
        (span.major_outage, "major"),
        (span.partial_outage, "partial"),
        (span.degraded_performance, "degraded"),
        (span.under_maintenance, "maintenance"),
        (span.known, "operational"),
    ):
        if seconds:
            return look
    return "unknown"


def words_of(day: Day) -> str:
    """What happened on a day: “2 March 2026: partial outage 2 h 5 min”."""
    span = day.span
    parts = [
        f"{name} {duration(seconds)}"
        for name, seconds in (
            ("major outage", span.major_outage),
            ("partial outage", span.partial_outage),
            ("degraded performance", span.degraded_performance),
            ("maintenance", span.under_maintenance),
        )
        if seconds
    ]
    said = ", ".join(parts) or ("no downtime" if span.known else "no data")
    return f"{day_words(day.day)}: {said}"


def _total(days: Sequence[Day]) -> Span:
    return sum((day.span for day in days), Span())
