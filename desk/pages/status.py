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

_IMPACTS = list(Impact)
"""From the least to the worst."""
_ALONE = {
    Impact.NONE: PageStatus(Indicator.MINOR, "Minor Service Outage"),
    Impact.MAINTENANCE: PageStatus(Indicator.MINOR, "Minor Service Outage"),
    Impact.MINOR: PageStatus(Indicator.MINOR, "Minor Service Outage"),
    Impact.MAJOR: PageStatus(Indicator.MAJOR, "Partial System Outage"),
    Impact.CRITICAL: PageStatus(Indicator.CRITICAL, "Major System Outage"),
}
"""What open incidents say of a page without components, by the worst impact."""


def worst(statuses: Collection[ComponentStatus]) -> ComponentStatus:
    """The worst of some states, which is a group's state; operational for none."""
    return max(statuses, key=_SEVERITY.__getitem__, default=ComponentStatus.OPERATIONAL)


def impact_of(statuses: Collection[ComponentStatus], *, scheduled: bool = False) -> Impact:
    """An incident's impact from the states of its own components; always `maintenance` for a scheduled one."""
    return Impact.MAINTENANCE if scheduled else _IMPACT[worst(statuses)]


def page_status(statuses: Collection[ComponentStatus], open_impacts: Collection[Impact] = ()) -> PageStatus:
    """The page's status as Statuspage's own API has it, from the states of all components, groups left out.

    The impacts of open incidents count only on a page without components, where nothing else could tell.
    """
    if not statuses and open_impacts:
        return _ALONE[_worst_impact(open_impacts)]
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


@dataclass(frozen=True, slots=True)
class Headline:
    """What people read first: the worst of components, open incidents and maintenances that go on."""

    impact: Impact
    """On the scale of incidents' own impacts."""
    words: str
    is_well: bool
    """Whether nothing at all is open or out of order."""
    why: str = ""
    """Where components and incidents say different things: which of them the words follow."""


def decide_headline(
    statuses: Collection[ComponentStatus], open_impacts: Collection[Impact], *, in_maintenance: bool = False
) -> Headline:
    """The headline of a page with components in these states and open incidents of these impacts.

    `in_maintenance`: a maintenance goes on, whatever it does to its components.
    """
    status = page_status(statuses, open_impacts)
    shown = Impact(status.indicator)
    if not open_impacts:
        if shown is Impact.NONE and in_maintenance:
            return Headline(Impact.MAINTENANCE, "Service Under Maintenance", is_well=False)
        return Headline(shown, status.description, is_well=shown is Impact.NONE)
    said = _worst_impact(open_impacts)
    if shown == said:
        words = status.description if shown is not Impact.NONE else "Open Incident"
        return Headline(shown, words, is_well=False)
    if _IMPACTS.index(shown) > _IMPACTS.index(said):
        why = "components are worse off than its impact says" if statuses else "no component can tell its impact"
        if shown is Impact.MAINTENANCE:
            why = "components are under maintenance"
        return Headline(shown, status.description, is_well=False, why=why)
    works = shown is Impact.NONE
    why = "all components are working" if works else f"components show less: {status.description}"
    return Headline(said, f"Open Incident with {str(said).capitalize()} Impact", is_well=False, why=why)


def _worst_impact(impacts: Collection[Impact]) -> Impact:
    return max(impacts, key=_IMPACTS.index, default=Impact.NONE)
