"""Words and dates as the public reads them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from desk.pages.status import Headline
from desk.status_page.months import Month
from storage.models import ComponentStatus

STATUS_WORDS = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.UNDER_MAINTENANCE: "Under maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
}
STATUS_LOOKS = {
    ComponentStatus.OPERATIONAL: "operational",
    ComponentStatus.UNDER_MAINTENANCE: "maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "degraded",
    ComponentStatus.PARTIAL_OUTAGE: "partial",
    ComponentStatus.MAJOR_OUTAGE: "major",
}
"""The names under which the stylesheet knows the states."""
IMPACT_LOOKS = {
    "none": "none",
    "maintenance": "maintenance",
    "minor": "degraded",
    "major": "partial",
    "critical": "major",
}
IMPACT_WORDS = {
    "none": "No impact",
    "maintenance": "Maintenance",
    "minor": "Minor impact",
    "major": "Major impact",
    "critical": "Critical impact",
}
CANCELLED = "Cancelled"
"""What Statuspage has no status for: a maintenance that was called off."""
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def headline_look(headline: Headline) -> str:
    """How a page's headline looks: green only where nothing is open."""
    return "operational" if headline.is_well else IMPACT_LOOKS[headline.impact]


def label(status: str) -> str:
    """An incident's status as people read it: “In progress”."""
    return status.replace("_", " ").capitalize()


def day_words(day: date) -> str:
    """“2 March 2026”."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def day_time(day: date) -> Markup:
    """A day that a script may put into the reader's language."""
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), day_words(day))


def month_words(month: Month) -> str:
    """“March 2026”."""
    return f"{_MONTHS[month.month - 1]} {month.year}"


def month_time(month: Month) -> Markup:
    """A month that a script may put into the reader's language."""
    return Markup('<time datetime="{}">{}</time>').format(str(month), month_words(month))


def zone_words(at: datetime, zone: ZoneInfo) -> str:
    """What a zone is called at an instant: “CET”, “UTC”, or “UTC+05:45” where it has no name of letters."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local.isoformat()[-6:]}"


def when(at: datetime, zone: ZoneInfo) -> Markup:
    """An instant in the page's zone, which a script may put into the reader's."""
    local = at.astimezone(zone)
    words = f"{day_words(local.date())}, {local:%H:%M} {zone_words(at, zone)}"
    return _time(at, words)


def clock(at: datetime, zone: ZoneInfo) -> Markup:
    """The time of day of an instant whose day is said elsewhere."""
    return _time(at, f"{at.astimezone(zone):%H:%M} {zone_words(at, zone)}")


def window(start: datetime, end: datetime, zone: ZoneInfo) -> Markup:
    """From when to when; a day that both share is said once."""
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        first = f"{day_words(start.astimezone(zone).date())}, {start.astimezone(zone):%H:%M}"
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            first += f" {zone_words(start, zone)}"
        return _time(start, first) + " – " + clock(end, zone)
    return when(start, zone) + " – " + when(end, zone)


def duration(seconds: float) -> str:
    """“2 h 5 min”, “under a minute”."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part)


def percent(share: float | None) -> str:
    """Uptime with two decimals, never rounded up: only what was never down is 100 %."""
    if share is None:
        return "no data"
    if share >= 1:
        return "100 %"
    hundredths = min(int(share * 10_000 + 1e-6), 9_999)
    return f"{hundredths / 100:.2f} %"


def _time(at: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", words)
