"""What people read when Slack refuses Keydesk something for good."""

import pytest

from sandbox.player import words_of
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import CHECKOUT, set_stage


@pytest.mark.parametrize(
    ("error", "sentence", "hint"),
    [
        ("token_revoked", "Slack lets Keydesk do nothing at present (token_revoked).", "installed in this workspace"),
        ("view_too_large", "Slack refused the window itself (view_too_large).", "a mistake in Keydesk"),
        ("expired_trigger_id", "Slack did not open the window in time.", "please try again"),
    ],
)
def test_a_window_that_slack_refuses(scenario: Scenario, error: str, sentence: str, hint: str) -> None:
    """Whoever asks for a window reads what Slack said of it: to try again is the advice only where that helps."""
    scenario.fault(method="views.open", kind="error", error=error, times=1)
    answer = words_of(scenario.mia.type_command("/keys request"))
    assert sentence in answer
    assert hint in answer


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_window_whose_connection_is_cut_opens_all_the_same(scenario: Scenario, carried_out: bool) -> None:
    """Once, whether Slack had opened it before the cut or not; nobody is asked to type it again."""
    scenario.fault(method="views.open", kind="drop", carried_out=carried_out, times=1)
    assert scenario.mia.type_command("/keys request") is None
    assert "Ask for an API key" in words_of(scenario.mia.modal)
    assert len(scenario.mia.views()) == 1


def test_a_window_that_is_cut_twice_is_told(scenario: Scenario) -> None:
    """Then nothing stands on the screen, and whoever typed is asked to try again."""
    scenario.fault(method="views.open", kind="drop", times=2)
    assert "did not open the window" in words_of(scenario.mia.type_command("/keys request"))
    assert scenario.mia.views() == []


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_window_in_the_place_of_another_outlives_a_cut(scenario: Scenario, carried_out: bool) -> None:
    """What a window shows is said again."""
    set_stage(scenario)
    scenario.ines.type_command(CHECKOUT)
    scenario.fault(method="views.update", kind="drop", carried_out=carried_out, times=1)
    scenario.ines.press("Edit", scenario.ines.modal)
    assert "What do you tell people?" in words_of(scenario.ines.modal)
