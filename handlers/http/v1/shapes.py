"""Statuspage's JSON shapes: every field, in the order of its specification, null where nothing is set."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from desk.pages.fields import COLUMN_FIELDS, PAGE_FIELDS
from storage.models import Component, ComponentStatus, Page

_WORST_LAST = {status: rank for rank, status in enumerate(ComponentStatus)}


def instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as Statuspage writes it: ISO 8601 with milliseconds, in the page's zone; `Z` for UTC."""
    local = at.astimezone(zone)
    text = local.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if local.tzname() == "UTC" else text


def page_shape(page: Page) -> Mapping[str, Any]:
    """A page as `GET /pages/{page_id}` shows it."""
    zone = ZoneInfo(page.time_zone)
    values = page.configuration | {name: getattr(page, name) for name in COLUMN_FIELDS}
    return {
        "id": page.id,
        "created_at": instant(page.created_at, zone),
        "updated_at": instant(page.updated_at, zone),
        "name": page.name,
        **{name: values.get(name) for name in PAGE_FIELDS},
    }


def component_shape(component: Component, status: ComponentStatus, zone: ZoneInfo) -> Mapping[str, Any]:
    """A component or group row. `status` is the group's derived one, see `group_status`."""
    return {
        "id": component.id,
        "page_id": component.page_id,
        "group_id": component.group_id,
        "created_at": instant(component.created_at, zone),
        "updated_at": instant(component.updated_at, zone),
        "group": component.group,
        "name": component.name,
        "description": component.description,
        "position": component.position,
        "status": str(status),
        "showcase": component.showcase,
        "only_show_if_degraded": component.only_show_if_degraded,
        "automation_email": component.automation_email,
        "start_date": component.start_date.isoformat() if component.start_date else None,
    }


def group_status(statuses: Collection[ComponentStatus]) -> ComponentStatus:
    """A group is as bad as the worst of its components; an empty one is operational."""
    return max(statuses, key=_WORST_LAST.__getitem__, default=ComponentStatus.OPERATIONAL)
