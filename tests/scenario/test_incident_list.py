"""`/incident list`: what is open, what is planned, and drafts, as each person may see and press it."""

from collections.abc import Iterator

import pytest

from handlers.slack.framework.blocks import when
from sandbox.player import NotOnScreenError, words_of
from storage.models import ComponentStatus, SecondPerson
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import GUS, INES, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import draft_update, open_incident, open_incidents, plan, resolve, say
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


def test_what_is_open_and_planned(scenario: Scenario, stage: Stage) -> None:
    """What goes on comes first, then what is planned, with who spoke last and the buttons of those who may."""
    stage.set_page(time_zone="Europe/Zurich")
    plan(stage)
    down = {stage.components["Checkout"]: ComponentStatus.MAJOR_OUTAGE}
    incident_id = open_incident(stage, components=down)
    say(stage, incident_id, "We found it.")
    said_last = f"Last update {when(scenario.clock.now())} by <@{INES}>"
    resolve(stage, open_incident(stage, "Slow search"))

    shown = said(scenario.ines, "/incident list")
    text = words_of(shown)
    assert text.index("Checkout errors") < text.index("Database upgrade")
    for words in ("2 open or planned", "Critical impact", said_last, "(Tue 3 Mar 2026 10:00 CET)"):
        assert words in text
    assert "Slow search" not in text
    assert " on Acme" not in text
    scenario.ines.press("Past ones, too", shown)
    past = words_of(scenario.ines.messages("C0GENERAL1")[-1])
    assert "3 in all" in past
    assert "Slow search" in past
    scenario.ines.press("Resolve", shown)
    assert "Checkout errors" in words_of(scenario.ines.modal)

    reader = said(scenario.mia, "/incident list")
    with pytest.raises(NotOnScreenError):
        scenario.mia.press("Update", reader)
    scenario.mia.press("Show", reader)
    assert "We found it." in words_of(scenario.mia.modal)
    refused = words_of(said(scenario.person(GUS), "/incident list"))
    assert "full members" in refused
    assert "Checkout" not in refused


@both_databases
def test_a_narrowed_list(scenario: Scenario, stage: Stage) -> None:
    """Lists are narrowed to a page and by words of the name, which look through the past, too."""
    with scenario.database.write() as session:
        beta = add_page(session, NOW, name="Beta & Co", subdomain="beta").id
    open_incident(stage, "Slow <beta>", page_id=beta)
    open_incident(stage, "Slow acme")
    resolve(stage, open_incident(stage, "Slow once"))
    both = words_of(said(scenario.mia, "/incident list"))
    assert "*Slow &lt;beta&gt;* on Beta &amp; Co" in both
    assert "*Slow acme* on Acme" in both
    only = words_of(said(scenario.mia, "/incident list on beta"))
    assert "Slow &lt;beta&gt;" in only
    assert "Slow acme" not in only
    found = words_of(said(scenario.mia, "/incident list SLOW on acme"))
    assert "Slow acme" in found
    assert "Slow once" in found
    assert "beta" not in found
    assert "No incident or maintenance" in words_of(said(scenario.mia, "/incident list nothing &amp; such"))
    assert "“gamma” is no page" in words_of(said(scenario.mia, "/incident list on gamma"))


def test_drafts_in_the_list(scenario: Scenario, stage: Stage) -> None:
    """Authors find their own drafts and others who may publish find those that wait; nobody else sees any."""
    stage.set_page(second_person=SecondPerson.ALWAYS)
    incident_id = open_incident(stage)
    draft_update(stage, incident_id, "A secret plan, waiting.", waits=True)
    scenario.clock.advance(minutes=1)
    draft_update(stage, incident_id, "Half a sentence")
    mine = said(scenario.ines, "/incident list drafts")
    assert "yours, waits for a second person" in words_of(mine)
    assert "yours, not published yet" in words_of(mine)
    scenario.ines.press("Open", mine)
    assert "Half a sentence" in words_of(scenario.ines.modal)
    waiting = said(scenario.max, "/incident drafts")
    assert "by <@U0INES0001>, waits for somebody to publish it" in words_of(waiting)
    assert "not published yet" not in words_of(waiting)
    scenario.max.press("Open", waiting)
    assert "A secret plan, waiting." in words_of(scenario.max.modal)
    assert "No draft waits for you" in words_of(said(scenario.mia, "/incident drafts"))
    assert "Drafts" not in words_of(said(scenario.mia, "/incident list"))


def test_a_long_list_is_turned(scenario: Scenario, stage: Stage) -> None:
    """A list longer than a message is turned by buttons in its own place, within Slack's limits."""
    open_incidents(stage, [f"{number:02} " + "n&<*" * 60 for number in range(18)])
    first = said(scenario.ines, "/incident list")
    assert "1 to 8 of 18" in words_of(first)
    assert "17 n&amp;" in words_of(first)
    scenario.ines.press("Next ›", first)
    second = scenario.ines.messages("C0GENERAL1")[-1]
    assert second["ts"] == first["ts"]
    assert "9 to 16 of 18" in words_of(second)
    scenario.ines.press("Next ›", second)
    third = scenario.ines.messages("C0GENERAL1")[-1]
    assert "00 n&amp;" in words_of(third)
    with pytest.raises(NotOnScreenError):
        scenario.ines.press("Next ›", third)
    scenario.ines.press("‹ Previous", third)
    assert "9 to 16 of 18" in words_of(scenario.ines.messages("C0GENERAL1")[-1])
