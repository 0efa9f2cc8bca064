"""What is pointed out before a draft is public, since it does not fit together."""

from datetime import datetime, timedelta

import pytest

from desk.incidents.drafts.concerns import Concern, Outlook, decide_concerns, find_far_off
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.pages.status import Impact
from storage.models import ComponentStatus
from tests.clock import MONDAY_MORNING as NOW

OK, PARTIAL, MAINTENANCE = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.UNDER_MAINTENANCE,
)
FITS = Outlook(
    page_has_components=True,
    scheduled=False,
    ends=False,
    states=[PARTIAL],
    impact=Impact.MAJOR,
    own_impact=Impact.MAJOR,
)
NONE = {"impact": Impact.NONE, "own_impact": Impact.NONE}
PLANNED = {"scheduled": True, "impact": Impact.MAINTENANCE, "own_impact": Impact.NONE}


@pytest.mark.parametrize(
    ("case", "changes", "concerns"),
    [
        ("it fits", {}, []),
        ("no component", {"states": [], **NONE}, [Concern.NO_COMPONENT]),
        ("its components all work", {"states": [OK, OK], **NONE}, [Concern.NO_COMPONENT]),
        ("its components work again", {"states": [OK]}, []),
        ("a page without components", {"states": [], "page_has_components": False, **NONE}, []),
        ("worse than its components", {"impact": Impact.CRITICAL}, [Concern.IMPACT]),
        ("milder than its components", {"impact": Impact.NONE}, [Concern.IMPACT]),
        (
            "an impact without a component",
            {"states": [], "own_impact": Impact.NONE},
            [Concern.NO_COMPONENT, Concern.IMPACT],
        ),
        ("over, and all works", {"ends": True, "states": [OK]}, []),
        ("over, and something is down", {"ends": True, "states": [OK, PARTIAL]}, [Concern.STILL_DOWN]),
        ("over, of no component", {"ends": True, "states": [], **NONE}, []),
        ("over, with an impact of its own", {"ends": True, "states": [OK], "impact": Impact.NONE}, []),
        ("a maintenance", {**PLANNED, "states": [OK]}, []),
        ("a maintenance of nothing", {**PLANNED, "states": []}, [Concern.NO_COMPONENT]),
        ("one that is over", {**PLANNED, "ends": True, "states": [MAINTENANCE]}, [Concern.STILL_DOWN]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_concerns(case: str, changes: dict[str, object], concerns: list[Concern]) -> None:
    """Each follows from how things are once the draft is public."""
    outlook = Outlook(**({name: getattr(FITS, name) for name in FITS.__dataclass_fields__} | changes))
    assert decide_concerns(outlook) == concerns, case


@pytest.mark.parametrize(("years", "far"), [(-11, True), (-1, False), (0, False), (1, False), (180, True)])
def test_a_year_that_is_hardly_meant(years: int, far: bool) -> None:
    """More than a year or so from now, in the past or for a maintenance's start or end, the instant is looked at."""
    at = NOW.replace(year=NOW.year + years)
    begins, ends = sorted((NOW + timedelta(hours=1), at))
    window = Schedule(scheduled_for=begins, scheduled_until=ends)
    found: list[datetime | None] = [
        find_far_off(NewIncident(name="x", backfilled_at=at), NOW),
        find_far_off(NewIncident(name="x", schedule=window), NOW),
        find_far_off(IncidentChange(body="x", schedule=window), NOW),
    ]
    assert found == [at if far else None] * 3
    assert find_far_off(IncidentChange(body="x"), NOW) is None
