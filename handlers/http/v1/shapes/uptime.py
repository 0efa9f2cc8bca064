"""The uptime of a component or group."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk.status_page.component_uptime import UptimeReport
from handlers.http.v1.shapes.times import instant
from storage.models import Component

_LAST_INSTANT = timedelta(milliseconds=1)


def uptime_shape(row: Component, report: UptimeReport, zone: ZoneInfo, *, brief: bool) -> Mapping[str, Any]:
    """Outages in seconds, of a group those of all its components; `related_events` unless it is to be `brief`."""
    span = report.span
    # Clients count with it: where nothing is known yet, no outage is.
    uptime = 1.0 if span.uptime is None else span.uptime
    shape = {
        "range_start": instant(report.start, zone),
        "range_end": instant(report.end - _LAST_INSTANT, zone),
        "uptime_percentage": round(uptime * 100, 4),
        "major_outage": span.major_outage,
        "partial_outage": span.partial_outage,
        "warnings": list(report.days.warnings),
        "id": row.id,
        "name": row.name,
    }
    return shape if brief else shape | {"related_events": _related(row, report)}


def _related(row: Component, report: UptimeReport) -> list[Mapping[str, Any]]:
    events = {key: [{"id": one} for one in ids] for key, ids in report.related.items()}
    if not row.group:
        return [*events[row.id]]
    return [{"component_id": key, "incidents": incidents} for key, incidents in events.items() if incidents]
