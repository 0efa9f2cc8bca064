"""Components and groups: every field, in the order of the specification, null where nothing is set."""

from collections.abc import Collection, Sequence
from typing import TypedDict
from zoneinfo import ZoneInfo

from handlers.http.v1.shapes.times import Day, Instant, day, instant
from storage.models import Component, ComponentStatus

_WORST_LAST = {status: rank for rank, status in enumerate(ComponentStatus)}


class ComponentShape(TypedDict):
    """A component, or the row of a group."""

    id: str
    page_id: str
    group_id: str | None
    created_at: Instant
    updated_at: Instant
    group: bool
    name: str
    description: str | None
    position: int
    status: ComponentStatus
    showcase: bool
    only_show_if_degraded: bool
    automation_email: str | None
    start_date: Day | None


class GroupShape(TypedDict):
    """A group by itself, with the ids of what is in it. Clients read these, and a number as `position`, though
    Statuspage's description calls both texts."""

    id: str
    page_id: str
    name: str
    description: str | None
    components: list[str]
    position: int
    created_at: Instant
    updated_at: Instant


def component_shape(component: Component, status: ComponentStatus, zone: ZoneInfo) -> ComponentShape:
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
        "status": status,
        "showcase": component.showcase,
        "only_show_if_degraded": component.only_show_if_degraded,
        "automation_email": component.automation_email,
        "start_date": day(component.start_date) if component.start_date else None,
    }


def group_shape(group: Component, members: Sequence[str], zone: ZoneInfo) -> GroupShape:
    """A group by itself."""
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
