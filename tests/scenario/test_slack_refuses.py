"""What people read when Slack refuses Keydesk something for good."""

from dataclasses import replace

import pytest
from slack_sdk.errors import SlackApiError

from handlers.slack.framework.client import SlackClient
from sandbox.player import words_of
from storage.models import Member
from tests.factories import MIA
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import CHECKOUT, set_stage
from tests.scenario.keys_stage import open_home


@pytest.mark.parametrize(
    ("error", "sentence", "hint"),
    [
        ("token_revoked", "Slack lets Keydesk do nothing at present (token_revoked).", "installed in this workspace"),
        ("missing_scope", "Slack does not let Keydesk open windows (missing_scope).", "the app lacks a permission"),
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


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/incident new search is down", "Nothing was changed: please try again."),
        ("/incident new", "Nothing was changed: please try again."),
        (CHECKOUT, "What you wrote is kept: /incident drafts opens it."),
    ],
)
def test_a_window_that_is_refused_says_what_was_kept(scenario: Scenario, line: str, hint: str) -> None:
    """Of a form nothing was; of a preview its draft."""
    set_stage(scenario)
    scenario.fault(method="views.open", kind="error", error="expired_trigger_id", times=1)
    answer = words_of(scenario.ines.type_command(line))
    assert hint in answer
    assert "done all the same" not in answer


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


def test_a_permission_that_is_missing_is_told(scenario: Scenario) -> None:
    """Owners read in their Home tab which call Slack refuses and what helps, and nobody else; it is over as soon as
    Slack names other permissions, whatever is called then."""
    workspace = scenario.server.workspace
    whole = workspace.manifest
    workspace.manifest = replace(whole, bot_scopes=tuple(set(whole.bot_scopes) - {"usergroups:read"}))
    client = scenario.bot.client
    try:
        with pytest.raises(SlackApiError):
            scenario.bot.call(client.usergroups_list())
        told = "Slack does not let Keydesk do everything: usergroups.list (missing_scope: usergroups:read)."
        assert told in words_of(open_home(scenario, scenario.olivia)).replace("*", "").replace("`", "")
        assert "Slack does not let" not in words_of(open_home(scenario, scenario.mia))
    finally:
        workspace.manifest = whole
    assert isinstance(client, SlackClient)
    assert scenario.bot.call(client.find_refusal()) is None
    assert "Slack does not let" not in words_of(open_home(scenario, scenario.olivia))


def test_what_is_refused_to_one_call_is_not_said_of_the_token(scenario: Scenario) -> None:
    """Where Slack takes the token at the next call, the app is installed, whatever one method says."""
    client = scenario.bot.client
    assert isinstance(client, SlackClient)
    scenario.fault(method="usergroups.list", kind="error", error="invalid_auth")
    with pytest.raises(SlackApiError):
        scenario.bot.call(client.usergroups_list())
    assert scenario.bot.call(client.find_refusal()) is None
    assert list(map(str, client.refused_calls)) == ["usergroups.list (invalid_auth)"]
    scenario.bot.call(client.usergroups_list())
    assert list(client.refused_calls) == []


def test_who_cannot_be_asked_about_is_told_why(scenario: Scenario) -> None:
    """A stranger is not sent to try again where no try will help."""
    with scenario.database.write() as session:
        session.delete(session.get_one(Member, MIA))
    scenario.fault(method="users.info", kind="error", error="missing_scope")
    answer = words_of(scenario.mia.type_command("/keys mine"))
    assert "Slack does not let me ask who you are." in answer
    assert "missing_scope" in answer
    assert "try again" not in answer
