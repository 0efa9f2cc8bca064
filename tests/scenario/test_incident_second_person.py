"""The second person: a draft goes to the others who may publish, who publish it or send it back."""

import pytest

from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import NewIncident
from desk.transaction import Actor
from sandbox.player import words_of
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft, Role, SecondPerson
from tests.factories import INES, MAX, OLIVIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

LINE = '/incident new "Checkout errors" component:checkout=partial_outage We look.'


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page on which somebody else must always publish."""
    stage = set_stage(scenario)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


def _ask(scenario: Scenario, line: str = LINE) -> None:
    scenario.ines.type_command(line)
    assert f"*Publish* asks <@{MAX}>" in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert f"It waits for <@{MAX}>" in words_of(scenario.ines.modal)
    scenario.ines.close()


@pytest.mark.page
def test_another_publishes(scenario: Scenario, stage: Stage) -> None:
    """Max sees exactly what readers will see, publishes it, and Ines is told."""
    _ask(scenario)
    assert everything(scenario, Incident) == []
    card = shows(scenario.direct_messages(scenario.max), "Checkout errors", "We look.", "Partial outage")
    scenario.max.press("Publish", card)
    only(everything(scenario, Incident))
    stage.wait_for_page("/", "Checkout errors")
    after = shows(scenario.direct_messages(scenario.max), "Checkout errors")
    assert "Publish" not in str(after["blocks"][-1].get("elements"))
    assert f"<@{MAX}>" in words_of(shows(scenario.direct_messages(scenario.ines), "Checkout errors"))
    assert scenario.violations() == []


def test_an_operators_draft_is_published_in_slack(scenario: Scenario, stage: Stage) -> None:
    """What an operator wrote while Slack was down waits for Max like anybody's, under the operator's login; nobody
    there is told what became of it."""
    new, ann = NewIncident(name="Checkout errors", body="We look."), Actor.operator("ann")
    draft = scenario.desk.write_now(
        ann, lambda tx: write_draft(tx, page_id=stage.page_id, kind=DraftKind.INCIDENT, content=new)
    )
    scenario.desk.write_now(ann, lambda tx: publish_draft(tx, draft.id))
    card = shows(scenario.direct_messages(scenario.max), "operator ann", "asks you to publish", "We look.")
    scenario.max.press("Publish", card)
    assert only(everything(scenario, Incident)).created_by == f"member:{MAX}"
    shows(scenario.direct_messages(scenario.max), "operator ann asked for", "Published")
    assert scenario.violations() == []


def test_the_author_cannot(scenario: Scenario, stage: Stage) -> None:
    """Whoever wrote it is refused, also by the preview that is still open."""
    scenario.ines.type_command(LINE)
    preview = scenario.ines.modal
    scenario.ines.press("Publish", preview)
    scenario.ines.close()
    scenario.ines.type_command("/incident drafts")
    assert everything(scenario, Incident) == []
    assert only(everything(scenario, IncidentDraft)).status == DraftStatus.WAITING


def test_a_cancellation_that_is_looked_at_later_says_so(scenario: Scenario, stage: Stage) -> None:
    """A maintenance that was called off is Cancelled wherever the draft is shown, as in a list from before."""
    stage.set_page(second_person=SecondPerson.NEVER)
    for player in (INES, MAX):
        stage.grant(player, Role.MAINTENANCE_MANAGER)
    scenario.ines.type_command('/maintenance schedule "Upgrade" from tomorrow 22:00 for 1h We move.')
    scenario.ines.press("Publish", scenario.ines.modal)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    _ask(scenario, "/maintenance cancel Not now.")
    listed = scenario.ines.type_command("/incident drafts")
    assert listed is not None
    scenario.max.press("Publish", shows(scenario.direct_messages(scenario.max), "Upgrade", "Cancelled"))
    scenario.ines.press("Open", listed)
    assert ":no_entry_sign: Cancelled" in words_of(scenario.ines.modal)
    cards = [shows(scenario.direct_messages(player), "Upgrade") for player in (scenario.ines, scenario.max)]
    assert "Completed" not in str([cards, scenario.ines.views()])
    assert scenario.violations() == []


@pytest.mark.page
def test_sent_back_with_a_reason(scenario: Scenario, stage: Stage) -> None:
    """Max says what should change; Ines edits the draft, and it goes round again."""
    _ask(scenario)
    scenario.max.press("Send back", shows(scenario.direct_messages(scenario.max), "Checkout errors"))
    assert scenario.max.submit(reason="Say since when.") == {}
    mine = shows(scenario.direct_messages(scenario.ines), "Checkout errors", "Say since when.")
    scenario.ines.press("Edit", mine)
    assert "It was sent back: Say since when." in words_of(scenario.ines.modal)
    assert scenario.ines.submit(**{"body.0": "Since 9:00. We look."}) == {}
    scenario.ines.press("Publish", scenario.ines.modal)
    # Slack notifies nobody of a card that is edited, so a note says it.
    shows(scenario.direct_messages(scenario.max), "asks you again to publish it")
    scenario.max.press("Publish", shows(scenario.direct_messages(scenario.max), "Since 9:00"))
    stage.wait_for_page("/", "Since 9:00. We look.")
    assert scenario.violations() == []


@pytest.mark.page
def test_critical_impact_may_skip_it(scenario: Scenario, stage: Stage) -> None:
    """Who has the role that may skip publishes a critical incident alone, and the channel says so."""
    stage.set_page(second_person_skipped_by=Role.INCIDENT_MANAGER)
    publish(stage, LINE.replace("partial_outage", "major_outage"))
    stage.wait_for_page("/", "Checkout errors")
    assert f"<@{INES}>" in words_of(shows(stage.thread(), "second person"))


@pytest.mark.page
def test_updates_are_free_where_only_the_first_post_needs_two(scenario: Scenario, stage: Stage) -> None:
    """With `first_post` the update goes out at once."""
    stage.set_page(second_person=SecondPerson.FIRST_POST)
    _ask(scenario)
    scenario.max.press("Publish", shows(scenario.direct_messages(scenario.max), "Checkout errors"))
    publish(stage, "/incident update identified We know why.")
    stage.wait_for_page("/", "We know why.")


def test_without_anybody_else_nothing_waits(scenario: Scenario, stage: Stage) -> None:
    """Where nobody else may publish, the press says so and whom to appoint; the draft stays open."""
    stage.end_grants(MAX)
    stage.end_grants(OLIVIA)
    stage.end_grants("U0OMAR0001")
    scenario.ines.type_command(LINE)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "Somebody else must publish this on Acme, and nobody else may" in words_of(scenario.ines.modal)
    assert only(everything(scenario, IncidentDraft)).status == DraftStatus.OPEN
