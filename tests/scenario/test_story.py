"""The main story: ask, approve, collect, and what the wire saw of it."""

import re

from tests.databases import both_databases
from tests.scenario.conftest import Scenario, shows

pytestmark = both_databases

SECRET = re.compile(r"kd_\w{38}")


def test_ask_and_approve(scenario: Scenario) -> None:
    """A member asks in one line, an owner approves by button, and every card says so."""
    scenario.mia.type_command('/keys request "terraform prod" scope:read page:acme for 90d because we automate')
    card = shows(scenario.owners_channel(), "terraform prod")
    scenario.omar.press("Approve", card)
    assert "Approved" in str(shows(scenario.owners_channel(), "terraform prod"))
    assert scenario.violations() == []
