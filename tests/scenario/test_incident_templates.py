"""`/incident template`: words kept for the next time, by command and by button."""

from collections.abc import Iterator

import pytest

from sandbox.player import words_of
from storage.models import IncidentTemplate, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident, say
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said
from tests.scenario.requests_stage import everything, only


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


def test_a_template_from_an_incident(scenario: Scenario, stage: Stage) -> None:
    """What an incident first said is kept under a name, listed, shown with what is to be filled in, and deleted."""
    assert "no template yet" in words_of(said(scenario.ines, "/incident template"))
    incident_id = open_incident(
        stage, "Errors as usual", "We see *errors* in {{region}}.", components={stage.components["Search"]: None}
    )
    say(stage, incident_id, "Something else")
    kept = words_of(said(scenario.ines, '/incident template save "Errors as usual" as "search as ever"'))
    assert "Kept as the template *search as ever*" in kept
    again = said(scenario.ines, f"/incident template save {incident_id} as Search As Ever")
    assert "There is a template “Search As Ever” already" in words_of(again)
    listed = words_of(said(scenario.max, "/incident template list"))
    for words in ("*search as ever*", "Errors as usual", "Investigating", "1 component"):
        assert words in listed
    shown = words_of(said(scenario.max, "/incident template show SEARCH as ever"))
    for words in ("We see _errors_ in {{region}}.", "API - Search", "To be filled in: `region`"):
        assert words in shown
    assert "is deleted" in words_of(said(scenario.max, '/incident template delete "search as ever"'))
    assert everything(scenario, IncidentTemplate) == []
    assert "There is no template" in words_of(said(scenario.max, '/incident template delete "search as ever"'))


def test_keep_as_template(scenario: Scenario, stage: Stage) -> None:
    """The button asks for a name, says beside it that one is taken, and keeps the template."""
    incident_id = open_incident(stage)
    shown = said(scenario.ines, f"/incident show {incident_id}")
    scenario.ines.press("Keep as template", shown)
    assert scenario.ines.submit(name="checkout") == {}
    assert "Kept as the template *checkout*" in words_of(scenario.ines.modal)
    scenario.ines.type_command(f"/incident template save {incident_id}")
    assert list(scenario.ines.submit(name="Checkout")) == ["name"]
    assert scenario.ines.submit(name="checkout again") == {}
    assert {template.name for template in everything(scenario, IncidentTemplate)} == {"checkout", "checkout again"}


def test_templates_of_several_pages(scenario: Scenario, stage: Stage) -> None:
    """Where several pages have a template of one name, the page is asked for; `on PAGE` says which."""
    with scenario.database.write() as session:
        beta = add_page(session, NOW, name="Beta", subdomain="beta").id
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW, page_id=beta)
    for page_id in (stage.page_id, beta):
        incident_id = open_incident(stage, page_id=page_id)
        said(scenario.ines, f'/incident template save {incident_id} as "down"')
    assert "Several pages have a template “down”: Acme, Beta" in words_of(
        said(scenario.ines, "/incident template show down")
    )
    assert "*down* on Beta" in words_of(said(scenario.ines, "/incident template show down on beta"))
    assert "on Acme" not in words_of(said(scenario.ines, "/incident template list on beta"))
    # Max manages incidents on Acme only.
    assert "*down* on Acme" in words_of(said(scenario.max, "/incident template delete down"))
    assert only(everything(scenario, IncidentTemplate)).page_id == beta
    assert "incident_manager" in words_of(said(scenario.max, "/incident template delete down on beta"))


def test_who_may_not(scenario: Scenario, stage: Stage) -> None:
    """Templates are for the page's incident managers: nobody else keeps, reads or deletes one."""
    incident_id = open_incident(stage)
    said(scenario.ines, f'/incident template save {incident_id} as "down"')
    for line in ("list", "show down", "delete down", f'save {incident_id} as "mine"', f"save {incident_id}"):
        refused = words_of(said(scenario.mia, f"/incident template {line}"))
        assert "incident_manager" in refused
        assert "Olivia Owens" in refused
    assert "is nothing that templates know" in words_of(said(scenario.ines, "/incident template &lt;b&gt;"))
    assert only(everything(scenario, IncidentTemplate)).name == "down"
