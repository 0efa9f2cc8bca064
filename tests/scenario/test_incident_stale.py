"""What was previewed and is not so any more: states, times and other incidents that changed before *Publish*."""

from datetime import timedelta

import pytest

from sandbox.player import Player, words_of
from storage.models import Incident, IncidentDraft, Role, SecondPerson
from tests.factories import INES, MAX
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import CHECKOUT, Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

DOWN = '/incident new "All is down" component:checkout=major_outage Everything fails.'


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page whose incidents and maintenances Ines and Max manage."""
    stage = set_stage(scenario)
    for user_id in (INES, MAX):
        stage.grant(user_id, Role.MAINTENANCE_MANAGER)
    return stage


def _publish_something_else(player: Player, line: str) -> None:
    player.type_command(line)
    player.press("It is something else: open a new one", player.modal)
    player.press("Publish", player.modal)
    while player.views():
        player.close()


@pytest.mark.page
def test_a_worse_state_is_not_overwritten(scenario: Scenario, stage: Stage) -> None:
    """A preview that brings a component back leaves it as another incident made it meanwhile, and says so."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command("/incident resolve It works again.")
    _publish_something_else(scenario.max, DOWN)
    scenario.ines.press("Publish", scenario.ines.modal)
    words = words_of(scenario.ines.modal)
    assert "API - Checkout stays :red_circle: Major outage" in words
    assert "holds it so" in words
    stage.wait_for_state("Checkout", "major_outage")
    assert sorted(one.status for one in everything(scenario, Incident)) == ["investigating", "resolved"]


@pytest.mark.page
def test_an_incident_during_a_maintenance_leaves_it_to_the_maintenance(scenario: Scenario, stage: Stage) -> None:
    """Resolving brings a component back under maintenance, and the maintenance's end brings it back altogether."""
    scenario.ines.type_command('/maintenance schedule "Disks" component:search from now for 2h New disks.')
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    stage.sweep()
    stage.wait_for_state("Search", "under_maintenance")
    publish(stage, '/incident new "Search is down" component:search=major_outage Down.')
    scenario.ines.type_command('/incident resolve "Search is down" Up again.')
    assert "Major outage → :large_blue_circle: Under maintenance" in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    stage.wait_for_state("Search", "under_maintenance")
    scenario.clock.advance(timedelta(hours=3))
    stage.sweep()
    stage.wait_for_state("Search", "operational")


def test_a_window_that_is_over_is_not_published(scenario: Scenario, stage: Stage) -> None:
    """A maintenance that nobody published in time says so at *Publish*, and nothing of it is public."""
    scenario.ines.type_command('/maintenance schedule "Disks" component:search in 1h for 1h New disks.')
    scenario.clock.advance(timedelta(hours=3))
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "That time is over." in words_of(scenario.ines.views())
    assert everything(scenario, Incident) == []


def test_what_should_have_begun_is_not_cancelled(scenario: Scenario, stage: Stage) -> None:
    """A cancellation that was previewed before the start is refused after it."""
    scenario.ines.type_command('/maintenance schedule "Disks" component:search in 1h for 1h New disks.')
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.type_command("/maintenance cancel The disks are late.")
    scenario.clock.advance(timedelta(minutes=61))
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "cannot be cancelled any more" in words_of(scenario.ines.views())
    assert only(everything(scenario, Incident)).status == "scheduled"


def test_two_people_report_the_same_at_once(scenario: Scenario, stage: Stage) -> None:
    """Whoever publishes second is shown what the first has just opened, however the draft is reached."""
    scenario.max.type_command(DOWN)
    publish(stage, CHECKOUT.replace("partial_outage", ""))
    scenario.max.press("Publish", scenario.max.modal)
    assert "This is open already on the same components" in words_of(scenario.max.modal)
    scenario.max.close()
    drafts = scenario.max.type_command("/incident drafts")
    assert drafts is not None
    scenario.max.press("Open", drafts)
    assert "This is open already on the same components" in words_of(scenario.max.modal)
    scenario.max.press("It is something else: open a new one", scenario.max.modal)
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(**{"body.0": "All of it."}) == {}
    assert "Preview" in scenario.max.modal["title"]["text"]
    scenario.max.press("Publish", scenario.max.modal)
    assert len(everything(scenario, Incident)) == 2


def test_alone_is_said_without_a_channel_too(scenario: Scenario, stage: Stage) -> None:
    """Where incidents have no channel, the others who may publish are told who skipped them."""
    stage.set_page(
        announcement_channel=None,
        second_person=SecondPerson.ALWAYS,
        second_person_skipped_by=Role.INCIDENT_MANAGER,
    )
    publish(stage, DOWN)
    shows(scenario.direct_messages(scenario.max), f"<@{INES}>", "second person")


def test_reopening_is_as_new_as_a_first_post(scenario: Scenario, stage: Stage) -> None:
    """With `first_post` a second person also publishes what opens an old incident again."""
    incident = publish(stage, CHECKOUT)
    publish(stage, "/incident resolve Fixed.")
    stage.set_page(second_person=SecondPerson.FIRST_POST)
    scenario.ines.type_command(f"/incident reopen {incident.id} Total loss.")
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "It waits for" in words_of(scenario.ines.modal)
    assert only(everything(scenario, Incident)).status == "resolved"
    assert len(everything(scenario, IncidentDraft)) == 3
