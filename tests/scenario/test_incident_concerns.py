"""Before it is public: what does not fit together is said beside the way to mend it, and whom *Publish* tells."""

import pytest

from sandbox.player import Json, elements_of, text_of, words_of
from storage.models import Component, IncidentStatus, IncidentUpdate, Role
from tests.factories import INES
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import Stage, publish, set_stage
from tests.scenario.requests_stage import everything

CHECKOUT = '/incident new "Checkout errors" component:checkout=partial_outage We look.'
NOBODY, DISAGREE, STAYS = "No component is affected", "Impact and components disagree", "components stay as they are"


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, its components, its channel and its incident managers."""
    return set_stage(scenario)


def labels(shown: Json) -> list[str]:
    """What can be pressed."""
    return [text_of(element) for _, element in elements_of(shown["blocks"]) if element["type"] == "button"]


@pytest.mark.page
def test_an_incident_without_a_component(scenario: Scenario, stage: Stage) -> None:
    """The preview says that no component is affected; *Choose components* opens the form, and then it is settled."""
    ines, checkout = scenario.ines, stage.components["Checkout"]
    ines.type_command('/incident new "Checkout errors" We look.')
    assert NOBODY in words_of(ines.modal)
    ines.press("Choose components", ines.modal)
    ines.enter("components.0", [checkout])
    assert ines.submit(**{f"state.{checkout}.0": "partial_outage"}) == {}
    assert NOBODY not in words_of(ines.modal)
    assert "Choose components" not in labels(ines.modal)
    ines.press("Publish", ines.modal)
    stage.wait_for_state("Checkout", "partial_outage")
    assert scenario.violations() == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (CHECKOUT, []),
        ('/incident new "Checkout errors" component:checkout We look.', [NOBODY]),
        ('/incident new "Checkout errors" component:checkout=down impact:minor We look.', [DISAGREE]),
        ('/incident new "Checkout errors" impact:critical We look.', [NOBODY, DISAGREE]),
        ('/maintenance schedule "Upgrade" from 2026-12-01 22:00 for 3h We upgrade.', [NOBODY]),
    ],
)
def test_a_new_one(scenario: Scenario, stage: Stage, line: str, found: list[str]) -> None:
    """A component that stays as it is, an impact of one's own, and a maintenance of nothing are pointed out."""
    stage.grant(INES, Role.MAINTENANCE_MANAGER)
    scenario.ines.type_command(line)
    words = words_of(scenario.ines.modal)
    assert [concern for concern in (NOBODY, DISAGREE, STAYS) if concern in words] == found


def test_resolved_while_something_is_down(scenario: Scenario, stage: Stage) -> None:
    """The preview names what stays down; published all the same, it does."""
    incident_id = publish(stage, CHECKOUT).id
    ines, checkout = scenario.ines, stage.components["Checkout"]
    ines.type_command(f"/incident update {incident_id}")
    ines.enter("status.0", "resolved")
    assert ines.submit(**{"body.0": "Over.", f"state.{checkout}.1": "partial_outage"}) == {}
    words = words_of(ines.modal)
    assert STAYS in words
    assert "API - Checkout: :large_orange_circle: Partial outage" in words
    ines.press("Publish", ines.modal)
    assert IncidentStatus.RESOLVED in [said.status for said in everything(scenario, IncidentUpdate)]
    with scenario.database.read() as session:
        assert session.get_one(Component, checkout).status == "partial_outage"


@pytest.mark.parametrize(("channel", "ways"), [(None, ["Publish"]), ("C0STATUS01", ["Publish", "Publish quietly"])])
def test_one_button_while_nobody_can_be_told(
    scenario: Scenario, stage: Stage, channel: str | None, ways: list[str]
) -> None:
    """Without a channel there is *Publish* alone, and no word of quiet; with one there are two."""
    stage.set_page(announcement_channel=channel)
    scenario.ines.type_command(CHECKOUT)
    assert [label for label in labels(scenario.ines.modal) if label.startswith("Publish")] == ways
    assert ("quietly" in words_of(scenario.ines.modal)) is (len(ways) == 2)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "is on the page" in words_of(scenario.ines.modal)


@pytest.mark.page
def test_quietly_is_quiet_in_slack_too(scenario: Scenario, stage: Stage) -> None:
    """Published quietly, an incident is in no channel; a later update that is loud brings it there."""
    ines = scenario.ines
    ines.type_command(CHECKOUT)
    assert "<#C0STATUS01>" in words_of(ines.modal)
    ines.press("Publish quietly", ines.modal)
    assert "Nobody is notified" in words_of(ines.modal)
    stage.wait_for_summary(lambda found: bool(found["incidents"]))
    assert (stage.channel(), stage.thread()) == ([], [])
    [said] = everything(scenario, IncidentUpdate)
    ines.type_command(f"/incident update {said.incident_id} identified A deploy broke it.")
    ines.press("Publish", ines.modal)
    [head], [reply] = stage.channel(), stage.thread()
    assert "Checkout errors" in words_of(head)
    assert "A deploy broke it." in words_of(reply)
    ines.type_command(f"/incident update {said.incident_id} monitoring A fix is in.")
    ines.press("Publish quietly", ines.modal)
    [now], [_] = stage.channel(), stage.thread()
    assert now["ts"] == head["ts"]
    assert "Monitoring" in words_of(now)
