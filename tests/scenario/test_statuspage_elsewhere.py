"""From a line in Slack to a Statuspage elsewhere, and what comes back from there."""

import json
from collections.abc import Iterator

import httpx
import pytest

from desk.policy import Policy
from desk.secret import Secret
from desk.transaction import Actor, JobName
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import ComponentThere, PageThere, copy_pages
from handlers.http.app import HttpSettings
from handlers.http.gateway.assembly import UpstreamOptions
from handlers.http.gateway.connections import OpenKey
from sandbox.player import Json, words_of
from storage.models import Incident, Role, SecondPerson
from storage.models import Page as PageRow
from tests.clock import MONDAY_MORNING
from tests.contract.failing_statuspage import API, PAGE, FailingStatuspage, StatuspageFault
from tests.databases import ORGANIZATION
from tests.factories import INES, MAX, add_grant
from tests.policies import policy_of
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import everything, only
from tests.waiting import wait_until

STATUS_CHANNEL = "C0STATUS01"
NEW = '/incident new "Checkout errors" on Faraway component:API=partial_outage investigating We are looking.'
pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def statuspage() -> Iterator[FailingStatuspage]:
    """The other side."""
    there = FailingStatuspage()
    there.start()
    yield there
    there.stop()


@pytest.fixture
def policy() -> Policy:
    """Incidents are announced in a channel."""
    return policy_of(announcement_channel=STATUS_CHANNEL)


@pytest.fixture
def http_settings() -> HttpSettings:
    """A key of Statuspage's is in the settings."""
    key = OpenKey("setting 1", Secret("7" * 64), None, None)
    return HttpSettings(upstreams=UpstreamOptions(keys=[key], wait_seconds=0.0))


@pytest.fixture
def there(statuspage: FailingStatuspage, scenario: Scenario) -> FailingStatuspage:
    """The Statuspage that keeps the page Faraway, with which Keydesk is connected; Ines and Max manage incidents."""
    statuspage.reset()
    statuspage.clock = scenario.clock
    page = PageThere(id=PAGE, name="Faraway", components=[ComponentThere(id=API, name="API", position=1)])
    scenario.desk.write_now(Actor.operator("test"), lambda tx: connect_upstream(tx, statuspage.url))
    scenario.desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, [page]))
    with scenario.database.write() as session:
        for person in (INES, MAX):
            add_grant(session, person, Role.INCIDENT_MANAGER, MONDAY_MORNING, page_id=PAGE)
    book = scenario.page.http.upstreams.book
    wait_until(lambda: book.find(ORGANIZATION) is not None)
    return statuspage


def heads(scenario: Scenario) -> list[Json]:
    """The channel after delivery, twice: what came back from the Statuspage is shown as well."""
    scenario.deliver()
    scenario.deliver()
    return scenario.ines.messages(STATUS_CHANNEL)


def test_a_line_in_slack_is_on_statuspage(scenario: Scenario, there: FailingStatuspage) -> None:
    """Previewed, published, queued, and there; the channel says so with its link. Keydesk renders no page of it."""
    ines = scenario.ines
    assert ines.type_command(NEW) is None
    ines.press("Publish", ines.modal)
    window = words_of(ines.modal)
    assert "is on its way to *Faraway*" in window
    assert "Queued for Statuspage" in window
    assert there.incidents == {}
    head = shows(heads(scenario), "Checkout errors")
    [incident] = there.incidents.values()
    assert (incident["name"], incident["status"]) == ("Checkout errors", "investigating")
    assert (there.said(incident["id"]), there.states) == (["We are looking."], {API: "partial_outage"})
    assert "On Statuspage" in words_of(head)
    assert incident["shortlink"] in json.dumps(head)
    assert "On Statuspage" in words_of(ines_sees(scenario, "/incident show Checkout errors"))
    base = scenario.page.base_url
    mine = only(everything(scenario, Incident)).id
    paths = (
        f"/incidents/{mine}",
        f"/incidents/{incident['id']}",
        f"/pages/{PAGE}/",
        f"/api/v2/incidents/{mine}.json",
    )
    for path in paths:
        assert httpx.get(base + path, follow_redirects=True).status_code == 404, path
    for path in (
        "/",
        "/history.atom",
        "/history.rss",
        "/api/v2/summary.json",
        "/api/v2/incidents.json",
        "/badge.svg",
    ):
        found = httpx.get(base + path, follow_redirects=True).text
        assert "Checkout errors" not in found, path
        assert "Faraway" not in found, path
    assert scenario.violations() == []


def test_forms_say_of_when_copies_are(scenario: Scenario, there: FailingStatuspage) -> None:
    """Wherever a page is chosen that is one."""
    for line in ("/keys request", "/incident new"):
        assert scenario.ines.type_command(line) is None
        assert f"Pages of Statuspage ({there.url}) are as of" in words_of(scenario.ines.modal), line
        scenario.ines.close()


def ines_sees(scenario: Scenario, line: str) -> Json:
    """What Ines is answered."""
    answer = scenario.ines.type_command(line)
    assert answer is not None
    return answer


def test_what_is_refused_comes_back_with_its_words(scenario: Scenario, there: FailingStatuspage) -> None:
    """Who wrote it hears at once, with what was typed; in other words it is there, and the channel says so."""
    ines = scenario.ines
    there.faults.append(StatuspageFault(match="Checkout", status=422, body={"error": ["Name is taken by an alien"]}))
    ines.type_command(NEW)
    ines.press("Publish", ines.modal)
    head = shows(heads(scenario), "Checkout errors")
    assert "Failed: Statuspage has not taken the new incident. It said: “Name is taken by an alien”" in words_of(head)
    note = shows(
        scenario.direct_messages(ines), "Statuspage did not take the new incident *Checkout errors*", "alien"
    )
    assert "We are looking." in words_of(note)
    ines.press("Edit and retry", note)
    assert "alien" in words_of(ines.modal)
    assert ines.submit(**{"name": "Checkout fails", "body": "We look *closely*."}) == {}
    assert "tried again" in words_of(ines.modal)
    head = shows(heads(scenario), "Checkout fails")
    assert "On Statuspage" in words_of(head)
    [incident] = there.incidents.values()
    assert (incident["name"], there.said(incident["id"])) == ("Checkout fails", ["We look *closely*."])
    ines.press("Retry", note)
    shows(ines.messages(note["channel"]), "settled already")
    assert scenario.violations() == []


def test_a_second_person_publishes_there_too(scenario: Scenario, there: FailingStatuspage) -> None:
    """The page's rule holds: nothing is told before somebody else has read it. A refusal goes to both of them."""
    with scenario.database.write() as session:
        session.get_one(PageRow, PAGE).second_person = SecondPerson.ALWAYS
    ines, max_ = scenario.ines, scenario.max
    ines.type_command(NEW)
    ines.press("Publish", ines.modal)
    there.faults.append(StatuspageFault(match="Checkout", status=422, body={"error": "Not today"}))
    asked = shows(scenario.direct_messages(max_), "Checkout errors")
    assert there.writes == []
    max_.press("Publish", asked)
    heads(scenario)
    assert len(there.writes) == 1
    for person in (ines, max_):
        note = shows(scenario.direct_messages(person), "Statuspage did not take", "Not today")
    max_.press("Retry", note)
    heads(scenario)
    assert len(there.incidents) == 1
