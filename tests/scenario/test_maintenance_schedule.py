"""Announcing planned work: from a line or the form in Slack to the page, its JSON and the channel."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.player import Json, options_of, text_of, words_of
from storage.models import Incident, IncidentDraft, IncidentTemplate, Member, Role, SecondPerson
from tests.clock import MONDAY_MORNING
from tests.databases import both_databases
from tests.factories import INES, MAX, add_page
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.requests_stage import everything, only

LINE = (
    '/maintenance schedule "Database upgrade" on acme component:search from tomorrow 22:00 for 3h '
    "We move to a *faster* server. :rocket:"
)
START = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
"""Tomorrow at 22:00 in Tokyo, where Max is."""
UPCOMING = "/api/v2/scheduled-maintenances/upcoming.json"


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page, by the clock of Zurich; Max in Tokyo manages its maintenances, Ines its incidents alone."""
    stage = set_stage(scenario)
    stage.set_page(time_zone="Europe/Zurich")
    stage.grant(MAX, Role.MAINTENANCE_MANAGER)
    with scenario.database.write() as session:
        session.get_one(Member, MAX).time_zone = "Asia/Tokyo"
    return stage


def upcoming(stage: Stage) -> Json:
    """The one planned maintenance of the public JSON, once it is there."""
    stage.wait_for_page(UPCOMING, "scheduled_for")
    found: Json = only(json.loads(stage.get(UPCOMING))["scheduled_maintenances"])
    return found


@pytest.mark.page
def test_a_line_is_previewed_published_and_seen_everywhere(scenario: Scenario, stage: Stage) -> None:
    """A line by the person's own clock; the preview has both clocks, and JSON, HTML and channel say the same."""
    assert scenario.max.type_command(LINE) is None
    preview = words_of(scenario.max.modal)
    stamp = int(START.timestamp())
    for words in ("*Database upgrade*", "Scheduled", "faster", "🚀", f"<!date^{stamp}^", "Tue 3 Mar 2026 14:00 CET"):
        assert words in preview
    for words in ("For 3 hours", "your clock: Asia/Tokyo", "the page's: Europe/Zurich", "API - Search: "):
        assert words in preview
    assert "Under maintenance while it goes on" in preview
    assert everything(scenario, Incident) == []

    scenario.max.press("Publish", scenario.max.modal)
    shown = upcoming(stage)
    assert (shown["name"], shown["status"], shown["impact"]) == ("Database upgrade", "scheduled", "maintenance")
    assert shown["scheduled_for"] == "2026-03-03T14:00:00.000+01:00"
    assert shown["scheduled_until"] == "2026-03-03T17:00:00.000+01:00"
    assert [row["name"] for row in shown["components"]] == ["Search"]
    assert stage.states()["Search"] == "operational"
    for path in ("/", f"/incidents/{shown['id']}/", "/history.atom", "/maintenances.ics"):
        assert "Database upgrade" in stage.get(path)
    head = shows(stage.channel(), "Database upgrade", "Scheduled", "Tue 3 Mar 2026 14:00 CET")
    assert {"Start", "Cancel"} <= {text_of(one) for one in head["blocks"][-1]["elements"]}
    assert scenario.violations() == []


@pytest.mark.page
def test_the_form_is_filled_in_previewed_and_edited(scenario: Scenario, stage: Stage) -> None:
    """Components are searched, the page's clock follows the chosen time, and *Edit* shows what the draft says."""
    answer = scenario.max.type_command("/maintenance")
    assert answer is not None
    scenario.max.press("Schedule maintenance", answer)
    search = only(options_of(scenario.max.options("components.0", "sear")))
    assert text_of(search) == "API - Search"
    scenario.max.enter("scheduled_for", START)
    assert "Tue 3 Mar 2026 14:00 CET" in words_of(scenario.max.modal)
    chosen = {"name.0": "Database upgrade", "components.0": [search], "scheduled_until": START + timedelta(hours=2)}
    assert scenario.max.submit(**chosen, flags=["remind_prior", "notify_at_end", "to_maintenance_state"]) == {}
    preview = words_of(scenario.max.modal)
    assert "We will be undergoing scheduled maintenance during this time." in preview
    for words in ("Somebody must start it", "Somebody must complete it", "Components stay under maintenance"):
        assert words in preview

    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(**{"body.0": "We move to a new server."}) == {}
    scenario.max.press("Publish", scenario.max.modal)
    incident: Incident = only(everything(scenario, Incident))
    assert (incident.scheduled_for, incident.scheduled_until) == (START, START + timedelta(hours=2))
    flags = (incident.scheduled_remind_prior, incident.scheduled_auto_in_progress, incident.scheduled_auto_completed)
    assert flags == (True, False, False)
    assert incident.auto_transition_to_maintenance_state
    assert not incident.auto_transition_to_operational_state
    assert not incident.auto_transition_deliver_notifications_at_start
    assert incident.auto_transition_deliver_notifications_at_end
    assert only(upcoming(stage)["incident_updates"])["body"] == "We move to a new server."
    assert scenario.violations() == []


@both_databases
def test_times_that_cannot_be_are_refused_where_they_were_chosen(scenario: Scenario, stage: Stage) -> None:
    """A start that has passed says what to do instead; an end before its start is said beside the end."""
    scenario.max.type_command('/maintenance schedule "Upgrade" in 2h for 30m')
    scenario.max.press("Edit", scenario.max.modal)
    yesterday = MONDAY_MORNING - timedelta(days=1)
    refused = scenario.max.submit(scheduled_for=yesterday)
    assert "That start has passed." in refused["scheduled_for"]
    assert "/maintenance start" in refused["scheduled_for"]
    refused = scenario.max.submit(scheduled_for=yesterday, scheduled_until=yesterday + timedelta(hours=1))
    assert "/incident backfill" in refused["scheduled_for"]
    refused = scenario.max.submit(scheduled_for=START, scheduled_until=START)
    assert "must end after it begins" in refused["scheduled_until"]
    assert scenario.max.submit(scheduled_for=MONDAY_MORNING, scheduled_until=START) == {}
    assert "That start has passed: once it is public, it begins" in words_of(scenario.max.modal)
    assert scenario.violations() == []


def test_what_a_line_leaves_out_is_asked_for(scenario: Scenario, stage: Stage) -> None:
    """What is missing or unclear stands above the form, which keeps everything that was understood."""
    with scenario.database.write() as session:
        session.get_one(Member, MAX).time_zone = "Europe/Zurich"
        add_page(session, MONDAY_MORNING, name="Internal", subdomain="internal")
    scenario.max.type_command(
        '/maintenance schedule "Upgrade" component:search=down component:serch from 2026-03-29 02:30 for 1h A & b'
    )
    form = words_of(scenario.max.modal)
    for words in ("leave out “=major_outage”", "“serch” is no component", "There is no 02:30 on Sun 29 Mar 2026"):
        assert words in form
    values = {block["block_id"]: block["element"] for block in scenario.max.modal["blocks"] if "element" in block}
    assert values["name.0"]["initial_value"] == "Upgrade"
    assert values["body.0"]["initial_value"] == "A & b"
    assert [one["value"] for one in values["components.0"]["initial_options"]] == [stage.components["Search"]]
    scenario.olivia.type_command('/maintenance schedule "Upgrade" in 1h for 1h')
    assert "On which page?" in words_of(scenario.olivia.modal)
    internal = next(option for _, option in _choices(scenario.olivia.modal, "page") if text_of(option) == "Internal")
    scenario.olivia.enter("page", internal["value"])
    assert options_of(scenario.olivia.options("components.1")) == []
    assert everything(scenario, IncidentDraft) == []
    assert scenario.violations() == []


def test_warnings_and_long_texts_stay_in_the_form(scenario: Scenario, stage: Stage) -> None:
    """Whom a line named is pointed out after the form that the line opened, and a long text is in it whole, also
    once the form was drawn again."""
    text = "\n\n".join(letter * 1400 for letter in "abcde")
    scenario.max.type_command(
        f'/maintenance schedule "Upgrade" component:serch in 2h for 1h <@{INES}> works.\n\n{text}'
    )
    scenario.max.enter("scheduled_for", START)
    assert scenario.max.submit(scheduled_until=START + timedelta(hours=2)) == {}
    assert "It names a person: Ines Incident." in words_of(scenario.max.modal)
    assert only(everything(scenario, IncidentDraft)).content["body"] == f"Ines Incident works.\n\n{text}"
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit(**{"name.0": "Big upgrade"}) == {}
    assert "It names a person: Ines Incident." in words_of(scenario.max.modal)
    assert only(everything(scenario, IncidentDraft)).content["body"] == f"Ines Incident works.\n\n{text}"
    assert scenario.violations() == []


def _choices(view: Json, block_id: str) -> list[tuple[str, Json]]:
    block = next(block for block in view["blocks"] if block["block_id"] == block_id)
    return [(option["value"], option) for option in block["element"]["options"]]


def test_an_overlap_is_pointed_out(scenario: Scenario, stage: Stage) -> None:
    """Another maintenance in the same window, on the same components, is named, and nothing is refused."""
    scenario.max.type_command(LINE)
    scenario.max.press("Publish", scenario.max.modal)
    same = '/maintenance schedule "Index rebuild" component:{} from tomorrow 23:00 for 30m'
    scenario.max.type_command(same.format("website"))
    assert "At the same time" not in words_of(scenario.max.modal)
    scenario.max.type_command(same.format("search"))
    assert "At the same time, on the same components:* • *Database upgrade*" in " ".join(
        words_of(scenario.max.modal).split()
    )
    scenario.max.press("Publish", scenario.max.modal)
    assert len(everything(scenario, Incident)) == 2
    assert scenario.violations() == []


def test_only_maintenance_managers_may(scenario: Scenario, stage: Stage) -> None:
    """Who manages incidents alone is told whom to ask, at the command and at every button."""
    answer = scenario.ines.type_command(LINE)
    assert answer is not None
    assert "needs the role maintenance_manager on Acme" in words_of(answer).replace("`", "")
    assert "Max Meyer" in words_of(answer)
    scenario.max.type_command(LINE)
    scenario.max.press("Publish", scenario.max.modal)
    head = shows(stage.channel(), "Database upgrade")
    for label in ("Start", "Cancel", "Update"):
        scenario.ines.press(label, head)
        shows(scenario.ines.messages(head["channel"]), "needs the role", "Max Meyer")
        assert scenario.ines.views() == []
    listed = scenario.ines.type_command("/maintenance list")
    assert listed is not None
    assert [text_of(one) for block in listed["blocks"] for one in block.get("elements", ()) if "text" in one] == [
        "Show"
    ]
    assert len(everything(scenario, IncidentDraft)) == 1


@pytest.mark.page
def test_a_second_person_publishes_it(scenario: Scenario, stage: Stage) -> None:
    """Where the page wants a second person, the draft waits for another manager, who sees both clocks as well."""
    stage.set_page(second_person=str(SecondPerson.FIRST_POST))
    stage.grant(INES, Role.MAINTENANCE_MANAGER)
    scenario.max.type_command(LINE)
    scenario.max.press("Publish", scenario.max.modal)
    assert f"waits for <@{INES}>" in words_of(scenario.max.modal)
    card = shows(scenario.direct_messages(scenario.ines), "asks you to publish", "Tue 3 Mar 2026 14:00 CET")
    scenario.ines.press("Publish", card)
    assert upcoming(stage)["name"] == "Database upgrade"
    assert scenario.violations() == []


def test_a_template_fills_the_form(scenario: Scenario, stage: Stage) -> None:
    """A chosen template brings its words and components, and an input for each of its placeholders."""
    with scenario.database.write() as session:
        kept = {"title": "Upgrade of {{what}}", "body": "{{what}} is slower.", "name": "Upgrade"}
        row = IncidentTemplate(
            id="t" * 12,
            page_id=stage.page_id,
            component_ids=[stage.components["Checkout"]],
            created_at=MONDAY_MORNING,
            updated_at=MONDAY_MORNING,
            **kept,
        )
        session.add(row)
    scenario.max.type_command("/maintenance schedule")
    scenario.max.choose("Upgrade", scenario.max.modal)
    assert scenario.max.submit(**{"value0.1": "Checkout", "scheduled_until": START + timedelta(days=1)}) == {}
    preview = words_of(scenario.max.modal)
    for words in ("*Upgrade of Checkout*", "Checkout is slower.", "API - Checkout: "):
        assert words in preview
    scenario.max.type_command('/maintenance schedule template:upgrade what:"the index" in 1h for 1h')
    assert "*Upgrade of the index*" in words_of(scenario.max.modal)
    assert scenario.violations() == []
