"""Half a character, as a cut emoji leaves it, is refused at Slack's doors with what is wrong, and nothing is kept."""

from storage.models import KeyRequest
from tests.scenario.conftest import Scenario
from tests.scenario.requests_stage import everything, only

HALF = "half \ud83d of one"
BROKEN = "A character in what you typed is broken"


def test_in_a_form(scenario: Scenario) -> None:
    """The form stays open and says so at each field; with a whole character in its place it is taken."""
    scenario.mia.type_command("/keys request")
    filled = {"name": "nightly", "purpose": "We build.", "scopes": ["read"], "pages": ["all"]}
    for field in ("name", "purpose"):
        errors = scenario.mia.submit(**filled | {field: HALF})
        assert BROKEN in errors.get(field, ""), errors
    assert everything(scenario, KeyRequest) == []
    assert scenario.mia.submit(**filled | {"name": "whole \U0001f600 one"}) == {}
    assert only(everything(scenario, KeyRequest)).name == "whole \U0001f600 one"
    assert scenario.violations() == []
