"""What is pointed out before a draft is public, since it does not fit together."""

import pytest

from desk.incidents.drafts.concerns import Concern, Outlook, decide_concerns
from desk.pages.status import Impact
from storage.models import ComponentStatus

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
