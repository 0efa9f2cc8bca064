"""What can be asked for is what opens something."""

import pytest

from desk.policy import Policy
from sandbox.player import words_of
from storage.models import ApiKey, KeyRequest, Scope
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.keys_stage import add, said
from tests.scenario.requests_stage import everything, only


@pytest.fixture
def policy() -> Policy:
    """Nothing but reading and incidents is served."""
    return Policy(owners_channel=OWNERS_CHANNEL, offered_scopes=(Scope.READ, Scope.INCIDENTS_WRITE))


def test_the_form_offers_what_works(scenario: Scenario) -> None:
    """Scopes behind which there is nothing yet are not in the form."""
    scenario.mia.type_command("/keys request")
    scopes = next(block for block in scenario.mia.modal["blocks"] if block.get("block_id") == "scopes")
    assert [option["value"] for option in scopes["element"]["options"]] == ["read", "incidents:write"]


@pytest.mark.parametrize("policy", [policy_of(owners_channel=OWNERS_CHANNEL)])
def test_all_scopes_fit_into_the_form(scenario: Scenario) -> None:
    """With everything on offer they stand in two places, as Slack takes ten in one, and what is ticked in either is
    asked for; an owner who narrows that is offered the parts of a scope too."""
    scenario.mia.type_command('/keys request "bot" scope:components:write page:acme for 30d')
    shown = [block for block in scenario.mia.modal["blocks"] if str(block.get("block_id")).startswith("scopes")]
    assert sorted(option["value"] for block in shown for option in block["element"]["options"]) == sorted(Scope)
    ticked = {"scopes": ["components:write"], "scopes_behind": ["users:read"]}
    assert scenario.mia.submit(purpose="It sets states.", **ticked) == {}
    card = shows(scenario.owners_channel(), "bot", "`users:read`", "personal data")
    scenario.olivia.press("Change and approve", card)
    assert scenario.olivia.submit(scopes=["component_status:write"], scopes_behind=[]) == {}
    request = only(everything(scenario, KeyRequest))
    assert (request.scopes, request.granted_scopes) == (
        ["components:write", "users:read"],
        ["component_status:write"],
    )
    assert scenario.violations() == []


@pytest.mark.parametrize("policy", [policy_of(owners_channel=OWNERS_CHANNEL)])
def test_a_form_without_a_scope_says_so(scenario: Scenario) -> None:
    """Where each place may stay empty, both may not. Slack shows the sentence as it is, so no markup is in it."""
    scenario.mia.type_command('/keys request "bot" page:acme for 30d because we must')
    errors = scenario.mia.submit(scopes=[], scopes_behind=[])
    assert errors == {"scopes": "A key needs at least one scope. For reading, choose read."}
    assert everything(scenario, KeyRequest) == []


def test_a_typed_one_is_answered_with_a_sentence(scenario: Scenario) -> None:
    """Who types one gets the form with what else was typed, and reads why; nothing is asked for before it is sent."""
    scenario.mia.type_command('/keys request "admin" scope:read scope:users:write page:acme for 30d because we must')
    words = words_of(scenario.mia.modal)
    assert "No call of the API needs `users:write` yet" in words
    assert everything(scenario, KeyRequest) == []
    assert scenario.mia.submit(scopes=["read"]) == {}
    request = only(everything(scenario, KeyRequest))
    assert (request.name, request.scopes) == ("admin", ["read"])
    assert scenario.violations() == []


def test_keys_that_have_one_keep_it(scenario: Scenario) -> None:
    """A key with such a scope is rotated with it, and one that is taken over is asked for with it."""
    add(scenario, scopes=["read", "users:write"])
    scenario.mia.press("Collect my key", said(scenario.mia, "/keys rotate terraform prod"))
    assert [key.scopes for key in everything(scenario, ApiKey)] == [["read", "users:write"]] * 2
    add(scenario, name="orphan", holder_id=None, scopes=["users:write"])
    said(scenario.olivia, "/keys rotate orphan")
    shows(scenario.owners_channel(), "orphan", "`users:write`")
