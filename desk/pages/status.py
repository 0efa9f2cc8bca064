"""What follows from components' states: a group's state, an incident's impact, the page's one line. All pure.

Sources: Statuspage's published cascade for the page's status, and its table of impacts.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from storage.models import ComponentStatus


class Impact(StrEnum):
    """How bad an incident is. `maintenance` is for scheduled ones only."""

    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Indicator(StrEnum):
    """The page's status in one word."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class PageStatus:
    """The page's status: the indicator, and the sentence that people read."""

    indicator: Indicator
    description: str


_SEVERITY = {status: rank for rank, status in enumerate(ComponentStatus)}

_IMPACT = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.UNDER_MAINTENANCE: Impact.NONE,
    ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
}


def worst(statuses: Collection[ComponentStatus]) -> ComponentStatus:
    """The worst of some states, which is a group's state; operational for none."""
    return max(statuses, key=_SEVERITY.__getitem__, default=ComponentStatus.OPERATIONAL)


def impact_of(statuses: Collection[ComponentStatus], *, scheduled: bool = False) -> Impact:
    """An incident's impact from the states of its own components; always `maintenance` for a scheduled one."""
    return Impact.MAINTENANCE if scheduled else _IMPACT[worst(statuses)]


def page_status(statuses: Collection[ComponentStatus]) -> PageStatus:
    """The page's status from the states of all its components, groups left out: the first rule that fits."""
    count = Counter(statuses)
    total = len(statuses)
    major, partial = count[ComponentStatus.MAJOR_OUTAGE], count[ComponentStatus.PARTIAL_OUTAGE]
    degraded = count[ComponentStatus.DEGRADED_PERFORMANCE]
    rules = (
        (bool(total) and major == total, Indicator.CRITICAL, "Major System Outage"),
        (major > 0, Indicator.MAJOR, "Partial System Outage"),
        (bool(total) and partial == total, Indicator.MAJOR, "Partial System Outage"),
        (partial > 0, Indicator.MINOR, "Minor Service Outage"),
        (total > 1 and degraded == total, Indicator.MINOR, "Degraded System Service"),
        (degraded > 0, Indicator.MINOR, "Partially Degraded Service"),
        (count[ComponentStatus.UNDER_MAINTENANCE] > 0, Indicator.MAINTENANCE, "Service Under Maintenance"),
    )
    for fits, indicator, description in rules:
        if fits:
            return PageStatus(indicator, description)
    return PageStatus(Indicator.NONE, "All Systems Operational")
