"""What people read when Slack refuses Keydesk something for good."""

import pytest

from sandbox.player import words_of
from tests.scenario.conftest import Scenario


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
