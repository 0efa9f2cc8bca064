"""The Home tab: what each person finds there, and that it keeps up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.requests.approvals import approve
from desk.transaction import Actor
from sandbox.player import NotOnScreenError, words_of
from storage.models import KeyStatus, Role, SecondPerson
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import GUS, MAX, MIA, OMAR, add_grant, add_page, add_request
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import draft_update, open_incident, open_incidents, plan
from tests.scenario.incidents_stage import set_stage
from tests.scenario.keys_stage import add, current_home, open_home, stored

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


def test_a_member_at_home(scenario: Scenario) -> None:
    """A member sees their roles in words, their own keys and requests, and the API: nothing that is for owners."""
    with scenario.database.write() as session:
        page = add_page(session, NOW, name="Beta", subdomain="beta")
        add_grant(session, MIA, Role.INCIDENT_MANAGER, NOW, page_id=page.id)
        add_request(session, NOW, name="grafana")
        add_request(session, NOW, name="not mine", requester_id=MAX, holder_id=MAX)
    add(scenario)
    home = words_of(open_home(scenario, scenario.mia))
    for words in (
        "*integrator* on all pages",
        "*incident manager* on *Beta*",
        "terraform prod",
        "grafana",
        "Base URL",
    ):
        assert words in home
    assert "not mine" not in home
    assert "Waiting for a decision" not in home


def test_a_guest_at_home(scenario: Scenario) -> None:
    """A guest is told politely that keys are for members, and whom to ask."""
    home = open_home(scenario, scenario.person(GUS))
    assert "full members" in words_of(home)
    assert "Olivia Owens" in words_of(home)
    with pytest.raises(NotOnScreenError):
        scenario.person(GUS).press("Ask for a key", home)


def test_an_owner_at_home(scenario: Scenario) -> None:
    """An owner sees what waits for a decision and which keys nobody uses, and may act on both at once."""
    with scenario.database.write() as session:
        add_request(session, NOW, name="grafana", purpose="Dashboards of the platform team")
    unused = add(scenario, name="dusty", created_at=NOW - 60 * DAY)
    home = open_home(scenario, scenario.olivia)
    assert "Waiting for a decision: 1" in words_of(home)
    assert "Dashboards of the platform team" in words_of(home)
    assert "Unused keys: 1" in words_of(home)
    scenario.olivia.choose("Suspend…", home)
    assert scenario.olivia.submit(reason="dusty") == {}
    assert stored(scenario, unused).status == KeyStatus.SUSPENDED


def test_home_keeps_up_with_its_owner(scenario: Scenario) -> None:
    """After a click on it, and after a modal, the Home tab shows what has become of it without being opened anew."""
    with scenario.database.write() as session:
        add_request(session, NOW, name="grafana")
    add(scenario)
    home = open_home(scenario, scenario.olivia)
    scenario.olivia.press("Approve", home)
    home = current_home(scenario, scenario.olivia)
    assert "No request waits for a decision" in words_of(home)
    scenario.mia.choose("Suspend…", open_home(scenario, scenario.mia))
    scenario.mia.submit(reason="holidays")
    assert "suspended" in words_of(current_home(scenario, scenario.mia))


def test_a_ready_key_at_home(scenario: Scenario) -> None:
    """An approved key can be collected from the Home tab."""
    with scenario.database.write() as session:
        request_id = add_request(session, NOW, name="grafana").id
    scenario.desk.write_now(Actor.member(OMAR), lambda tx: approve(tx, request_id))
    home = open_home(scenario, scenario.mia)
    assert "Ready for you to collect" in words_of(home)
    scenario.mia.press("Collect my key", home)
    assert "grafana" in words_of(scenario.mia.modal)


def test_incidents_at_home(scenario: Scenario) -> None:
    """Members see what is open and planned; who may publish has the buttons, and drafts wait for them there."""
    stage = set_stage(scenario)
    stage.set_page(second_person=SecondPerson.ALWAYS, time_zone="Europe/Zurich")
    assert "Nothing is open and no maintenance is planned" in words_of(open_home(scenario, scenario.mia))
    incident_id = open_incident(stage)
    plan(stage)
    draft_update(stage, incident_id, "Half a sentence", waits=True)
    member = words_of(open_home(scenario, scenario.mia))
    for words in ("Open now: 1", "*Checkout errors*", "Investigating", "Planned: 1", "(Tue 3 Mar 2026 10:00 CET)"):
        assert words in member
    for words in ("Update", "New incident", "Schedule maintenance", "Drafts"):
        assert words not in member
    home = open_home(scenario, scenario.max)
    assert "*Drafts: 1 for you to look at*" in words_of(home)
    assert "Schedule maintenance" not in words_of(home)
    scenario.max.press("Open", home)
    assert "Half a sentence" in words_of(scenario.max.modal)
    scenario.max.press("Resolve", home)
    assert "Checkout errors" in words_of(scenario.max.modal)
    scenario.max.press("New incident", home)
    assert "New incident" in words_of(scenario.max.modal)
    scenario.mia.press("All incidents", open_home(scenario, scenario.mia))
    scenario.mia.press("Show", scenario.mia.modal)
    assert "We look into it." in words_of(scenario.mia.modal)
    assert len(scenario.mia.views()) == 2
    guest = words_of(open_home(scenario, scenario.person(GUS)))
    assert "Checkout errors" in guest
    for words in ("Database upgrade", "Half a sentence", "Show", "All incidents"):
        assert words not in guest


def test_a_full_house(scenario: Scenario) -> None:
    """With more of everything than fits, the Home tab stays within Slack's limits and says what it leaves out."""
    with scenario.database.write() as session:
        for number in range(30):
            add_request(session, NOW, name=f"{number} " + "n&<" * 80, purpose="p&" * 700)
    for number in range(60):
        add(
            scenario,
            name=f"{number} " + "k*<" * 80,
            created_at=NOW - 60 * DAY,
            holder_id="U0OLIVIA01",
            scopes=["read", "incidents:write", "maintenances:write", "components:write", "subscribers:write"],
        )
    stage = set_stage(scenario)
    open_incidents(stage, [f"{number} " + "n*<" * 80 for number in range(9)])
    for number in range(3):
        plan(stage, f"{number} " + "m*<" * 80)
    home = open_home(scenario, scenario.olivia)
    text = words_of(home)
    assert len(home["blocks"]) <= 100
    assert "Open now: 9" in text
    assert "Planned: 3" in text
    assert "Base URL" in text
    assert "…and 20 more" in text
    assert "…and 48 more" in text
    scenario.olivia.press("Show all 60", home)
    assert "Keys 1 to 20 of 60" in words_of(scenario.olivia.modal)


def test_slack_fails_while_home_is_published(scenario: Scenario) -> None:
    """A failed refresh of the Home tab spoils nothing: the change stands and its modal answers."""
    key_id = add(scenario)
    home = open_home(scenario, scenario.mia)
    scenario.mia.choose("Suspend…", home)
    scenario.fault(method="views.publish", kind="http_500", times=1)
    assert scenario.mia.submit(reason="holidays") == {}
    assert stored(scenario, key_id).status == KeyStatus.SUSPENDED
    assert "Suspended" in words_of(scenario.mia.modal)
