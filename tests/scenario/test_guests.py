"""Guests are offered what they can do, and nothing else."""

import re
from collections.abc import Sequence

import pytest

from desk.policy import Policy
from sandbox.player import Json, elements_of, words_of
from storage.models import Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import GUS, INES, add_grant
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario
from tests.scenario.keys_stage import open_home, said

_TYPED = re.compile(r"`(/[a-z]+ [a-z]+)")
_REFUSED = ":warning:"


def buttons_of(surface: Json) -> list[str]:
    """The labels of all buttons, in order."""
    return [element["text"]["text"] for _, element in elements_of(surface["blocks"]) if element["type"] == "button"]


@pytest.mark.parametrize("typed", ["home", "/keys", "/keys help", "/keys info"])
def test_what_a_guest_is_offered_works(scenario: Scenario, typed: str) -> None:
    """Every button and every command that they read of is answered with something better than a refusal."""
    guest = scenario.person(GUS)
    surface = open_home(scenario, guest) if typed == "home" else said(guest, typed)
    assert _REFUSED not in words_of(surface)
    for label in buttons_of(surface):
        guest.press(label, surface)
        assert _REFUSED not in words_of(guest.messages("C0GENERAL1")[-1])
    for command in _TYPED.findall(words_of(surface)):
        assert _REFUSED not in words_of(said(guest, command))


@pytest.mark.parametrize(
    "typed", ["/roles", "/roles help", "/incident", "/incident help", "/maintenance", "/maintenance help"]
)
def test_what_is_for_members_is_not_offered(scenario: Scenario, typed: str) -> None:
    """The first answer says so, without buttons that would say it again."""
    refused = said(scenario.person(GUS), typed)
    assert words_of(refused).startswith(_REFUSED)
    assert "full members" in words_of(refused)
    assert buttons_of(refused) == []


def test_no_role_is_named_that_a_guest_cannot_get(scenario: Scenario) -> None:
    """Whoever asks for a key is told that keys are for full members, and not to get a role first."""
    refused = words_of(said(scenario.person(GUS), "/keys request"))
    assert "full members" in refused
    assert "role" not in refused


@pytest.mark.parametrize(
    ("roles", "first"),
    [((), "Ask for a key"), ((Role.INCIDENT_MANAGER,), "New incident"), ((Role.OWNER,), "New incident")],
)
def test_what_home_puts_first(scenario: Scenario, roles: Sequence[Role], first: str) -> None:
    """Whoever runs incidents finds the way to tell of one at the top, in the colour of what matters most."""
    with scenario.database.write() as session:
        for role in roles:
            add_grant(session, INES, role, NOW)
    home = open_home(scenario, scenario.person(INES))
    assert buttons_of(home)[0] == first
    assert buttons_of(home).count("New incident") == (first == "New incident")
    styles = [element.get("style") for _, element in elements_of(home["blocks"]) if element["type"] == "button"]
    assert styles[:2].count("primary") == 1 and styles[0] == "primary"


class TestWithoutADefaultRole:
    """Where members hold no keys unless they are given the role."""

    @pytest.fixture
    def policy(self) -> Policy:
        """Members may do nothing by default."""
        return policy_of(owners_channel=OWNERS_CHANNEL, default_role=None)

    @pytest.mark.parametrize("typed", ["home", "/keys", "/keys info"])
    def test_who_may_not_ask_is_not_invited_to(self, scenario: Scenario, typed: str) -> None:
        """No button and no hint says *Ask for a key*; the facts about the API say what it takes, and whom to ask."""
        surface = open_home(scenario, scenario.mia) if typed == "home" else said(scenario.mia, typed)
        assert "Ask for a key" not in words_of(surface)
        assert "/keys request" not in words_of(surface)
        assert typed == "/keys" or "needs the role `integrator`. Ask an owner: Olivia Owens" in words_of(surface)
