"""Impact, group state and the page's one line, as tables of named cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.pages.status import Impact, Indicator, PageStatus, impact_of, page_status, worst
from storage.models import ComponentStatus

OK = ComponentStatus.OPERATIONAL
MAINTENANCE = ComponentStatus.UNDER_MAINTENANCE
DEGRADED = ComponentStatus.DEGRADED_PERFORMANCE
PARTIAL = ComponentStatus.PARTIAL_OUTAGE
MAJOR = ComponentStatus.MAJOR_OUTAGE


@pytest.mark.parametrize(
    ("case", "statuses", "indicator", "description"),
    [
        ("no components", [], Indicator.NONE, "All Systems Operational"),
        ("all well", [OK, OK], Indicator.NONE, "All Systems Operational"),
        ("the only one is out", [MAJOR], Indicator.CRITICAL, "Major System Outage"),
        ("all are out", [MAJOR, MAJOR], Indicator.CRITICAL, "Major System Outage"),
        ("one of thirty is out", [MAJOR, *[OK] * 29], Indicator.MAJOR, "Partial System Outage"),
        ("out beats partial", [MAJOR, PARTIAL], Indicator.MAJOR, "Partial System Outage"),
        ("the only one is partly out", [PARTIAL], Indicator.MAJOR, "Partial System Outage"),
        ("all are partly out", [PARTIAL, PARTIAL], Indicator.MAJOR, "Partial System Outage"),
        ("two of ten partly out", [PARTIAL, PARTIAL, *[OK] * 8], Indicator.MINOR, "Minor Service Outage"),
        (
            "partial with maintenance and degraded",
            [*[PARTIAL] * 28, *[MAINTENANCE] * 17, DEGRADED, *[OK] * 421],
            Indicator.MINOR,
            "Minor Service Outage",
        ),
        ("all degraded", [DEGRADED, DEGRADED], Indicator.MINOR, "Degraded System Service"),
        ("the only one is degraded", [DEGRADED], Indicator.MINOR, "Partially Degraded Service"),
        ("one degraded", [DEGRADED, OK], Indicator.MINOR, "Partially Degraded Service"),
        ("maintenance only", [MAINTENANCE, OK], Indicator.MAINTENANCE, "Service Under Maintenance"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_page_status(case: str, statuses: list[ComponentStatus], indicator: Indicator, description: str) -> None:
    """The first rule of the cascade that fits decides."""
    assert page_status(statuses) == PageStatus(indicator, description), case


@pytest.mark.parametrize(
    ("statuses", "impact"),
    [
        ([], Impact.NONE),
        ([OK], Impact.NONE),
        ([OK, DEGRADED], Impact.MINOR),
        ([PARTIAL, DEGRADED], Impact.MAJOR),
        ([MAJOR, PARTIAL], Impact.CRITICAL),
        ([MAINTENANCE], Impact.NONE),
    ],
)
def test_impact_follows_the_worst_of_its_own(statuses: list[ComponentStatus], impact: Impact) -> None:
    """A realtime incident is as bad as its worst component; a scheduled one is maintenance whatever they are."""
    assert impact_of(statuses) is impact
    assert impact_of(statuses, scheduled=True) is Impact.MAINTENANCE


@given(st.lists(st.sampled_from(list(ComponentStatus)), min_size=1))
def test_a_group_is_as_bad_as_its_worst_child(statuses: list[ComponentStatus]) -> None:
    """No child is worse than the group, and the group's state is one of its children's."""
    order = [OK, MAINTENANCE, DEGRADED, PARTIAL, MAJOR]
    assert worst(statuses) in statuses
    assert max(map(order.index, statuses)) == order.index(worst(statuses))
