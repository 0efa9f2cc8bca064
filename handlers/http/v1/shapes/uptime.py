"""The uptime of a component or group."""

from datetime import timedelta
from typing import Any, NotRequired, TypedDict, cast
from zoneinfo import ZoneInfo

from desk.status_page.component_uptime import UptimeReport
from handlers.http.v1.shapes.times import Instant, instant
from storage.models import Component

_LAST_INSTANT = timedelta(milliseconds=1)


class EventShape(TypedDict):
    """An incident or a maintenance."""

    id: str


class GroupEventsShape(TypedDict):
    """Those of one component."""

    component_id: str
    incidents: list[EventShape]


class _Uptime(TypedDict):
    range_start: Instant
    range_end: Instant
    uptime_percentage: float
    major_outage: int
    partial_outage: int
    warnings: list[str]
    id: str
    name: str


class UptimeShape(_Uptime):
    """Outages of a component, in seconds."""

    related_events: NotRequired[list[EventShape]]


class GroupUptimeShape(_Uptime):
    """Outages of all of a group's components together, in seconds."""

    related_events: NotRequired[list[GroupEventsShape]]


def uptime_shape(
    row: Component, report: UptimeReport, zone: ZoneInfo, *, brief: bool
) -> UptimeShape | GroupUptimeShape:
    """What happened, with `related_events` unless it is to be `brief`."""
    span = report.span
    # Clients count with it: where nothing is known yet, no outage is.
    uptime = 1.0 if span.uptime is None else span.uptime
    shape: dict[str, Any] = {
        "range_start": instant(report.start, zone),
        "range_end": instant(report.end - _LAST_INSTANT, zone),
        "uptime_percentage": round(uptime * 100, 4),
        "major_outage": span.major_outage,
        "partial_outage": span.partial_outage,
        "warnings": list(report.days.warnings),
        "id": row.id,
        "name": row.name,
    }
    if not brief:
        shape["related_events"] = _related(row, report)
    return cast(UptimeShape | GroupUptimeShape, shape)


def _related(row: Component, report: UptimeReport) -> list[EventShape] | list[GroupEventsShape]:
    events = {key: [EventShape(id=one) for one in ids] for key, ids in report.related.items()}
    if not row.group:
        return events[row.id]
    return [GroupEventsShape(component_id=key, incidents=those) for key, those in events.items() if those]
