"""What a key says by the API on a page where a person reads it first: from the call to the public page."""

from collections.abc import Callable
from functools import partial

import pytest

from desk.keys.changes import revoke_key, suspend_key
from desk.transaction import Actor
from sandbox.player import elements_of, words_of
from storage.models import ApiKey, ApiPosts, Incident, IncidentDraft, Scope, SecondPerson
from tests.api_client import ApiClient, mint_key
from tests.factories import INES, MAX, OLIVIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import open_home
from tests.scenario.requests_stage import everything, only

pytestmark = pytest.mark.page


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page on which somebody else must always publish."""
    stage = set_stage(scenario)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


@pytest.fixture
def client(scenario: Scenario, stage: Stage) -> ApiClient:
    """A client with a key for which Ines answers."""
    scopes = [Scope.READ, Scope.INCIDENTS_WRITE, Scope.COMPONENT_STATUS_WRITE]
    _, secret = mint_key(scenario.desk, name="alert bridge", holder_id=INES, scopes=scopes)
    return ApiClient(scenario.page.base_url, secret)


def _post(stage: Stage, client: ApiClient) -> str:
    components = {stage.components["Checkout"]: "partial_outage"}
    incident = {"name": "Checkout errors", "body": "We look.", "components": components}
    path = f"pages/{stage.page_id}/incidents"
    answers = [client.send("POST", path, {"incident": incident}) for _ in range(3)]
    assert {(code, said["id"]) for code, said in answers} == {(202, answers[0][1]["id"])}
    said = answers[0][1]
    assert "waits" in said["message"]
    assert (said["name"], said["status"], said["impact"]) == ("Checkout errors", "investigating", "major")
    assert [one["body"] for one in said["incident_updates"]] == ["We look."]
    assert [row["name"] for row in said["components"]] == ["Checkout"]
    assert client.send("GET", f"{path}/{said['id']}")[0] == 404
    assert client.send("GET", path) == (200, [])
    return str(said["id"])


def test_a_person_publishes_what_a_key_said(scenario: Scenario, stage: Stage, client: ApiClient) -> None:
    """Max gets it as from the key, publishes it, and it is public under the id that the client was told."""
    promised = _post(stage, client)
    only(everything(scenario, IncidentDraft))
    card = shows(scenario.direct_messages(scenario.max), "the API key", "alert bridge", "Checkout errors", "We look.")
    assert not any("Checkout errors" in words_of(one) for one in scenario.direct_messages(scenario.ines))
    drafts = scenario.max.type_command("/incident drafts")
    assert drafts is not None
    assert "alert bridge" in words_of(drafts)
    assert "alert bridge" in words_of(open_home(scenario, scenario.max))
    scenario.max.press("Publish", card)
    assert only(everything(scenario, Incident)).id == promised
    stage.wait_for_page("/", "Checkout errors")
    code, incident = client.send("GET", f"pages/{stage.page_id}/incidents/{promised}")
    assert (code, incident["status"]) == (200, "investigating")
    shows(scenario.direct_messages(scenario.ines), f"<@{MAX}> published", "Checkout errors")
    assert scenario.violations() == []


def test_a_person_sends_it_back(scenario: Scenario, stage: Stage, client: ApiClient) -> None:
    """Who answers for the key reads why; the same call then makes another draft, and the first is never public."""
    promised = _post(stage, client)
    card = shows(scenario.direct_messages(scenario.max), "Checkout errors")
    scenario.max.press("Send back", card)
    assert scenario.max.submit(reason="Name the region.") == {}
    told = shows(
        scenario.direct_messages(scenario.ines), "sent back", "alert bridge", "handed in", "Name the region."
    )
    assert not any(element["type"] == "button" for _, element in elements_of(told["blocks"]))
    again = _post(stage, client)
    assert again != promised
    assert everything(scenario, Incident) == []
    assert scenario.violations() == []


def test_a_person_changes_what_a_key_said(scenario: Scenario, stage: Stage, client: ApiClient) -> None:
    """From the preview of what waits, in the form of any draft; its card says who did, and the client's id holds."""
    stage.set_page(second_person=SecondPerson.NEVER, api_posts=ApiPosts.DRAFT)
    promised = _post(stage, client)
    max_ = scenario.max
    max_.press("Open", shows(scenario.direct_messages(max_), "Checkout errors"))
    max_.press("Edit", max_.modal)
    assert max_.submit(**{"body.0": "Payments by card fail."}) == {}
    max_.close()
    card = shows(scenario.direct_messages(max_), "Payments by card fail.", "changed by", f"<@{MAX}>")
    max_.press("Publish", card)
    code, incident = client.send("GET", f"pages/{stage.page_id}/incidents/{promised}")
    assert (code, incident["incident_updates"][0]["body"]) == (200, "Payments by card fail.")
    assert scenario.violations() == []


def test_two_people_change_what_a_key_said(scenario: Scenario, stage: Stage, client: ApiClient) -> None:
    """Whoever submits second reads that it says something else by now: nobody's words are lost unseen."""
    stage.set_page(second_person=SecondPerson.NEVER, api_posts=ApiPosts.DRAFT)
    _post(stage, client)
    for person in (scenario.ines, scenario.max):
        person.press("Open", shows(scenario.direct_messages(person), "Checkout errors"))
        person.press("Edit", person.modal)
    assert scenario.ines.submit(**{"body.0": "Payments by card fail."}) == {}
    # Of one's own words the last count.
    scenario.ines.press("Edit", scenario.ines.modal)
    assert scenario.ines.submit(**{"body.0": "All payments fail."}) == {}
    assert scenario.max.submit(**{"body.0": "Some customers cannot pay."}) == {}
    refused = words_of(scenario.max.modal)
    assert "changed since you looked" in refused
    assert "Some customers cannot pay." in refused
    assert str(only(everything(scenario, IncidentDraft)).content["body"]) == "All payments fail."
    assert scenario.violations() == []


@pytest.mark.parametrize("end", [revoke_key, suspend_key])
def test_whoever_reads_what_a_key_said_knows_that_it_was_stopped(
    scenario: Scenario, stage: Stage, client: ApiClient, end: Callable[..., object]
) -> None:
    """A key that leaked may have said it: its card and its preview say that somebody stopped the key since."""
    _post(stage, client)
    card = shows(scenario.direct_messages(scenario.max), "asks you to publish", "Checkout errors")
    assert "handed this in was" not in words_of(card)
    [key] = everything(scenario, ApiKey)
    work = partial(end, key_id=key.id, reason="Leaked.")
    scenario.desk.write_now(Actor.member(OLIVIA), work)
    deed = "revoked" if end is revoke_key else "suspended"
    said = f"The key that handed this in was {deed} by <@{OLIVIA}> since."
    card = shows(scenario.direct_messages(scenario.max), "asks you to publish", said)
    scenario.max.press("Open", card)
    assert said in words_of(scenario.max.modal)
    scenario.max.press("Send back", card)
    assert scenario.max.submit(reason="It leaked.") == {}
    assert scenario.violations() == []


def test_an_update_waits_too(scenario: Scenario, stage: Stage, client: ApiClient) -> None:
    """What a key says of an open incident is in its thread, by the key, when the page lets it, and waits else."""
    stage.set_page(second_person=SecondPerson.FIRST_POST)
    promised = _post(stage, client)
    scenario.max.press("Publish", shows(scenario.direct_messages(scenario.max), "Checkout errors"))
    path = f"pages/{stage.page_id}/incidents/{promised}"
    code, _ = client.send("PATCH", path, {"incident": {"status": "identified", "body": "A cable."}})
    assert code == 200
    shows(stage.thread(), "A cable.", "the API key", "alert bridge")
    stage.set_page(second_person=SecondPerson.ALWAYS)
    code, said = client.send("PATCH", path, {"incident": {"status": "resolved", "body": "Over."}})
    assert (code, said["status"], said["incident_updates"][0]["body"]) == (202, "resolved", "Over.")
    assert client.send("GET", path)[1]["status"] == "identified"
    scenario.max.press("Publish", shows(scenario.direct_messages(scenario.max), "Over."))
    assert client.send("GET", path)[1]["status"] == "resolved"
    assert scenario.violations() == []
