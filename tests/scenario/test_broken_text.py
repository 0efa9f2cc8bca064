"""Half a character, as a cut emoji leaves it, is refused at Slack's doors with what is wrong, and nothing is kept."""

import pytest

from sandbox.player import inputs_of, options_of, text_of, words_of
from storage.models import KeyRequest
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import set_stage
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
    unseen = scenario.mia.submit(**filled | {"name": "night\x07ly"})
    assert "a sign that no screen shows (U+0007)" in unseen["name"]
    assert everything(scenario, KeyRequest) == []
    assert scenario.mia.submit(**filled | {"name": "whole \U0001f600 one"}) == {}
    assert only(everything(scenario, KeyRequest)).name == "whole \U0001f600 one"
    assert scenario.violations() == []


def test_a_sign_that_no_screen_shows_in_a_line(scenario: Scenario) -> None:
    """It is not dropped in silence: the line comes back without it, to be looked at and sent again."""
    answer = words_of(scenario.ines.type_command('/incident new "Check\x08out" component:checkout=down We look.'))
    assert "a sign that no screen shows (U+0008)" in answer
    assert 'You wrote: /incident new "Checkout" component:checkout=down We look.' in answer
    assert scenario.ines.views() == []


@pytest.mark.parametrize(
    "line",
    [
        '/incident new "Checkout \0 errors" component:checkout=down We look.',
        "/incident show none \0 of them",
        "/keys request nightly scopes:read page:all because \0 it builds",
        "/roles grant @mia incident_manager on Acme\0",
        '/maintenance schedule "Upgrade" tomorrow 22:00 2h We \0 move.',
    ],
)
def test_in_a_line(scenario: Scenario, line: str) -> None:
    """Any command says what is wrong, opens nothing and gives the line back."""
    answer = scenario.omar.type_command(line)
    assert answer is not None
    assert BROKEN in words_of(answer)
    assert scenario.omar.views() == []
    assert f"You wrote: {line.replace(chr(0), '')}" in words_of(answer)
    assert scenario.violations() == []


def test_in_a_menu_that_is_searched(scenario: Scenario) -> None:
    """The one thing on offer says what is wrong."""
    set_stage(scenario)
    scenario.ines.type_command("/incident new")
    names = [block["block_id"] for block in inputs_of(scenario.ines.modal)]
    menu = next(name for name in names if name.startswith("components"))
    offered = [text_of(one) for one in options_of(scenario.ines.options(menu, HALF))]
    assert len(offered) == 1
    assert offered[0].startswith("A character in what you typed is broken")
