"""What a form carries from one drawing to the next: warnings, reminders, long texts, and what it filled in itself."""

import pytest

from desk.incidents.templates import create_template
from desk.transaction import Actor, Transaction
from sandbox.player import Player, inputs_of, words_of
from storage.models import Incident, IncidentDraft, Role
from tests.clock import MONDAY_MORNING
from tests.databases import both_databases
from tests.factories import INES, MAX, add_component, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident
from tests.scenario.incidents_stage import CHECKOUT, Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

ASKED = f"Ask <@{MAX}|max> or <!subteam^S0ONCALL|@oncall> in <#C0GENERAL1|general>."
NAMED = ("It names a person: Max Meyer.", "It names a user group of yours: oncall.", "cannot see: #general.")


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, its components and its incident managers."""
    return set_stage(scenario)


def add_beta(scenario: Scenario, *components: str) -> str:
    """A second page, where Ines manages incidents and maintenances as well; gives its id."""
    with scenario.database.write() as session:
        page = add_page(session, MONDAY_MORNING, name="Beta", subdomain="beta")
        for number, name in enumerate(components, 1):
            add_component(session, page, MONDAY_MORNING, name=name, position=number)
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            add_grant(session, INES, role, MONDAY_MORNING, page_id=page.id)
        return page.id


def shown(player: Player, block_id: str) -> str | None:
    """What the form on top was drawn with in one of its text inputs."""
    block = next(block for block in inputs_of(player.modal) if block["block_id"] == block_id)
    found: str | None = block["element"].get("initial_value")
    return found


def chosen(player: Player, component_id: str) -> str:
    """The state that the form on top shows for a component."""
    blocks = [block for block in inputs_of(player.modal) if block["block_id"].startswith(f"state.{component_id}.")]
    return str(only(blocks)["element"]["initial_option"]["value"])


def test_warnings_stay_with_the_words_of_a_form(scenario: Scenario, stage: Stage) -> None:
    """People, groups and channels that a line named are pointed out after the form that the line opened, however
    often it is drawn again; a name that was taken out is not."""
    scenario.ines.type_command(f'/incident new "<@{MAX}> is asked" component:nosuch=down {ASKED}')
    assert shown(scenario.ines, "name.0") == "Max Meyer is asked"
    scenario.ines.enter("components.0", [stage.components["Checkout"]])
    state = f"state.{stage.components['Checkout']}.0"
    assert scenario.ines.submit(**{state: "partial_outage"}) == {}
    for warning in NAMED:
        assert warning in words_of(scenario.ines.modal)

    scenario.ines.press("Edit", scenario.ines.modal)
    assert scenario.ines.submit(**{"name.0": "Nobody is asked", "body.0": "Ask oncall."}) == {}
    words = words_of(scenario.ines.modal)
    assert [warning in words for warning in NAMED] == [False, True, False]
    assert scenario.violations() == []


@both_databases
def test_warnings_go_along_to_the_update_of_a_double(scenario: Scenario, stage: Stage) -> None:
    """*Update that one instead* takes the words and what was warned about in them, and the reminders."""
    publish(stage, CHECKOUT)
    scenario.ines.type_command(f'/incident new "More" component:checkout=major_outage remind:[1,5] {ASKED}')
    scenario.ines.press("Update that one instead", scenario.ines.modal)
    assert scenario.ines.submit() == {}
    for warning in NAMED:
        assert warning in words_of(scenario.ines.modal)
    intervals = [draft.content["reminder_intervals"] for draft in everything(scenario, IncidentDraft)]
    assert intervals.count("[1,5]") == 2


def test_reminders_are_carried_through_forms(scenario: Scenario, stage: Stage) -> None:
    """What a line says of reminders stays where the line opens a form and where its draft is edited; what is no
    list of hours is said at once."""
    scenario.ines.type_command('/incident new "Checkout errors" component:nosuch remind:[1,3] We look.')
    assert scenario.ines.submit() == {}
    assert only(everything(scenario, IncidentDraft)).content["reminder_intervals"] == "[1,3]"
    scenario.ines.press("Edit", scenario.ines.modal)
    assert scenario.ines.submit(**{"body.0": "We still look."}) == {}
    draft = only(everything(scenario, IncidentDraft))
    assert (draft.content["reminder_intervals"], draft.content["body"]) == ("[1,3]", "We still look.")

    scenario.ines.type_command('/incident new "Checkout errors" remind:99 We look.')
    assert "“99” is no list of reminder hours." in words_of(scenario.ines.modal)
    assert scenario.ines.submit() == {}


def test_a_long_text_is_edited_whole(scenario: Scenario, stage: Stage) -> None:
    """A text that one input cannot hold is edited in several, also when the form is drawn again between."""
    text = "\n\n".join(letter * 1400 for letter in "abcdef")
    scenario.ines.type_command(f'/incident new "Checkout errors" component:checkout=down {text}')
    scenario.ines.press("Edit", scenario.ines.modal)
    # What is taken out leaves room, so that fewer inputs are needed.
    scenario.ines.enter("body.0", "a" * 1400)
    scenario.ines.enter("body.0.2", "c" * 1400)
    scenario.ines.enter("components.0", [])
    assert scenario.ines.submit() == {}
    left = "\n\n".join(letter * 1400 for letter in "acef")
    assert only(everything(scenario, IncidentDraft)).content["body"] == left
    assert scenario.violations() == []


def test_what_no_form_can_show_is_not_cut(scenario: Scenario, stage: Stage) -> None:
    """A paragraph longer than an input is not edited in Slack: the draft stays as it is, and that is said; a line
    with such a paragraph and a mistake says the mistake."""
    text = ("word " * 700).strip()
    scenario.ines.type_command(f'/incident new "Checkout errors" component:checkout=down {text}')
    scenario.ines.press("Edit", scenario.ines.modal)
    assert "does not fit into Slack's inputs" in words_of(scenario.ines.modal)
    scenario.ines.close()
    answer = words_of(scenario.ines.type_command(f'/incident new "Checkout errors" component:chekout=down {text}'))
    assert "“chekout” is no component of this page." in answer
    assert "no room for so long a paragraph" in answer
    assert only(everything(scenario, IncidentDraft)).content["body"] == text
    scenario.ines.press("Publish", scenario.ines.modal)
    assert only(everything(scenario, Incident)).name == "Checkout errors"


def test_a_long_template_fills_several_inputs(scenario: Scenario, stage: Stage) -> None:
    """A template whose text is longer than an input comes whole."""
    body = "\n\n".join(letter * 2000 for letter in "abc")

    def keep(tx: Transaction) -> str:
        return create_template(tx, stage.page_id, name="Long", title="Long", body=body).id

    template_id = scenario.desk.write_now(Actor.member(INES), keep)
    scenario.ines.type_command("/incident new")
    scenario.ines.enter(f"template.{stage.page_id}", template_id)
    assert scenario.ines.submit() == {}
    assert only(everything(scenario, IncidentDraft)).content["body"] == body


def test_another_status_takes_back_what_the_form_filled_in(scenario: Scenario, stage: Stage) -> None:
    """Choosing *Resolved* offers the components' return and another status takes the offer back: also in the form
    that *Edit* opens, and without touching what was chosen by hand."""
    publish(stage, '/incident new "Checkout errors" component:checkout=partial component:search=degraded We look.')
    ines, checkout, search = scenario.ines, stage.components["Checkout"], stage.components["Search"]
    ines.type_command("/incident update")
    ines.enter(f"state.{checkout}.0", "major_outage")
    ines.enter("status.0", "resolved")
    assert (chosen(ines, checkout), chosen(ines, search)) == ("operational", "operational")
    ines.enter("status.0", "monitoring")
    assert (chosen(ines, checkout), chosen(ines, search)) == ("major_outage", "keep")
    ines.enter("status.0", "resolved")
    ines.enter(f"state.{search}.3", "under_maintenance")
    ines.enter("status.0", "identified")
    assert (chosen(ines, checkout), chosen(ines, search)) == ("major_outage", "under_maintenance")

    ines.close()
    ines.type_command("/incident resolve")
    ines.press("Edit", ines.modal)
    ines.enter("status.0", "monitoring")
    assert ines.submit() == {}
    words = words_of(ines.modal)
    assert "API - Checkout: stays" in words
    assert "API - Search: stays" in words
    assert scenario.violations() == []


def test_components_say_which_page_is_meant(scenario: Scenario, stage: Stage) -> None:
    """Who may publish on two pages names none where only one has the components; where both have them, or not all
    of them are on one, the form asks."""
    add_beta(scenario, "Search", "VPN")
    assert scenario.ines.type_command(CHECKOUT) is None
    assert "subscribers of *Acme*" in words_of(scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.type_command('/incident new "VPN is down" component:vpn=down component:search=down We look.')
    assert "subscribers of *Beta*" in words_of(scenario.ines.modal)
    for components in ("component:search=down", "component:vpn=down component:checkout=down", ""):
        scenario.ines.close()
        scenario.ines.type_command(f'/incident new "Errors" {components} We look.')
        assert "On which page?" in words_of(scenario.ines.modal)

    scenario.ines.close()
    scenario.ines.type_command('/maintenance schedule "VPN upgrade" component:vpn from tomorrow 22:00 for 1h')
    assert "subscribers of *Beta*" in words_of(scenario.ines.modal)


def test_a_group_is_no_component(scenario: Scenario, stage: Stage) -> None:
    """Who names a group is told that it is one, and which components are in it."""
    scenario.ines.type_command('/incident new "Errors" component:api=down We look.')
    words = words_of(scenario.ines.modal)
    assert "“API” is a group; its state follows from its components." in words
    assert "In it there is “API - Checkout”, “API - Search”." in words


def test_refusals_name_who_can_do_it(scenario: Scenario, stage: Stage) -> None:
    """Who may not write a postmortem or a template is told who may, as everywhere."""
    incident_id = open_incident(stage)
    for line in (
        f"postmortem {incident_id}",
        "template new",
        "template list",
        f'template save {incident_id} as "x"',
    ):
        answer = words_of(scenario.mia.type_command(f"/incident {line}"))
        assert "That needs the role `incident_manager`" in answer
        assert "Ines Incident or Max Meyer can do it for you." in answer
    assert scenario.mia.views() == []
