"""Pages and what is on them: in the words of `/page`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from desk.configuration.page_fields import PAGE_SETTINGS
from desk.configuration.pages import read_setting
from desk.incidents.components import full_name
from desk.pages.status import worst
from handlers.http.own.shapes.base import Given, Instant, Paged, Shape, Versioned, Words
from storage.models import Component, ComponentStatus, Page

Kept = str | bool | None
"""What a setting is."""


def _check_value(value: object) -> object:
    if value is not None and not isinstance(value, str | bool):
        raise ValueError("must be a text, true, false or null")
    return value


Value = Annotated[Any, BeforeValidator(_check_value), WithJsonSchema({"type": ["string", "boolean", "null"]})]
_SETTINGS = "Under the names that `keydesk pages show` gives."
_GROUP = "The group that it is in, by id or name; null: none."
_MEMBERS = "All that is in it, in this order: ids or names."
_POSITION = "From 1, within its group; null: the last."


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be a day such as 2026-03-02") from None


Day = Annotated[date, BeforeValidator(_day)]
Position = Annotated[int, Field(ge=1, le=100_000)]


class PageOf(Shape):
    """A page."""

    id: str
    name: str
    subdomain: str | None
    domain: str | None
    time_zone: str


class PageShown(Shape):
    """All that is set of a page, its policy too."""

    id: str
    version: int
    settings: Mapping[str, Kept] = Field(description=f"{_SETTINGS} null: not set.")


class PageChanged(Versioned):
    """What is to be set."""

    settings: dict[str, Value] = Field(
        description=f"{_SETTINGS} null or an empty text takes it back. The policy is for people to change."
    )


class ComponentsAsked(Paged):
    """What of a page."""

    retired: bool = Field(False, description="What is not on the page any more, instead.")


class ComponentShown(Shape):
    """A component or a group."""

    id: str
    version: int
    page_id: str
    group: bool = Field(description="Whether it is a group.")
    group_id: str | None
    name: str
    full_name: str = Field(description="With its group's before it.")
    description: str | None
    position: int
    status: ComponentStatus = Field(description="Of a group, that of the worst that is in it.")
    showcase: bool
    only_show_if_degraded: bool
    start_date: date | None
    automation_email: str | None
    retired_at: Instant | None = Field(description="null: it is on the page.")


class ComponentMade(Given):
    """A new component."""

    name: Words
    description: str = ""
    group: Words | None = Field(None, description=_GROUP)
    position: Position | None = Field(None, description=_POSITION)
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    showcase: bool = Field(True, description="Whether the page shows its uptime.")
    only_show_if_degraded: bool = False
    start_date: Day | None = None
    automation_email: Words | None = None


class GroupMade(Given):
    """A new group."""

    name: Words
    description: str = ""
    position: Position | None = Field(None, description=_POSITION)
    components: list[Words] = Field(min_length=1, description=_MEMBERS)


class ComponentChanged(Versioned):
    """What is to change; what is not said stays as it is."""

    name: Words | None = None
    description: str | None = None
    group: Words | None = Field(None, description=_GROUP)
    position: Position | None = None
    status: ComponentStatus | None = None
    showcase: bool | None = None
    only_show_if_degraded: bool | None = None
    start_date: Day | None = None
    automation_email: Words | None = None
    components: list[Words] | None = Field(None, description=f"Of a group. {_MEMBERS}")


class ComponentRestored(Given):
    """What a group is to have, since those that it had are elsewhere by now; nothing of a component."""

    components: list[Words] = Field(default_factory=list, description=_MEMBERS)


def page_of(page: Page) -> PageOf:
    """From its row."""
    return PageOf(id=page.id, name=page.name, subdomain=page.subdomain, domain=page.domain, time_zone=page.time_zone)


def page_shown(page: Page) -> PageShown:
    """From its row."""
    settings = {name: read_setting(page, name) for name in PAGE_SETTINGS}
    return PageShown(id=page.id, version=page.version, settings=settings)


def component_of(row: Component, beside: Sequence[Component]) -> ComponentShown:
    """From its row, and those of whatever else the page has or had."""
    groups = {one.id: one.name for one in beside if one.group}
    within = [ComponentStatus(one.status) for one in beside if one.group_id == row.id and one.retired_at is None]
    return ComponentShown(
        id=row.id,
        version=row.version,
        page_id=row.page_id,
        group=row.group,
        group_id=row.group_id,
        name=row.name,
        full_name=full_name(row, groups),
        description=row.description,
        position=row.position,
        status=worst(within) if row.group else ComponentStatus(row.status),
        showcase=row.showcase,
        only_show_if_degraded=row.only_show_if_degraded,
        start_date=row.start_date,
        automation_email=row.automation_email,
        retired_at=row.retired_at,
    )
