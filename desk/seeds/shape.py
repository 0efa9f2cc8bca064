"""What a seed file says, once it is known to be right. None: the file does not say, or takes it back."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from storage.models import ApiPosts, ComponentStatus, Role, SecondPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSeed:
    """A component or, with `components`, a component group."""

    name: str
    id: str | None = None
    description: str | None = None
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    """Its status when it is made; from then on incidents say what it is."""
    showcase: bool | None = None
    only_show_if_degraded: bool | None = None
    automation_email: str | None = None
    start_date: date | None = None
    components: tuple["ComponentSeed", ...] | None = None
    """None for a component that is no group."""
    takes_back: frozenset[str] = frozenset()
    """Fields that the file names and leaves empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSeed:
    """A page, under Statuspage's names."""

    name: str
    id: str | None = None
    subdomain: str | None = None
    domain: str | None = None
    url: str | None = None
    page_description: str | None = None
    time_zone: str | None = None
    announcement_channel: str | None = None
    """Slack channel in which each incident has its thread."""
    second_person: SecondPerson | None = None
    second_person_skipped_by: Role | None = None
    api_posts: ApiPosts | None = None
    """What becomes of what keys say."""
    reminder_intervals: str | None = None
    """Those of its incidents that have none of their own."""
    configuration: dict[str, Any] = field(default_factory=dict)
    """Statuspage's other page fields."""
    components: tuple[ComponentSeed, ...] = ()
    takes_back: frozenset[str] = frozenset()
    """Fields that the file names and leaves empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An organization and its pages."""

    organization: str
    organization_id: str | None
    pages: tuple[PageSeed, ...]
