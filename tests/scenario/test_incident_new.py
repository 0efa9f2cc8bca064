"""Telling people that something is wrong: from a line or a form in Slack to the page, its JSON and the channel."""

import threading
from datetime import timedelta

import pytest

from desk.incidents.templates import create_template
from desk.secret import Secret
from desk.transaction import Actor, Transaction
from sandbox.player import elements_of, text_of, words_of
from storage.models import DraftStatus, Incident, IncidentDraft, IncidentStatus, IncidentUpdate
from tests.databases import both_databases
from tests.factories import INES
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.requests_stage import everything, only

LINE = (
    '/incident new "Checkout errors" on acme component:checkout=partial_outage investigating '
    "We are looking into it. :eyes:"
)


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, its components and its incident managers."""
    return set_stage(scenario)


@pytest.mark.page
def test_a_line_is_previewed_published_and_seen_everywhere(scenario: Scenario, stage: Stage) -> None:
    """One line, one look and one button; then HTML, JSON, feed and the channel's thread say the same."""
    assert scenario.ines.type_command(LINE) is None
    preview = words_of(scenario.ines.modal)
    for words in (
        "*Checkout errors*",
        "Investigating",
        "We are looking into it. 👀",
        "Partial outage",
        "Major impact",
    ):
        assert words in preview
    assert everything(scenario, Incident) == []

    scenario.ines.press("Publish", scenario.ines.modal)
    assert "is on the page" in words_of(scenario.ines.modal)
    incident: Incident = only(everything(scenario, Incident))
    summary = stage.wait_for_summary(lambda found: bool(found["incidents"]))
    assert [one["name"] for one in summary["incidents"]] == ["Checkout errors"]
    assert summary["incidents"][0]["incident_updates"][0]["body"] == "We are looking into it. 👀"
    assert stage.states(summary)["Checkout"] == "partial_outage"
    for path in ("/", f"/incidents/{incident.id}/", "/history.atom", "/history.rss"):
        assert "Checkout errors" in stage.get(path)

    head = shows(stage.channel(), "Checkout errors", "Investigating", "Checkout")
    assert {"Update", "Resolve", "Show"} <= {one["text"]["text"] for one in head["blocks"][-1]["elements"]}
    assert "We are looking into it" in words_of(only(stage.thread()))
    assert scenario.violations() == []


def _fill_in(scenario: Scenario, stage: Stage, **fields: object) -> dict[str, str]:
    """Ines fills in the form with Checkout in partial outage and what is named, and submits it."""
    ines, checkout = scenario.ines, stage.components["Checkout"]
    offered = ines.options("components.0", "check", ines.modal)
    assert [group["label"]["text"] for group in offered["option_groups"]] == ["API"]
    ines.enter("components.0", [checkout])
    defaults = {"name.0": "Checkout errors", "body.0": "We look.", f"state.{checkout}.0": "partial_outage"}
    return ines.submit(**defaults | fields)


@pytest.mark.page
def test_the_form_takes_components_with_their_states(scenario: Scenario, stage: Stage) -> None:
    """Components are searched, each gets a menu for its state, and the form's preview is published."""
    assert scenario.ines.type_command("/incident new") is None
    assert scenario.ines.modal["title"]["text"] == "New incident"
    assert _fill_in(scenario, stage, **{"status.0": "identified", "impact.0": "critical"}) == {}
    words = words_of(scenario.ines.modal)
    assert "Identified" in words
    assert "Critical impact" in words
    assert "API - Checkout" in words
    scenario.ines.press("Publish quietly", scenario.ines.modal)
    (said,) = everything(scenario, IncidentUpdate)
    assert (said.status, said.deliver_notifications) == (IncidentStatus.IDENTIFIED, False)
    stage.wait_for_state("Checkout", "partial_outage")
    assert scenario.violations() == []


def test_a_component_whose_state_was_not_chosen(scenario: Scenario, stage: Stage) -> None:
    """Slack asks for the state of each chosen component before it submits."""
    scenario.ines.type_command("/incident new")
    checkout = stage.components["Checkout"]
    scenario.ines.enter("components.0", [checkout])
    errors = scenario.ines.submit(**{"name.0": "Checkout errors"})
    assert list(errors) == [f"state.{checkout}.0"]
    assert everything(scenario, IncidentDraft) == []


def test_mistakes_are_shown_beside_their_field(scenario: Scenario, stage: Stage) -> None:
    """A name of blanks is said beside the name, and what was typed stays."""
    scenario.ines.type_command("/incident new")
    assert "name" in _fill_in(scenario, stage, **{"name.0": "   "})["name.0"]
    assert scenario.ines.submit(**{"name.0": "Checkout errors"}) == {}
    assert "Preview" in scenario.ines.modal["title"]["text"]


def test_what_is_resolved_already_brings_nothing_down(scenario: Scenario, stage: Stage) -> None:
    """Typed or chosen, an outage with an incident that is over would leave a component down: so it is no draft."""
    scenario.ines.type_command('/incident new "Gone" component:checkout=major_outage resolved It was.')
    assert "would be left in a major outage with nothing open" in words_of(scenario.ines.modal)
    errors = scenario.ines.submit(**{"status.0": "resolved"})
    assert ["with nothing open" in words for words in errors.values()] == [True]
    assert everything(scenario, IncidentDraft) == []


def test_words_left_empty_are_statuspages(scenario: Scenario, stage: Stage) -> None:
    """Who has no time to write publishes Statuspage's own words."""
    scenario.ines.type_command('/incident new "Checkout errors" component:checkout=down')
    assert "We are currently investigating this issue." in words_of(scenario.ines.modal)


def test_a_template_is_chosen_and_filled_in(scenario: Scenario, stage: Stage) -> None:
    """A template brings words, status and components; its placeholders are inputs of the form."""
    search = stage.components["Search"]

    def keep(tx: Transaction) -> str:
        return create_template(
            tx,
            stage.page_id,
            name="Slow",
            title="{{service}} is slow",
            body="{{service}} answers slowly in {{region}}.",
            update_status=IncidentStatus.IDENTIFIED,
            component_ids=[search],
        ).id

    template_id = scenario.desk.write_now(Actor.member(INES), keep)
    ines = scenario.ines
    ines.type_command("/incident new")
    ines.enter(f"template.{stage.page_id}", template_id)
    state = f"state.{search}.1"
    assert ines.submit(**{"value0.1": "Search", "value1.1": "Europe", state: "degraded_performance"}) == {}
    words = words_of(ines.modal)
    assert "*Search is slow*" in words
    assert "Search answers slowly in Europe." in words
    assert "Identified" in words

    ines.close()
    ines.type_command("/incident new template:slow service:Search component:search=degraded")
    assert "Still to be filled in: region." in words_of(ines.modal)


@pytest.mark.page
def test_what_is_open_already_is_shown_first(scenario: Scenario, stage: Stage) -> None:
    """A second incident on the same component leads to the first one, and what was typed goes along."""
    _publish(scenario)
    again = '/incident new "Payments fail" component:checkout=major_outage We see it everywhere.'
    scenario.max.type_command(again)
    assert "This is open already on the same components" in words_of(scenario.max.modal)
    scenario.max.press("Update that one instead", scenario.max.modal)
    assert "Checkout errors" in words_of(scenario.max.modal)
    assert scenario.max.submit() == {}
    scenario.max.press("Publish", scenario.max.modal)
    only(everything(scenario, Incident))
    assert "We see it everywhere." in words_of(stage.thread()[-1])
    stage.wait_for_state("Checkout", "major_outage")

    scenario.max.close()
    scenario.max.type_command(again)
    scenario.max.press("It is something else: open a new one", scenario.max.modal)
    scenario.max.press("Publish", scenario.max.modal)
    assert len(everything(scenario, Incident)) == 2
    assert scenario.violations() == []


def _publish(scenario: Scenario) -> Incident:
    """Ines publishes the line; gives the incident."""
    scenario.ines.type_command(LINE)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    incident: Incident = only(everything(scenario, Incident))
    return incident


@pytest.mark.page
def test_a_draft_is_edited_and_published(scenario: Scenario, stage: Stage) -> None:
    """*Edit* opens the form with what the draft says, and its preview shows what was changed."""
    ines = scenario.ines
    ines.type_command(LINE)
    ines.press("Edit", ines.modal)
    assert ines.submit(**{"name.0": "Checkout fails", "body.0": "We *see* it."}) == {}
    assert "*Checkout fails*" in words_of(ines.modal)
    ines.press("Publish", ines.modal)
    assert only(everything(scenario, Incident)).name == "Checkout fails"
    stage.wait_for_page("/", "Checkout fails", "We <em>see</em> it.")


def test_a_draft_is_thrown_away(scenario: Scenario, stage: Stage) -> None:
    """*Discard* publishes nothing, and the preview's buttons are answered with what became of it."""
    ines = scenario.ines
    ines.type_command(LINE)
    preview = ines.modal
    ines.press("Discard", preview)
    assert only(everything(scenario, IncidentDraft)).status == DraftStatus.DISCARDED
    assert everything(scenario, Incident) == []


@both_databases
def test_a_double_click_publishes_once(scenario: Scenario, stage: Stage) -> None:
    """Two presses of *Publish* in the same instant make one incident."""
    ines = scenario.ines
    ines.type_command(LINE)
    preview = ines.modal

    def press() -> None:
        ines.press("Publish", preview)

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    only(everything(scenario, Incident))


def test_a_line_that_slack_delivers_twice_is_one_draft(scenario: Scenario, stage: Stage) -> None:
    """The same typed line delivered twice makes one draft."""
    scenario.fault(method="delivery", kind="duplicate", times=1, match="/incident")
    scenario.ines.type_command(LINE)
    only(everything(scenario, IncidentDraft))


def test_who_may_not_is_told_whom_to_ask(scenario: Scenario, stage: Stage) -> None:
    """Without the role there is no form; those who have it and an owner are named."""
    answer = words_of(scenario.mia.type_command(LINE))
    assert "needs the role `incident_manager`" in answer
    assert "Ines" in answer
    assert "Olivia" in answer
    assert scenario.mia.views() == []
    assert everything(scenario, IncidentDraft) == []


@pytest.mark.page
def test_what_leads_inside_is_pointed_out(scenario: Scenario, stage: Stage) -> None:
    """Mentions become names, and names and internal links are pointed out before anything is public."""
    said = f"<@{INES}|ines> looks at <https://wiki.corp/x|the wiki>"
    scenario.ines.type_command(f'/incident new "Checkout errors" component:checkout=down {said}')
    words = words_of(scenario.ines.modal)
    assert "It names a person: Ines Incident" in words
    assert "The public cannot open this address: https://wiki.corp/x" in words
    publish = next(one for _, one in elements_of(scenario.ines.modal["blocks"]) if text_of(one) == "Publish")
    assert publish["confirm"]["confirm"]["text"] == "Publish"
    scenario.ines.press("Publish", scenario.ines.modal)
    page = stage.wait_for_page("/", "Ines Incident looks at")
    assert INES not in page


def test_a_secret_is_never_kept(scenario: Scenario, stage: Stage) -> None:
    """A line with the secret of a key is refused before it reaches a form or a draft."""
    secret = scenario.desk.write_now(Actor.member(INES), lambda _tx: Secret.generate()).reveal()
    answer = scenario.ines.type_command(f'/incident new "Leak" component:checkout=down {secret}')
    assert "holds the secret of an API key" in words_of(answer)
    assert everything(scenario, IncidentDraft) == []


def test_what_was_not_understood_is_said_above_the_form(scenario: Scenario, stage: Stage) -> None:
    """An unknown page or component opens the form with what was understood and what there is."""
    scenario.ines.type_command('/incident new "Checkout errors" on nowhere component:chekout=partial We look.')
    words = words_of(scenario.ines.modal)
    assert "“nowhere” is no page. Pages are: acme." in words
    assert "“chekout” is no component of this page. There is “API - Checkout”" in words
    assert scenario.ines.submit() == {}
    assert "*Checkout errors*" in words_of(scenario.ines.modal)


@pytest.mark.page
def test_slack_may_be_down_while_the_page_goes_out(scenario: Scenario, stage: Stage) -> None:
    """When Slack answers nothing after the click, the page is out all the same, and the channel catches up."""
    ines = scenario.ines
    ines.type_command(LINE)
    for method in ("views.update", "views.push", "chat.postMessage"):
        scenario.fault(method=method, kind="http_500", times=2)
    ines.press("Publish", ines.modal)
    stage.wait_for_page("/", "Checkout errors")
    assert stage.channel() == []
    scenario.fault(clear=True)
    scenario.clock.advance(timedelta(minutes=10))
    shows(stage.channel(), "Checkout errors")
    assert "We are looking into it" in words_of(only(stage.thread()))


def test_a_preview_that_slack_does_not_open_is_kept(scenario: Scenario, stage: Stage) -> None:
    """When Slack opens no window, the person is told where the draft is, and opens it there."""
    scenario.fault(method="views.open", kind="http_500", times=1)
    assert "/incident drafts" in words_of(scenario.ines.type_command(LINE))
    drafts = scenario.ines.type_command("/incident drafts")
    assert drafts is not None
    scenario.ines.press("Open", drafts)
    scenario.ines.press("Publish", scenario.ines.modal)
    only(everything(scenario, Incident))
