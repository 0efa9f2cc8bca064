"""The uptime of a component or group over a range of days, as Statuspage's management API tells it."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk.errors import InvalidInputError, Problems
from desk.incidents.components import list_components
from desk.status_page.histories import read_histories
from desk.status_page.uptime import Span, day_bounds, span_between
from storage.models import Component, Incident, IncidentComponent, Page

FIRST_DAY = date(1970, 1, 1)
MOST_MONTHS = 6
_DAYS = 90


@dataclass(frozen=True, slots=True)
class Days:
    """From which day to which, both among them, and what was made of what was asked for."""

    first: date
    last: date
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UptimeReport:
    """What happened in these days, and the incidents of each component."""

    days: Days
    start: datetime
    end: datetime
    span: Span
    related: Mapping[str, Sequence[str]]


def decide_days(start: str | None, end: str | None, *, today: date, started: date | None) -> Days:
    """The days that are meant by `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Pure.

    Without a start from when the component `started`, and from 90 days ago at the earliest. What is out of range is
    adjusted, with a warning. Raises InvalidInputError for what is no date, and for an end before the start.
    """
    problems = Problems()
    first, last = None, today
    with problems.gathered():
        first = _read_days(start, "start")[0] if start else None
    with problems.gathered():
        last = _read_days(end, "end")[1] if end else today
    problems.refuse()
    if first is not None and first > last:
        raise InvalidInputError("The start date must not be after the end date.", field="start")
    warnings = []
    for reached, edge, words in ((last > today, today, "today"), (last < FIRST_DAY, FIRST_DAY, f"{FIRST_DAY}")):
        if reached:
            last = edge
            warnings.append(_adjusted("End", words, "end"))
    if first is None:
        first = max(started or FIRST_DAY, last - timedelta(days=_DAYS))
    for floor, words in (
        (started or FIRST_DAY, "the day on which the component was started"),
        (FIRST_DAY, f"{FIRST_DAY}"),
        (_months_before(last, MOST_MONTHS), f"{MOST_MONTHS} months before the end date"),
    ):
        if first < floor:
            first = floor
            warnings.append(_adjusted("Start", words, "start"))
    return Days(min(first, last), last, tuple(warnings))


def read_uptime(session: Session, row: Component, start: str | None, end: str | None, now: datetime) -> UptimeReport:
    """The uptime of a component, or of those components of a group that show theirs, all together.

    Raises InvalidInputError where none of them does, and as `decide_days`.
    """
    page = session.get_one(Page, row.page_id)
    zone = ZoneInfo(page.time_zone)
    parts = [one for one in list_components(session, page.id) if one.group_id == row.id] if row.group else [row]
    shown = [one for one in parts if one.showcase]
    if not shown:
        raise InvalidInputError(f"“{row.name}” does not show its uptime.", "Set showcase of a component.")
    starts = [one.start_date for one in shown if one.start_date is not None]
    started = min(starts) if len(starts) == len(shown) else None
    days = decide_days(start, end, today=now.astimezone(zone).date(), started=started)
    begins, (_, ends) = day_bounds(days.first, zone)[0], day_bounds(days.last, zone)
    histories = read_histories(session, shown, begins, now, zone)
    spans = [span_between(changes, begins, min(ends, now)) for changes in histories.values()]
    related = _read_related(session, shown, begins, ends)
    return UptimeReport(days, begins, ends, sum(spans, Span()), related)


def _read_related(
    session: Session, rows: Sequence[Component], start: datetime, end: datetime
) -> Mapping[str, Sequence[str]]:
    """The incidents, and maintenances that began, of each component within a time, the newest first."""
    found: dict[str, list[str]] = {row.id: [] for row in rows}
    links = (
        select(IncidentComponent.component_id, Incident.id)
        .join(Incident, Incident.id == IncidentComponent.incident_id)
        .where(
            IncidentComponent.component_id.in_(found),
            Incident.started_at < end,
            or_(Incident.resolved_at.is_(None), Incident.resolved_at >= start),
        )
        .order_by(Incident.started_at.desc(), Incident.id)
    )
    for component_id, incident_id in session.execute(links):
        found[component_id].append(incident_id)
    return found


def _read_days(word: str, field: str) -> tuple[date, date]:
    """The first and the last day of a year, a month or a day."""
    parts = word.strip().split("-")
    try:
        if not 1 <= len(parts) <= 3 or [len(part) for part in parts] != [4, 2, 2][: len(parts)]:
            raise ValueError
        year, *rest = (int(part) for part in parts)
        months = rest[:1] or [1, 12]
        days = rest[1:] or [1, monthrange(year, months[-1])[1]]
        return date(year, months[0], days[0]), date(year, months[-1], days[-1])
    except ValueError:
        raise InvalidInputError(
            f"{field} is no date: “{word[:40]}”.", "Write YYYY, YYYY-MM or YYYY-MM-DD.", field=field
        ) from None


def _months_before(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _adjusted(which: str, to: str, field: str) -> str:
    return f"{which} date was adjusted to {to}. See range_{field} field in response for {field} date used."
