"""The JSON of Statuspage's public API v2: every field, in the order in which the live service writes them."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from desk.pages.rails_zones import RAILS_ZONES
from desk.pages.status import Impact, page_status, worst
from desk.status_page.components import ComponentView
from desk.status_page.incidents import IncidentView, UpdateView
from desk.status_page.pages import PageView
from handlers.http.v1.shapes.times import instant

Shape = dict[str, Any]
MAX_ROWS = 50


def render_v2_shapes(view: PageView, url: str) -> Mapping[str, Shape]:
    """Path below the page → what it says. `url` is the page's own address."""
    zone = ZoneInfo(view.page.time_zone)
    page = {"page": page_shape(view, url, zone)}
    status = {"status": status_shape(view)}
    components = {"components": list_component_shapes(view, zone)}

    def incidents(rows: Sequence[IncidentView]) -> Shape:
        return {"incidents": [incident_shape(view, row, zone) for row in rows]}

    def maintenances(rows: Sequence[IncidentView]) -> Shape:
        return {"scheduled_maintenances": [maintenance_shape(view, row, zone) for row in rows]}

    planned = [*view.active, *view.upcoming]
    return {
        "summary.json": page | components | incidents(view.open_incidents) | maintenances(planned) | status,
        "status.json": page | status,
        "components.json": page | components,
        "incidents.json": page | incidents(view.realtime[:MAX_ROWS]),
        "incidents/unresolved.json": page | incidents(view.open_incidents),
        "scheduled-maintenances.json": page | maintenances(view.maintenances[:MAX_ROWS]),
        "scheduled-maintenances/upcoming.json": page | maintenances(view.upcoming),
        "scheduled-maintenances/active.json": page | maintenances(view.active),
    }


def render_v2_incident(view: PageView, row: IncidentView) -> Shape:
    """One incident or maintenance, as its own document has it beside the page."""
    shape = maintenance_shape if row.is_maintenance else incident_shape
    return shape(view, row, view.zone)


def list_affected(view: PageView, row: IncidentView) -> tuple[ComponentView, ...]:
    """The components of an incident as they are now, in the order in which it carries them."""
    ids = row.component_ids
    return _by_position(view, [one for one in view.components if one.id in ids and not one.group]) if ids else ()


def page_shape(view: PageView, url: str, zone: ZoneInfo) -> Shape:
    """The page, as every document begins."""
    return {
        "id": view.page.id,
        "name": view.page.name,
        "url": url,
        "time_zone": RAILS_ZONES.get(view.page.time_zone, view.page.time_zone),
        "updated_at": instant(view.page.updated_at, zone),
    }


def status_shape(view: PageView) -> Shape:
    """The page's status in one line, as Statuspage's own has it: open incidents do not move it."""
    impacts = [Impact(row.impact) for row in view.open_incidents]
    status = page_status([row.status for row in view.leaves], impacts)
    return {"indicator": str(status.indicator), "description": status.description}


def list_component_shapes(view: PageView, zone: ZoneInfo) -> Sequence[Shape]:
    """All components and groups by position, groups and children mixed, as the live service sorts them."""
    return [_row_shape(view, row, zone) for row in _by_position(view, view.components)]


def component_shape(row: ComponentView, zone: ZoneInfo) -> Shape:
    """A component, also as incidents embed it."""
    return {
        "id": row.id,
        "name": row.name,
        "status": str(row.status),
        "created_at": instant(row.created_at, zone),
        "updated_at": instant(row.updated_at, zone),
        "position": row.position,
        "description": row.description,
        "showcase": row.showcase,
        "start_date": row.start_date.isoformat() if row.start_date else None,
        "group_id": row.group_id,
        "page_id": row.page_id,
        "group": row.group,
        "only_show_if_degraded": row.only_show_if_degraded,
    }


def incident_shape(view: PageView, row: IncidentView, zone: ZoneInfo) -> Shape:
    """A realtime incident."""
    return _common(view, row, zone) | {"reminder_intervals": row.reminder_intervals}


def maintenance_shape(view: PageView, row: IncidentView, zone: ZoneInfo) -> Shape:
    """A scheduled maintenance."""
    return _common(view, row, zone) | {
        "scheduled_for": instant(row.scheduled_for, zone) if row.scheduled_for else None,
        "scheduled_until": instant(row.scheduled_until, zone) if row.scheduled_until else None,
    }


def update_shape(row: UpdateView, zone: ZoneInfo) -> Shape:
    """One update of an incident."""
    affected = [
        {"code": one.code, "name": one.name, "old_status": one.old_status, "new_status": one.new_status}
        for one in row.affected
    ]
    return {
        "id": row.id,
        "status": str(row.status),
        "body": row.body,
        "incident_id": row.incident_id,
        "created_at": instant(row.created_at, zone),
        "updated_at": instant(row.updated_at, zone),
        "display_at": instant(row.display_at, zone),
        "affected_components": affected or None,
        "deliver_notifications": row.deliver_notifications,
        "custom_tweet": row.custom_tweet,
        "tweet_id": None,
    }


def _common(view: PageView, row: IncidentView, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "status": row.public_status,
        "created_at": instant(row.created_at, zone),
        "updated_at": instant(row.updated_at, zone),
        "monitoring_at": instant(row.monitoring_at, zone) if row.monitoring_at else None,
        "resolved_at": instant(row.resolved_at, zone) if row.resolved_at else None,
        "impact": row.impact,
        "shortlink": row.shortlink,
        "started_at": instant(row.started_at, zone),
        "page_id": row.page_id,
        "incident_updates": [update_shape(update, zone) for update in row.said],
        "components": [component_shape(component, zone) for component in list_affected(view, row)],
    }


def _row_shape(view: PageView, row: ComponentView, zone: ZoneInfo) -> Shape:
    if not row.group:
        return component_shape(row, zone)
    children = view.children(row.id)
    status = str(worst([child.status for child in children]))
    return {**component_shape(row, zone), "status": status, "components": [child.id for child in children]}


def _by_position(view: PageView, rows: Sequence[ComponentView]) -> tuple[ComponentView, ...]:
    # Positions begin at 1 in every group; rows of equal position follow the order of their groups.
    of_group = {row.id: row.position for row in view.components if row.group}

    def place(row: ComponentView) -> tuple[int, int, str]:
        return (row.position, of_group.get(row.group_id or "", 0), row.id)

    return tuple(sorted(rows, key=place))
