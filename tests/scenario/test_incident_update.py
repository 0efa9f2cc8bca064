"""Saying more about an incident, ending it and opening it again: by button, by form and in one line."""

from datetime import timedelta

import pytest

from sandbox.player import elements_of, words_of
from storage.models import Incident, IncidentDraft, IncidentStatus, IncidentUpdate
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import CHECKOUT, Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

SEARCH = '/incident new "Search is slow" component:search=degraded component:checkout We look.'


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, its components and its incident managers."""
    return set_stage(scenario)


@pytest.mark.page
def test_the_head_message_is_edited_and_the_thread_grows(scenario: Scenario, stage: Stage) -> None:
    """*Update* in the channel opens the form; the head message then shows the new state, the thread both texts."""
    publish(stage, CHECKOUT)
    head = only(stage.channel())
    scenario.max.press("Update", head)
    checkout = stage.components["Checkout"]
    scenario.max.submit(
        **{"status.0": "identified", "body.0": "A deploy broke it.", f"state.{checkout}.0": "major_outage"}
    )
    scenario.max.press("Publish", scenario.max.modal)
    now = only(stage.channel())
    assert now["ts"] == head["ts"]
    assert "Identified" in words_of(now)
    assert "Critical impact" in words_of(now)
    first, second = stage.thread()
    assert "We look." in words_of(first)
    assert "A deploy broke it." in words_of(second)
    stage.wait_for_state("Checkout", "major_outage")
    assert scenario.violations() == []


@pytest.mark.page
def test_resolving_brings_components_back(scenario: Scenario, stage: Stage) -> None:
    """*Resolve* says which components return to operational, and a component that another incident holds stays."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command(SEARCH)
    scenario.ines.press("It is something else: open a new one", scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.press("Resolve", shows(stage.channel(), "Search is slow"))
    assert scenario.ines.submit() == {}
    words = words_of(scenario.ines.modal)
    assert "API - Search: :large_yellow_circle: Degraded performance → :large_green_circle: Operational" in words
    assert "API - Checkout: stays :large_orange_circle: Partial outage" in words
    assert "This incident has been resolved." in words
    scenario.ines.press("Publish", scenario.ines.modal)
    said = words_of(scenario.ines.modal)
    assert "The update of *Search is slow* is on the page: :white_check_mark: Resolved." in said
    assert ":large_green_circle: API - Search: Degraded performance → Operational" in said
    stage.wait_for_state("Search", "operational")
    assert stage.states()["Checkout"] == "partial_outage"
    assert scenario.violations() == []


def test_a_component_that_another_incident_changes_shows_everywhere(scenario: Scenario, stage: Stage) -> None:
    """The head message of an open incident is brought up to date when another one changes its component."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command('/incident new "All is slow" component:checkout=major_outage We look.')
    scenario.ines.press("It is something else: open a new one", scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "API - Checkout: Major outage" in words_of(shows(stage.channel(), "Checkout errors"))


def test_choosing_resolved_in_the_form_offers_the_same(scenario: Scenario, stage: Stage) -> None:
    """Whoever ends an incident by its status is offered the components' return as well."""
    publish(stage, CHECKOUT)
    scenario.ines.press("Update", only(stage.channel()))
    scenario.ines.enter("status.0", "resolved")
    assert scenario.ines.submit() == {}
    assert "Partial outage → :large_green_circle: Operational" in words_of(scenario.ines.modal)


def test_one_line_updates_the_only_open_incident(scenario: Scenario, stage: Stage) -> None:
    """With one incident open nobody has to name it; a status and a text are enough."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command('/incident update monitoring A fix is in. It\'s "live": https://status.example.com/x')
    assert "Monitoring" in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    said = max(everything(scenario, IncidentUpdate), key=lambda one: one.status == IncidentStatus.MONITORING)
    assert said.body == 'A fix is in. It\'s "live": https://status.example.com/x'
    assert only(everything(scenario, Incident)).monitoring_at == said.display_at


def test_of_several_open_ones_one_is_chosen(scenario: Scenario, stage: Stage) -> None:
    """Without a name the open incidents are offered; with its name one is meant at once."""
    publish(stage, CHECKOUT)
    publish(stage, '/incident new "Website down" component:website=down Down.')
    answer = words_of(scenario.ines.type_command("/incident update We still look."))
    assert "Which one?" in answer
    assert "Checkout errors" in answer
    assert "Website down" in answer
    given = scenario.ines.type_command("/incident resolve all fine now <https://a.example|a.example> &amp; on")
    shown = words_of(given)
    scenario.ines.press("Resolve", given or {}, nth=int(shown.index("Website down") > shown.index("Checkout errors")))
    assert "*Website down*" in words_of(scenario.ines.modal)
    assert "Resolved" in words_of(scenario.ines.modal)
    assert "all fine now [a.example](https://a.example) & on" in [
        draft.content["body"] for draft in everything(scenario, IncidentDraft)
    ]
    scenario.ines.type_command("/incident update checkout ERRORS monitoring a fix is in")
    assert "*Checkout errors*" in words_of(scenario.ines.modal)
    assert "Monitoring" in words_of(scenario.ines.modal)
    assert "a fix is in" in words_of(scenario.ines.modal)
    scenario.ines.type_command('/incident resolve "website" It is up again.')
    assert "*Website down*" in words_of(scenario.ines.modal)
    assert "It is up again." in words_of(scenario.ines.modal)


@pytest.mark.page
def test_a_resolved_incident_is_reopened(scenario: Scenario, stage: Stage) -> None:
    """`/incident reopen` opens it again with a word to the public, its components as they were before."""
    incident = publish(stage, CHECKOUT)
    scenario.clock.advance(minutes=30)
    publish(stage, "/incident resolve Fixed.")
    stage.wait_for_summary(lambda found: not found["incidents"])
    scenario.ines.type_command(f"/incident reopen {incident.id} It is back.")
    back = "API - Checkout: :large_green_circle: Operational → :large_orange_circle: Partial outage"
    assert back in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "*Checkout errors* is open again" in words_of(scenario.ines.modal)
    stage.wait_for_summary(lambda found: bool(found["incidents"]))
    stage.wait_for_state("Checkout", "partial_outage")
    now = only(everything(scenario, Incident))
    assert (now.status, now.resolved_at) == (IncidentStatus.INVESTIGATING, None)
    assert "Investigating" in words_of(only(stage.channel()))
    scenario.ines.close()
    answer = scenario.ines.type_command(f"/incident reopen {incident.id}")
    assert answer is not None
    assert "is not over: it is investigating.\nSay more: /incident update" in words_of(answer)


def test_the_form_proposes_what_was_wrong_before(scenario: Scenario, stage: Stage) -> None:
    """*Reopen* fills in the state before the end, and a person may change it."""
    publish(stage, CHECKOUT)
    scenario.clock.advance(minutes=30)
    publish(stage, "/incident resolve Fixed.")
    scenario.ines.press("Reopen", only(stage.channel()))
    checkout = stage.components["Checkout"]
    assert scenario.ines.submit(**{"body.0": "It is back.", f"state.{checkout}.0": "major_outage"}) == {}
    assert "Operational → :red_circle: Major outage" in words_of(scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.press("Reopen", only(stage.channel()))
    assert scenario.ines.submit(**{"body.0": "It is back."}) == {}
    assert "Operational → :large_orange_circle: Partial outage" in words_of(scenario.ines.modal)
    assert scenario.violations() == []


def test_a_preview_of_what_has_changed_since_is_refused(scenario: Scenario, stage: Stage) -> None:
    """Two people write at once: the second is told what it is now, edits, and publishes that."""
    publish(stage, CHECKOUT)
    scenario.max.type_command("/incident update identified We know why.")
    scenario.ines.type_command("/incident update monitoring A fix is in.")
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.max.press("Publish", scenario.max.modal)
    assert "after this was written: it is :eyes: Monitoring now" in words_of(scenario.max.modal)
    scenario.max.press("Edit", scenario.max.modal)
    assert "Monitoring" in words_of(scenario.max.modal)
    assert scenario.max.submit(**{"status.0": "monitoring", "body.0": "It was the deploy."}) == {}
    scenario.max.press("Publish", scenario.max.modal)
    assert {one.body for one in everything(scenario, IncidentUpdate)} == {
        "We look.",
        "A fix is in.",
        "It was the deploy.",
    }


def test_a_form_that_was_open_while_somebody_else_spoke(scenario: Scenario, stage: Stage) -> None:
    """Whoever fills in a form sees before publishing what was said meanwhile, and says theirs beside that."""
    publish(stage, CHECKOUT)
    scenario.max.type_command('/incident update "Checkout errors"')
    scenario.ines.type_command("/incident resolve The deploy is undone.")
    scenario.ines.press("Publish", scenario.ines.modal)
    assert scenario.max.submit(**{"body.0": "We still look."}) == {}
    preview = words_of(scenario.max.modal)
    assert "after this was written: it is :white_check_mark: Resolved now" in preview
    assert "The deploy is undone." in preview
    assert "Publish" not in [
        one["text"]["text"] for _, one in elements_of(scenario.max.modal["blocks"]) if one["type"] == "button"
    ]
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(**{"body.0": "We still look."}) == {}
    assert "This opens it again" in words_of(scenario.max.modal)
    scenario.max.press("Publish", scenario.max.modal)
    assert only(everything(scenario, Incident)).status == "investigating"
    assert scenario.violations() == []


def test_an_update_says_something(scenario: Scenario, stage: Stage) -> None:
    """Neither a text nor another status is no update, which is said beside the text."""
    publish(stage, CHECKOUT)
    scenario.ines.press("Update", only(stage.channel()))
    assert "Say something new" in scenario.ines.submit()["body.0"]


def test_nobody_is_asked_about_an_incident_of_another_page(scenario: Scenario, stage: Stage) -> None:
    """A press of *Update* by somebody without the role opens nothing and says whom to ask."""
    publish(stage, CHECKOUT)
    channel = only(stage.channel())
    scenario.mia.press("Update", channel)
    assert "needs the role `incident_manager` on Acme" in words_of(scenario.mia.messages(channel["channel"])[-1])
    assert scenario.mia.views() == []


def test_somebody_is_reminded_to_say_something_new(scenario: Scenario, stage: Stage) -> None:
    """After a while without an update its author is reminded, then the channel; an update ends that."""
    publish(stage, CHECKOUT)
    scenario.clock.advance(timedelta(minutes=61))
    stage.sweep()
    card = shows(scenario.direct_messages(scenario.ines), "Checkout errors", "Time for an update")
    scenario.ines.press("Nothing new", card)
    assert "We are continuing to investigate this issue." in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "Updated since" in words_of(shows(scenario.direct_messages(scenario.ines), "Checkout errors"))
    scenario.clock.advance(timedelta(minutes=61))
    stage.sweep()
    scenario.clock.advance(timedelta(minutes=61))
    stage.sweep()
    shows(stage.channel(), "Time for an update")
    assert scenario.violations() == []
