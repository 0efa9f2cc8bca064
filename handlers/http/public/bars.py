"""Ninety days of a component, as a row of bars with words for each day. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from markupsafe import Markup

from desk.status_page.components import ComponentView
from desk.status_page.months import Month
from desk.status_page.pages import PageView
from desk.status_page.uptime import Change, Day, Span, day_bounds, days_of
from handlers.http.public.words import day_words, duration, percent

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
    markup: Markup
    """The bars as HTML."""

    @property
    def words(self) -> str:
        """The uptime as people read it."""
        return percent(self.share)

    @property
    def period(self) -> str:
        """For how long anything is known of it: no more than since its first day."""
        known = sum(bar.look != "unknown" for bar in self.bars)
        return "1 day" if known == 1 else f"{known} days"

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
        return f"{self.words} uptime over {self.period}, {days}"


class UptimeReader:
    """Computes the uptime of a page's components as of an instant.

    Days that are over are computed once for each history, so that a new update costs today only.
    """

    def __init__(self, view: PageView, now: datetime) -> None:
        self._zone = view.zone
        self._now = now
        self._today = now.astimezone(view.zone).date()
        self._read: dict[str, Uptime] = {}

    def read(self, component: ComponentView) -> Uptime:
        """The ninety days up to now."""
        found = self._read.get(component.id)
        if found is None:
            found = self._read[component.id] = self._compute(component)
        return found

    def _compute(self, component: ComponentView) -> Uptime:
        past = read_past(component.changes, self._today, self._zone)
        [day] = days_of(component.changes, last=self._today, count=1, zone=self._zone, now=self._now)
        today = Bar(day.day, look_of(day.span), words_of(day))
        this_month = Month(self._today.year, self._today.month, self._zone)
        months = {this_month: Span(), **past.months}
        months[this_month] += day.span
        return Uptime(
            bars=(*past.bars, today),
            share=(past.total + day.span).uptime,
            months=tuple((month, span.uptime) for month, span in months.items()),
            markup=past.markup + render_bar(today, is_today=True),
        )


@dataclass(frozen=True, slots=True)
class Past:
    """The days before today."""

    bars: tuple[Bar, ...]
    total: Span
    months: dict[Month, Span]
    """The newest first."""
    markup: Markup


@lru_cache(maxsize=2048)
def read_past(changes: tuple[Change, ...], today: date, zone: ZoneInfo) -> Past:
    """The 89 days before today; they do not change any more unless the history does."""
    end, _ = day_bounds(today, zone)
    days = days_of(changes, last=today - timedelta(days=1), count=DAYS - 1, zone=zone, now=end)
    months: dict[Month, Span] = {}
    for day in reversed(days):
        month = Month(day.day.year, day.day.month, zone)
        months[month] = months.get(month, Span()) + day.span
    bars = tuple(Bar(day.day, look_of(day.span), words_of(day)) for day in days)
    return Past(bars, sum((day.span for day in days), Span()), months, Markup("").join(map(render_bar, bars)))


def render_bar(bar: Bar, *, is_today: bool = False) -> Markup:
    """A day as HTML: a touch or an arrow key reads any, and the tab key stops where there is something to tell."""
    stop = -1 if bar.is_quiet and not is_today else 0
    return Markup('<span class="day {}" tabindex="{}"><span class="tip">{}</span></span>').format(
        bar.look, stop, bar.words
    )


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
