"""Forms and drafts about what has changed since they were opened, and pages with more than a form holds."""

import pytest

from handlers.slack.incidents.form_state import MOST_COMPONENTS
from sandbox.player import Player, inputs_of, options_of, words_of
from storage.models import Component, ComponentStatus, Incident, IncidentDraft, IncidentTemplate, Page
from tests.clock import MONDAY_MORNING
from tests.databases import both_databases
from tests.factories import INES, MAX, add_component, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident
from tests.scenario.incidents_stage import Stage, publish, set_stage

OUR_FAULT = "Something went wrong"
SURPLUS = 5


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, its components and its incident managers."""
    return set_stage(scenario)


def _remove(stage: Stage, kind: type[Component | Incident | IncidentTemplate], row_id: str) -> None:
    with stage.scenario.database.write() as session:
        session.delete(session.get_one(kind, row_id))


def _keep_template(stage: Stage) -> str:
    with stage.scenario.database.write() as session:
        now = MONDAY_MORNING
        row = IncidentTemplate(id="t3mp1at30000", page_id=stage.page_id, name="Slow", title="{{region}} is slow")
        row.body, row.created_at, row.updated_at = "We look at {{region}}.", now, now
        session.add(row)
        return row.id


def _shown(player: Player) -> str:
    return words_of(player.views())


def test_a_template_that_was_deleted_meanwhile(scenario: Scenario, stage: Stage) -> None:
    """Its words are in the form already and are kept; what is not filled in the preview points out."""
    template = _keep_template(stage)
    ines = scenario.ines
    ines.type_command("/incident new")
    block_id = f"template.{stage.page_id}"
    ines.enter(block_id, template)
    _remove(stage, IncidentTemplate, template)
    assert ines.submit(**{"name.1": "Europe is slow", "value0.1": "Europe"}) == {}
    assert "*Europe is slow*" in _shown(ines)
    assert "Not filled in: {{region}}." in _shown(ines)


def test_choosing_a_template_that_was_deleted_meanwhile(scenario: Scenario, stage: Stage) -> None:
    """Whoever chooses it in a form that still offers it is told which there are."""
    template = _keep_template(stage)
    ines = scenario.ines
    ines.type_command("/incident new")
    _remove(stage, IncidentTemplate, template)
    ines.enter(f"template.{stage.page_id}", template)
    assert "There is no template" in _shown(ines)
    assert "none yet" in _shown(ines)


def test_a_form_with_a_component_that_was_removed_meanwhile(scenario: Scenario, stage: Stage) -> None:
    """It is said beside the components, and what was typed stays."""
    ines, gone = scenario.ines, stage.components["Search"]
    ines.type_command("/incident new")
    ines.enter("components.0", [{"text": {"type": "plain_text", "text": "Search"}, "value": gone}])
    _remove(stage, Component, gone)
    errors = ines.submit(**{"name.0": "Errors", f"state.{gone}.0": "major_outage"})
    assert "There is no component" in errors["components.0"]


def test_a_draft_with_a_component_that_was_removed_meanwhile(scenario: Scenario, stage: Stage) -> None:
    """*Publish* says so and publishes nothing; *Edit* goes on without the component."""
    ines = scenario.ines
    ines.type_command('/incident new "Errors" component:Search=down We look')
    _remove(stage, Component, stage.components["Search"])
    ines.press("Publish", ines.modal)
    assert "There is no component" in _shown(ines)
    ines.close()
    ines.press("Edit", ines.modal)
    assert ines.submit() == {}
    ines.press("Publish", ines.modal)
    assert "is on the page" in _shown(ines)


def test_an_incident_that_was_deleted_meanwhile(scenario: Scenario, stage: Stage) -> None:
    """Submitting its update, and following a choice in the form, say that it is gone."""
    ines, incident_id = scenario.ines, open_incident(stage)
    ines.type_command(f"/incident update {incident_id}")
    _remove(stage, Incident, incident_id)
    ines.enter("status.0", "resolved")
    assert "There is no such incident" in _shown(ines)
    ines.close()
    ines.submit(**{"body.0": "Still looking."})
    assert "There is no such incident" in _shown(ines)


@both_databases
def test_a_form_after_the_role_was_taken_away(scenario: Scenario, stage: Stage) -> None:
    """What is submitted by somebody who may no longer is not kept; they are told whom to ask."""
    ines = scenario.ines
    ines.type_command("/incident new")
    stage.end_grants(INES)
    ines.submit(**{"name.0": "Errors", "body.0": "We look."})
    assert "`incident_manager`" in _shown(ines)
    with scenario.database.read() as session:
        assert session.query(IncidentDraft).count() == 0


def test_a_preview_after_the_role_was_taken_away(scenario: Scenario, stage: Stage) -> None:
    """Each button that would publish or edit says whom to ask, and nothing is public."""
    ines = scenario.ines
    ines.type_command('/incident new "Errors" We look')
    stage.end_grants(INES)
    for label in ("Publish", "Publish quietly", "Edit"):
        ines.press(label, ines.modal)
        assert "`incident_manager`" in _shown(ines), label
        ines.close()
    with scenario.database.read() as session:
        assert session.query(Incident).count() == 0


def test_more_components_than_a_form_holds(scenario: Scenario, stage: Stage) -> None:
    """A line takes as many as are named; a form says how many have no room, and leaves those as they are."""
    with scenario.database.write() as session:
        page = session.get_one(Page, stage.page_id)
        names = [f"Shard {number:02}" for number in range(MOST_COMPONENTS + SURPLUS)]
        ids = [add_component(session, page, MONDAY_MORNING, name=name, position=9).id for name in names]
    incident = publish(stage, f'/incident new "Errors" {" ".join(f"component:{one}=down" for one in ids)} We look')
    ines = scenario.ines
    ines.type_command(f"/incident update {incident.id}")
    assert f"{SURPLUS} more components have no room here and stay as they are." in _shown(ines)
    ines.enter("status.0", "resolved")
    assert ines.submit() == {}
    ines.press("Publish", ines.modal)
    with scenario.database.read() as session:
        states = [session.get_one(Component, one).status for one in ids]
    assert states.count(ComponentStatus.OPERATIONAL) == MOST_COMPONENTS
    assert states.count(ComponentStatus.MAJOR_OUTAGE) == SURPLUS


def test_more_pages_than_a_menu_holds(scenario: Scenario, stage: Stage) -> None:
    """Of more than a hundred pages the one that was named is in the menu, and the form says how to name another."""
    with scenario.database.write() as session:
        for number in range(101):
            add_page(session, MONDAY_MORNING, name=f"A {number:03}", subdomain=f"page{number:03}")
    for command in ('/incident new "Errors" on acme component:nothing', '/incident backfill "Errors" on acme'):
        scenario.olivia.type_command(command)
        menu = next(block for block in inputs_of(scenario.olivia.modal) if block["block_id"] == "page")
        assert menu["element"]["initial_option"]["value"] == stage.page_id
        assert len(options_of(menu["element"])) == 100
        assert "on PAGE" in words_of(menu)
        scenario.olivia.close()
    assert scenario.violations() == []


def test_a_page_that_is_unknown_to_who_may_nowhere(scenario: Scenario, stage: Stage) -> None:
    """Somebody without any role is told whom to ask, whatever page they type."""
    stage.end_grants(MAX)
    for line in (
        '/incident new "Errors" on nowhere We look',
        '/incident backfill "Errors" on nowhere',
        '/maintenance schedule "Upgrade" on nowhere from tomorrow 22:00 for 1h',
    ):
        answer = scenario.max.type_command(line)
        assert answer is not None
        assert "needs the role" in words_of(answer), line
        assert OUR_FAULT not in words_of(answer)


def test_a_draft_about_what_is_gone_is_gone(scenario: Scenario, stage: Stage) -> None:
    """The preview of an update whose incident was deleted says so at every button."""
    ines, incident_id = scenario.ines, open_incident(stage)
    ines.type_command(f"/incident update {incident_id} monitoring A fix is in")
    _remove(stage, Incident, incident_id)
    for label in ("Publish", "Edit", "Discard"):
        ines.press(label, ines.modal)
        assert "That draft is gone." in _shown(ines), label
        ines.close()
