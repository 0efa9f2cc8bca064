"""What the public sees of a component, as a plain value that outlives the transaction it was read in."""

from dataclasses import dataclass
from datetime import date, datetime

from desk.status_page.uptime import Change
from storage.models import Component, ComponentStatus


@dataclass(frozen=True, slots=True)
class ComponentView:
    """A component or group, with the changes of its state in the window that is shown, in order of time."""

    id: str
    page_id: str
    group_id: str | None
    group: bool
    name: str
    description: str | None
    position: int
    status: ComponentStatus
    showcase: bool
    only_show_if_degraded: bool
    start_date: date | None
    created_at: datetime
    updated_at: datetime
    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, row: Component, changes: tuple[Change, ...]) -> "ComponentView":
        """From its row."""
        return cls(
            id=row.id,
            page_id=row.page_id,
            group_id=row.group_id,
            group=row.group,
            name=row.name,
            description=row.description,
            position=row.position,
            status=ComponentStatus(row.status),
            showcase=row.showcase,
            only_show_if_degraded=row.only_show_if_degraded,
            start_date=row.start_date,
            created_at=row.created_at,
            updated_at=row.updated_at,
            changes=changes,
        )
