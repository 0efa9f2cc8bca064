"""Components and groups: every field, in the order of the specification, null where nothing is set."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from handlers.http.v1.shapes.times import instant
from storage.models import Component, ComponentStatus

_WORST_LAST = {status: rank for rank, status in enumerate(ComponentStatus)}


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


def group_shape(group: Component, members: Sequence[str], zone: ZoneInfo) -> Mapping[str, Any]:
    """A group by itself. The specification calls `components` and `position` texts; clients read ids and a number."""
    return {
        "id": group.id,
        "page_id": group.page_id,
        "name": group.name,
        "description": group.description,
        "components": list(members),
        "position": group.position,
        "created_at": instant(group.created_at, zone),
        "updated_at": instant(group.updated_at, zone),
    }


def group_status(statuses: Collection[ComponentStatus]) -> ComponentStatus:
    """A group is as bad as the worst of its components; an empty one is operational."""
    return max(statuses, key=_WORST_LAST.__getitem__, default=ComponentStatus.OPERATIONAL)
