"""`/incident backfill`: an incident of the past, from Slack to the page's history, telling nobody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk.secret import Secret
from sandbox.player import inputs_of, words_of
from storage.models import Incident, IncidentDraft, IncidentStatus, Member, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said
from tests.scenario.requests_stage import everything, only


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


@pytest.mark.page
def test_a_line_in_the_persons_own_time(scenario: Scenario, stage: Stage) -> None:
    """A full line is previewed at once; its time is by the person's clock, and published it is history."""
    with scenario.database.write() as session:
        session.get_one(Member, INES).time_zone = "Europe/Zurich"
    line = '/incident backfill "Short outage" on acme at 2026-02-11 14:00 It was :zap: short &amp; over.'
    assert scenario.ines.type_command(line) is None
    preview = words_of(scenario.ines.modal)
    for words in (
        "*Short outage*",
        "Resolved",
        "It was ⚡ short &amp; over.",
        "13:00 UTC> (Wed 11 Feb 2026 13:00 UTC), in brackets",
    ):
        assert words in preview
    scenario.ines.press("Publish", scenario.ines.modal)
    incident: Incident = only(everything(scenario, Incident))
    assert incident.created_at == datetime(2026, 2, 11, 13, 0, tzinfo=UTC)
    assert (incident.backfilled, incident.status) == (True, IncidentStatus.RESOLVED)
    stage.wait_for_page("/history/", "Short outage")
    assert stage.summary()["incidents"] == []
    assert stage.channel() == []
    assert "Written down afterwards" in words_of(said(scenario.mia, "/incident show short"))


def test_a_year_that_is_hardly_meant(scenario: Scenario, stage: Stage) -> None:
    """The year 226 is asked about in the form, typed or chosen; one of 2019 is previewed, and looked at."""
    scenario.ines.type_command('/incident backfill "Fire" on acme at 0226-03-01 14:00 It burned.')
    assert "is more than ten years away" in words_of(scenario.ines.modal)
    errors = scenario.ines.submit(name="Fire", backfill_date=datetime(1980, 3, 1, tzinfo=UTC))
    assert "such as 2026?" in errors["backfill_date"]
    assert scenario.ines.submit(name="Fire", backfill_date=datetime(2019, 3, 1, tzinfo=UTC)) == {}
    assert "look whether that is the year which you mean" in words_of(scenario.ines.modal)


def test_the_form(scenario: Scenario, stage: Stage) -> None:
    """The form asks for a page where there are several; a day to come is refused beside it; a draft can be edited."""
    with scenario.database.write() as session:
        beta = add_page(session, NOW, name="Beta", subdomain="beta").id
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW, page_id=beta)
    scenario.ines.type_command("/incident backfill")
    assert "Say" not in words_of(scenario.ines.modal)
    filled = {"page": beta, "name": "DNS was gone", "impact": "major"}
    errors = scenario.ines.submit(**filled, backfill_date=NOW + timedelta(hours=1))
    assert list(errors) == ["backfill_date"]
    assert scenario.ines.submit(**filled, backfill_date=NOW - timedelta(days=400)) == {}
    preview = scenario.ines.modal
    assert "This incident has been resolved." in words_of(preview)
    scenario.ines.press("Edit", preview)
    form = scenario.ines.modal
    assert "page" not in [block["block_id"] for block in inputs_of(form)]
    assert scenario.ines.submit(body="It is back since noon.") == {}
    # Nobody is told of the past, so there is nothing to be quiet about.
    assert "quietly" not in words_of(scenario.ines.modal)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert len(everything(scenario, IncidentDraft)) == 1
    incident: Incident = only(everything(scenario, Incident))
    assert (incident.page_id, incident.name, incident.impact_override) == (beta, "DNS was gone", "major")
    assert incident.created_at == NOW - timedelta(days=400)


def test_what_is_missing_is_asked_for(scenario: Scenario, stage: Stage) -> None:
    """Where a line lacks something, the form opens with what there is and says what is missing."""
    scenario.ines.type_command('/incident backfill "Short &amp; bad" at 2027-01-01 14:00 It <https://a.example|was>.')
    form = scenario.ines.modal
    assert "lies in the past" in words_of(form)
    shown = {block["block_id"]: block["element"].get("initial_value") for block in inputs_of(form)}
    assert (shown["name"], shown["body"]) == ("Short & bad", "It [was](https://a.example).")
    scenario.ines.close()
    scenario.ines.type_command("/incident backfill on gamma at 2026-01-01 25:00")
    problems = words_of(scenario.ines.modal)
    for words in ("“gamma” is no page", "“2026-01-01 25:00” is not a time", "Name it in quotation marks"):
        assert words in problems
    assert everything(scenario, IncidentDraft) == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("on acme at 23:30 It was short.", "Resolved It was short. :calendar: It began <!date^1772404200^"),
        ("on acme, yesterday 14:00: It was short.", "Resolved It was short. :calendar: It began <!date^1772370000^"),
        ("on acme Mar 5 14:00 It was short.", "“Mar 5 14:00” was last in 2025. If that is meant, write the year."),
        ("on acme yesterday 14:00 Berlin time It was short.", "Does “Berlin time” say by whose clock?"),
        ("on acme 14:00 yesteday It was short.", "Does “yesteday” say on which day?"),
    ],
)
def test_a_time_of_the_past_is_the_last_one_or_asked_about(
    scenario: Scenario, stage: Stage, typed: str, shown: str
) -> None:
    """Past midnight, the evening before is meant; nothing that may belong to the time becomes public unseen."""
    with scenario.database.write() as session:
        session.get_one(Member, INES).time_zone = "Europe/Zurich"
    scenario.ines.type_command(f'/incident backfill "Short outage" {typed}')
    assert shown in " ".join(words_of(scenario.ines.modal).split())


def test_options_are_no_words_for_the_public(scenario: Scenario, stage: Stage) -> None:
    """An impact is understood; components and reminders, which an incident of the past has none of, are refused."""
    line = '/incident backfill "Old" at 2026-02-20 10:00 impact:major {}It was long ago.'
    scenario.ines.type_command(line.format('component:"API - Checkout"=down remind:4 '))
    words = words_of(scenario.ines.modal)
    assert "A backfilled incident cannot change components: leave them out." in words
    assert "A backfilled incident takes no reminder: leave it out." in words
    assert scenario.ines.submit() == {}
    draft: IncidentDraft = only(everything(scenario, IncidentDraft))
    assert (draft.content["body"], draft.content["impact_override"]) == ("It was long ago.", "major")
    scenario.ines.type_command(line.format(""))
    assert "*Old*" in words_of(scenario.ines.modal)
    drafts = everything(scenario, IncidentDraft)
    assert [draft.content["impact_override"] for draft in drafts] == ["major", "major"]


def test_warnings_stay_with_the_words_of_the_form(scenario: Scenario, stage: Stage) -> None:
    """People whom a line named are pointed out after the form that the line opened; a long text is in it whole."""
    long = "\n\n".join(letter * 2000 for letter in "abc")
    scenario.ines.type_command(f'/incident backfill "Old" at 2027-02-20 10:00 <@{MAX}> saw it.\n\n{long}')
    assert scenario.ines.submit(backfill_date=NOW - timedelta(days=3)) == {}
    assert "It names a person: Max Meyer." in words_of(scenario.ines.modal)
    scenario.ines.press("Edit", scenario.ines.modal)
    assert scenario.ines.submit(name="Older") == {}
    assert "It names a person: Max Meyer." in words_of(scenario.ines.modal)
    draft: IncidentDraft = only(everything(scenario, IncidentDraft))
    assert draft.content["body"] == f"Max Meyer saw it.\n\n{long}"


def test_who_may_not(scenario: Scenario, stage: Stage) -> None:
    """Somebody without the role is told whom to ask, and a secret is kept nowhere."""
    refused = words_of(said(scenario.mia, '/incident backfill "Short outage" on acme at 2026-02-11 14:00'))
    assert "incident_manager" in refused
    assert "Olivia Owens" in refused
    secret = Secret.generate()
    told = words_of(said(scenario.ines, f'/incident backfill "Leak" at 2026-02-11 14:00 {secret.reveal()}'))
    assert "holds the secret of an API key" in told
    assert everything(scenario, IncidentDraft) == []
    assert scenario.ines.views() == []
