"""Collecting a key: shown once, to one person, and nowhere else."""

import json
import shlex
import threading
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from desk.keys.collecting import sweep_tickets
from desk.policy import Policy
from desk.secret import looks_genuine, sha256
from desk.transaction import Actor, JobName
from sandbox.player import find_label, words_of
from storage.models import ApiKey, KeyStatus, Ticket, TicketStatus
from tests.databases import both_databases
from tests.factories import MAX, MIA
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.requests_stage import (
    LINE,
    approved,
    assert_secret_is_nowhere,
    change_member,
    everything,
    keys,
    mine,
    only,
    secret_in,
)

pytestmark = both_databases


def test_a_key_is_collected_once(scenario: Scenario) -> None:
    """*Collect my key* shows the key with all that belongs to it; afterwards every card says so."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    view = scenario.mia.modal
    secret = secret_in(view)
    words = words_of(view)
    key = only(keys(scenario))
    assert looks_genuine(secret)
    assert (key.sha256, key.start, key.status) == (sha256(secret), secret[:7], KeyStatus.ACTIVE)
    assert key.revealed_at == scenario.clock.now()
    assert "*This is the only time that it is shown.*" in words
    assert f"```{secret}```" in words
    assert f'curl -H "Authorization: OAuth {secret}" http://127.0.0.1:3000/v1/pages' in words
    assert "read everything on the page (`read`)" in words
    assert "Acme" in words
    assert secret not in str(view["private_metadata"])

    assert scenario.mia.submit() == {}
    assert scenario.mia.views() == []
    done = mine(scenario, scenario.mia)
    assert "You collected it" in words_of(done)
    assert find_label(done, "Collect my key") is None
    shows(scenario.direct_messages(scenario.mia), "was approved by")
    assert [each for each in scenario.direct_messages(scenario.mia) if find_label(each, "Collect my key")] == []
    assert f"Collected by <@{MIA}>" in words_of(shows(scenario.owners_channel(), "*Approved*"))
    assert_secret_is_nowhere(scenario, secret)
    assert scenario.violations() == []


@pytest.mark.page
def test_the_copied_command_works(scenario: Scenario) -> None:
    """The call that the window shows, made with the key, lists the pages."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    words = words_of(scenario.mia.modal)
    command = shlex.split(words[words.index("curl ") : words.index("/v1/pages")] + "/v1/pages")
    name, _, value = command[2].partition(": ")
    address = command[3].replace("http://127.0.0.1:3000", scenario.page.base_url)
    request = urllib.request.Request(address, headers={name: value})  # noqa: S310 - the test's own server
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        assert [page["name"] for page in json.load(response)] == ["Acme"]


@pytest.mark.page
def test_the_copied_command_works_for_a_key_that_reads_no_pages(scenario: Scenario) -> None:
    """A key that only sets components is shown a call that it may make: the one that tells what it may."""
    line = '/keys request "terraform status" scope:component_status:write page:acme for 90d because a monitor sets it'
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia, line))
    words = words_of(scenario.mia.modal)
    path = "/keydesk/v1/me"
    assert f'curl -H "Authorization: OAuth {secret_in(scenario.mia.modal)}" http://127.0.0.1:3000{path}' in words
    headers = {"Authorization": f"OAuth {secret_in(scenario.mia.modal)}"}
    request = urllib.request.Request(f"{scenario.page.base_url}{path}", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        told = json.load(response)
    assert (told["scopes"], told["components"], told["networks"]) == (["component_status:write"], None, None)


def test_a_second_press_says_when_it_was_collected(scenario: Scenario) -> None:
    """Pressing the button of an old copy again makes nothing and tells when the key was collected."""
    card = approved(scenario, scenario.mia)
    scenario.mia.press("Collect my key", card)
    scenario.mia.submit()
    scenario.clock.advance(seconds=7)
    scenario.mia.press("Collect my key", card)
    answer = words_of(scenario.mia.messages(card["channel"])[-1])
    assert "You collected this key 7 seconds ago." in answer
    assert "/keys rotate" in answer
    assert scenario.mia.views() == []
    assert len(keys(scenario)) == 1


def test_nobody_else_collects(scenario: Scenario) -> None:
    """A click that names somebody else's ticket, from wherever it comes, is refused."""
    approved(scenario, scenario.mia)
    ticket: Ticket = only(everything(scenario, Ticket))
    other = approved(scenario, scenario.max, LINE.replace("terraform prod", "terraform test"))
    with scenario.database.write() as session:
        # As if Max had got hold of the id of Mia's ticket: his own now carries another collector.
        for row in session.query(Ticket).filter_by(collector_id=MAX):
            row.collector_id = MIA
    scenario.max.press("Collect my key", other)
    assert "Only Mia" in words_of(scenario.max.messages(other["channel"])[-1])
    assert keys(scenario) == []
    assert scenario.max.views() == []
    assert ticket.status == TicketStatus.WAITING


@pytest.mark.parametrize("change", [{"is_guest": True}, {"is_deleted": True}])
def test_who_became_a_guest_or_left_collects_nothing(scenario: Scenario, change: dict[str, bool]) -> None:
    """Somebody who is no full member any more at the click gets no key."""
    card = approved(scenario, scenario.mia)
    change_member(scenario, MIA, **change)
    scenario.mia.press("Collect my key", card)
    assert "You may not hold this key any more" in words_of(scenario.mia.messages(card["channel"])[-1])
    assert keys(scenario) == []


def test_ten_presses_at_once_make_one_key(scenario: Scenario) -> None:
    """Ten clicks in the same instant make one key, which is the one on the screen, and it works."""
    card = approved(scenario, scenario.mia)
    threads = [
        threading.Thread(target=scenario.mia.press, args=("Collect my key", card), daemon=True) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    live = [key for key in keys(scenario) if key.voided_at is None]
    assert len(live) == 1
    assert only(everything(scenario, Ticket)).status == TicketStatus.COLLECTED
    shown = [secret_in(view) for view in scenario.mia.views() if "kd_" in words_of(view)]
    assert [sha256(secret) for secret in shown] == [live[0].sha256]


def test_closing_the_window_is_enough(scenario: Scenario) -> None:
    """A window that is closed without *I have stored it* showed the key all the same: the key stays."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    scenario.mia.close()
    scenario.clock.advance(minutes=10)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_tickets)
    assert only(keys(scenario)).status == KeyStatus.ACTIVE


def test_who_answers_for_it_is_told(scenario: Scenario) -> None:
    """When somebody else is to answer for the key, they hear of it once it is collected."""
    line = LINE.replace("for 90d", f"for 90d holder:<@{MAX}>")
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia, line))
    note = words_of(shows(scenario.direct_messages(scenario.max), "You now answer for the API key"))
    assert f"<@{MIA}> asked for and collected" in note
    assert only(keys(scenario)).holder_id == MAX
    assert scenario.violations() == []


class TestElsewhere:
    """The API is reached at another address."""

    @pytest.fixture
    def policy(self) -> Policy:
        """A public address."""
        return replace(policy_of(), base_url="https://status.example/api", owners_channel=OWNERS_CHANNEL)

    def test_the_command_names_the_address_of_the_api(self, scenario: Scenario) -> None:
        """The call to copy uses the address that API clients reach."""
        scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
        assert "https://status.example/api/v1/pages" in words_of(scenario.mia.modal)


def test_no_key_exists_before_it_is_collected(scenario: Scenario) -> None:
    """Approval alone makes no key and no secret."""
    approved(scenario, scenario.mia)
    assert everything(scenario, ApiKey) == []
    assert "kd_" not in scenario.wire()
