"""Postmortems: written in Slack, previewed, published on the page, and taken back."""

from collections.abc import Iterator

import pytest

from desk.secret import Secret
from sandbox.player import find_label, inputs_of, words_of
from storage.models import Incident, IncidentDraft, IncidentStatus, SecondPerson
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_made import open_incident, resolve, stored_incident
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said
from tests.scenario.requests_stage import everything, only


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


@pytest.fixture
def over(stage: Stage) -> str:
    """The id of an incident that is over."""
    incident_id = open_incident(stage)
    resolve(stage, incident_id)
    return incident_id


def test_words_behind_the_incident_begin_the_text(scenario: Scenario, stage: Stage, over: str) -> None:
    """What is typed behind its quoted name, id or link stands in the form, behind what is drafted already; a key's
    secret does not."""

    def text() -> object:
        shown = inputs_of(scenario.ines.modal)[0]["element"].get("initial_value")
        scenario.ines.close()
        return shown

    for named in ("“Checkout errors”", over, f"<https://status.example/incidents/{over}>", f"{over}:"):
        assert scenario.ines.type_command(f"/incident postmortem {named} A disk & a cable\nwere full.") is None
        assert text() == "A disk & a cable\nwere full.", named
    with scenario.database.write() as session:
        session.get_one(Incident, over).postmortem_body_draft = "# Why"
    scenario.ines.type_command(f"/incident postmortem {over} A disk was full.")
    assert text() == "# Why\n\nA disk was full."
    secret = Secret.generate().reveal()
    assert "not kept" in words_of(said(scenario.ines, f"/incident postmortem {over} It was {secret}"))


@pytest.mark.page
def test_a_postmortem_from_slack_to_the_page(scenario: Scenario, stage: Stage, over: str) -> None:
    """It is written in inputs, previewed with warnings, edited, published, and readers find it on the page."""
    assert scenario.ines.type_command("/incident postmortem checkout") is None
    assert (
        scenario.ines.submit(
            **{"body": "# Why\n\nA disk was full, see #ops-war-room.", "body.2": "Now **two** watch it."}
        )
        == {}
    )
    preview = scenario.ines.modal
    assert "Postmortem" in words_of(preview)
    assert "Now *two* watch it." in words_of(preview)
    assert "It names a channel" in words_of(preview)
    assert stored_incident(scenario, over).postmortem_body is None
    scenario.ines.press("Edit", preview)
    form = scenario.ines.modal
    assert [block["element"].get("initial_value") for block in inputs_of(form)][:1] == [
        "# Why\n\nA disk was full, see #ops-war-room.\n\nNow **two** watch it."
    ]
    assert scenario.ines.submit(body="# Why\n\nA disk was full.\n\nNow **two** watch it.") == {}
    assert "It names a channel" not in words_of(scenario.ines.modal)
    assert len(everything(scenario, IncidentDraft)) == 1
    scenario.ines.press("Publish", scenario.ines.modal)
    assert "The postmortem of *Checkout errors* is on the page. " in words_of(scenario.ines.modal)
    assert stored_incident(scenario, over).postmortem_body == "# Why\n\nA disk was full.\n\nNow **two** watch it."
    stage.wait_for_page(f"/incidents/{over}/", "A disk was full.", "<strong>two</strong>")
    assert "Postmortem published" in words_of(said(scenario.mia, f"/incident show {over}"))


@pytest.mark.page
def test_taking_a_postmortem_back(scenario: Scenario, stage: Stage, over: str) -> None:
    """The form of a public postmortem says so; taken back, it is off the page and its text waits as the draft."""
    scenario.ines.type_command(f"/incident postmortem {over}")
    scenario.ines.submit(body="A disk was full.")
    scenario.ines.press("Publish", scenario.ines.modal)
    stage.wait_for_page(f"/incidents/{over}/", "A disk was full.")
    scenario.ines.press("Postmortem", said(scenario.ines, f"/incident show {over}"))
    form = scenario.ines.modal
    assert "is public since" in words_of(form)
    scenario.ines.press("Take back", form)
    assert "Taken back" in words_of(scenario.ines.modal)
    assert "Postmortem written, not published" in words_of(scenario.ines.modal)
    incident = stored_incident(scenario, over)
    assert (incident.postmortem_body, incident.postmortem_body_draft) == (None, "A disk was full.")
    scenario.ines.press("Postmortem", scenario.ines.modal)
    assert "is public since" not in words_of(scenario.ines.modal)
    assert inputs_of(scenario.ines.modal)[0]["element"]["initial_value"] == "A disk was full."


def test_the_second_of_two_sees_the_first(scenario: Scenario, stage: Stage, over: str) -> None:
    """Published while the other's form was open, it is shown at their preview, and above their own words."""
    scenario.ines.type_command(f"/incident postmortem {over}")
    scenario.max.type_command(f"/incident postmortem {over}")
    scenario.max.submit(body="A cable was cut.")
    scenario.max.press("Publish", scenario.max.modal)
    scenario.ines.submit(body="A disk was full.")
    preview = scenario.ines.modal
    assert "This postmortem was written anew after you looked." in words_of(preview)
    assert "A cable was cut." in words_of(preview)
    assert find_label(preview, "Publish") is None
    scenario.ines.press("Edit", preview)
    assert "A cable was cut." in words_of(scenario.ines.modal)
    assert inputs_of(scenario.ines.modal)[0]["element"]["initial_value"] == "A disk was full."
    scenario.ines.submit(body="A cable was cut, and a disk was full.")
    scenario.ines.press("Publish", scenario.ines.modal)
    assert stored_incident(scenario, over).postmortem_body == "A cable was cut, and a disk was full."


def test_an_incident_that_is_open_again_has_no_postmortem_to_publish(
    scenario: Scenario, stage: Stage, over: str
) -> None:
    """Whoever is asked to publish one reads that its incident is open again, and can once that is over."""
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command(f"/incident postmortem {over}")
    assert scenario.ines.submit(body="A disk was full.") == {}
    scenario.ines.press("Publish", scenario.ines.modal)
    stage.set_page(second_person=SecondPerson.NEVER)
    scenario.max.type_command(f"/incident reopen {over} It is back.")
    scenario.max.press("Publish", scenario.max.modal)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    card = shows(scenario.direct_messages(scenario.max), "the postmortem of", "it is :mag: Investigating now")
    assert "It is back." in words_of(card)
    assert "Its postmortem can be published once it is over again." in words_of(card)
    assert find_label(card, "Publish") is None
    resolve(stage, over)
    card = shows(scenario.direct_messages(scenario.max), "the postmortem of")
    scenario.max.press("Publish", card)
    assert stored_incident(scenario, over).postmortem_body == "A disk was full."


def test_who_may_write_one_and_when(scenario: Scenario, stage: Stage, over: str) -> None:
    """An open incident has none, and who does not manage its page is told whom to ask, before any form."""
    open_id = open_incident(stage, "Slow search")
    assert "is still open" in words_of(said(scenario.ines, f"/incident postmortem {open_id}"))
    refused = words_of(said(scenario.mia, f"/incident postmortem {over}"))
    assert "incident_manager" in refused
    assert "Olivia Owens" in refused
    assert scenario.ines.views() == scenario.mia.views() == []
    # What changes while the form is open counts when it is submitted.
    scenario.ines.type_command(f"/incident postmortem {over}")
    assert scenario.ines.submit(body="   ") == {"body": "A postmortem needs a text."}
    with scenario.database.write() as session:
        session.get_one(Incident, over).status = IncidentStatus.MONITORING
    scenario.ines.submit(body="A disk was full.")
    assert "is still open" in words_of(scenario.ines.modal)
    assert everything(scenario, IncidentDraft) == []


def test_a_long_postmortem(scenario: Scenario, stage: Stage, over: str) -> None:
    """A text longer than one input is spread over several and comes back whole; one that cannot be is left alone."""
    text = "\n\n".join(f"{number} " + "word " * 300 for number in range(6)).strip()
    with scenario.database.write() as session:
        session.get_one(Incident, over).postmortem_body_draft = text
    scenario.ines.type_command(f"/incident postmortem {over}")
    assert len(inputs_of(scenario.ines.modal)) == 7
    assert scenario.ines.submit(**{"body.7": "The end."}) == {}
    kept = str(only(everything(scenario, IncidentDraft)).content["body"])
    assert kept.split() == [*text.split(), "The", "end."]
    with scenario.database.write() as session:
        session.get_one(Incident, over).postmortem_body_draft = "x" * 5000
    assert "does not fit" in words_of(said(scenario.ines, f"/incident postmortem {over}"))
