"""A key in use: from collection to the first call, and what owners hear of a suspended key that is used."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from desk.secret import Secret
from desk.transaction import Actor, Transaction, keys_changed
from sandbox.player import words_of
from storage.models import ApiKey, KeyStatus, KeyUse
from tests.databases import both_databases
from tests.factories import MIA, add_key
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import approved, secret_in

pytestmark = pytest.mark.page

OPERATOR = Actor.operator("test")


def call(scenario: Scenario, path: str, secret: str, agent: str = "curl/8.9.1") -> tuple[int, Any]:
    """One call of the API as a client makes it: status and JSON."""
    where = urlsplit(scenario.page.base_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"OAuth {secret}", "User-Agent": agent})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def mint(scenario: Scenario, **values: Any) -> tuple[str, str]:
    """A key of Mia's with a known secret: id and secret."""
    secret = Secret.generate()

    def add(tx: Transaction) -> str:
        key = add_key(tx.session, tx.now, sha256=secret.sha256, **values)
        keys_changed(tx, key.id)
        return key.id

    return scenario.desk.write_now(OPERATOR, add), secret.reveal()


def key_of(scenario: Scenario, key_id: str) -> ApiKey:
    """The key as it is stored now."""
    with scenario.database.read() as session:
        return session.get_one(ApiKey, key_id)


@both_databases
def test_a_collected_key_works_at_once_and_its_use_is_seen(scenario: Scenario) -> None:
    """The key from the modal opens the API with the next call; /keys show then says when it was used."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    secret = secret_in(scenario.mia.modal)
    status, pages = call(scenario, "/v1/pages", secret)
    assert (status, [page["name"] for page in pages]) == (200, ["Acme"])
    status, components = call(scenario, f"/v1/pages/{pages[0]['id']}/components.json", secret)
    assert (status, components) == (200, [])
    scenario.page.flush_uses()
    with scenario.database.read() as session:
        (use,) = session.query(KeyUse).all()
    assert (use.reads, use.last_user_agent, use.last_address) == (2, "curl/8.9.1", "127.0.0.1")
    assert use.last_used_at == scenario.clock.now()
    shown = scenario.mia.type_command('/keys show "terraform prod"')
    assert "127.0.0.1" in words_of(shown)


def test_a_key_that_meets_nothing_but_errors_is_in_use(scenario: Scenario) -> None:
    """Whoever calls for what is not there uses the key: it is not among the unused, and /keys show says so."""
    key_id, secret = mint(scenario, name="probe", holder_id=MIA)
    mint(scenario, name="idle", holder_id=MIA)
    for path in ("/v1/pages/nosuchpage00", "/v1/pages/nosuchpage00/incidents", "/v1/nothing"):
        assert call(scenario, path, secret)[0] == 404
    scenario.page.flush_uses()
    with scenario.database.read() as session:
        use = session.get_one(KeyUse, key_id)
        assert (use.reads, use.failed, use.refused) == (0, 3, 0)
    unused = words_of(scenario.olivia.type_command("/keys list unused"))
    assert ("probe" in unused, "idle" in unused) == (False, True)
    shown = words_of(scenario.mia.type_command("/keys show probe"))
    assert "answered with an error (3 in all)" in shown
    assert "*Last read (0 in all)*\nnever" in shown


def test_a_suspended_key_that_is_used_is_restored_by_button(scenario: Scenario) -> None:
    """Owners see at once when, from where and by what it was used; after Restore the same call succeeds."""
    key_id, secret = mint(scenario, name="deploy hook", holder_id=MIA)
    scenario.olivia.type_command('/keys suspend "deploy hook" because nobody seems to use it')
    assert key_of(scenario, key_id).status == KeyStatus.SUSPENDED
    status, body = call(scenario, "/v1/pages", secret, agent="deploy/1.0 <script>")
    assert (status, body["error"]) == (401, "Could not authenticate")
    scenario.page.flush_uses()

    card = shows(scenario.owners_channel(), "deploy hook", "was used, and refused")
    words = words_of(card)
    assert "127.0.0.1" in words
    assert "deploy/1.0" in words
    assert "<script>" not in json.dumps(card)
    assert "nobody seems to use it" in words
    scenario.omar.press("Restore", card)
    status, _ = call(scenario, "/v1/pages", secret)
    assert status == 200
    after = shows(scenario.owners_channel(), "deploy hook", "was used, and refused")
    assert "was restored" in words_of(after)
    assert "Restore" not in [element.get("text", {}).get("text") for element in _buttons(after)]
    assert scenario.violations() == []


def test_using_it_on_tells_again_after_an_hour_and_only_there_are_buttons(scenario: Scenario) -> None:
    """A second card comes after an hour, as a new message; the first one then has no buttons any more."""
    _, secret = mint(scenario, name="deploy hook", status=KeyStatus.SUSPENDED)
    for minutes in (0, 30, 31):
        scenario.clock.advance(minutes=minutes)
        call(scenario, "/v1/pages", secret)
        scenario.page.flush_uses()
        scenario.deliver()
    cards = [message for message in scenario.owners_channel() if "was used, and refused" in words_of(message)]
    assert [bool(_buttons(card)) for card in cards] == [False, True]


def test_a_revoked_key_is_refused_by_the_time_the_owner_sees_it(scenario: Scenario) -> None:
    """When Slack shows that the key was revoked, its next call fails."""
    _, secret = mint(scenario, name="deploy hook")
    assert call(scenario, "/v1/pages", secret)[0] == 200
    answer = scenario.olivia.type_command('/keys revoke "deploy hook" because it leaked')
    assert answer is not None
    assert call(scenario, "/v1/pages", secret)[0] == 401


def _buttons(message: Any) -> list[Any]:
    return [element for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]]
