"""Collecting while Slack fails: no key is left behind that nobody has seen, and it can be tried again."""

import logging
import threading
import urllib.error
import urllib.request
from functools import partial

import pytest

from desk.keys.collecting import UNSEEN_AFTER, mint_for_ticket, sweep_tickets
from desk.keys.rules import state_of
from desk.transaction import Actor, JobName, Transaction
from sandbox.player import Json, words_of
from storage.models import ApiKey, KeyStatus, Ticket, TicketStatus
from tests.databases import both_databases
from tests.factories import MIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import approved, assert_secret_is_nowhere, everything, keys, only, secret_in
from tests.waiting import wait_until

OPEN = [
    {"kind": "error", "error": "expired_trigger_id"},
    {"kind": "http_500"},
    {"kind": "ratelimited", "retry_after": 1},
    {"kind": "drop"},
    {"kind": "drop", "carried_out": True},
    {"kind": "timeout", "seconds": 4},
]
UPDATE = [
    {"kind": "error", "error": "not_found"},
    {"kind": "http_500"},
    {"kind": "ratelimited", "retry_after": 1},
    {"kind": "drop"},
    {"kind": "drop", "carried_out": True},
    {"kind": "timeout", "seconds": 4},
    {"kind": "timeout", "seconds": 4, "carried_out": True},
]


def _name(fault: Json) -> str:
    return "-".join(str(value) for value in fault.values())


def _status_with(scenario: Scenario, secret: str) -> int:
    """What the API answers to a call with the secret."""
    request = urllib.request.Request(  # noqa: S310 - the test's own server
        f"{scenario.page.base_url}/v1/pages", headers={"Authorization": f"OAuth {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def _collect_again(scenario: Scenario, card: Json) -> None:
    """Pressing again gives a key that works, and it is the only one that does."""
    scenario.mia.press("Collect my key", card)
    secret = secret_in(scenario.mia.modal)
    live = [key for key in keys(scenario) if key.voided_at is None]
    assert [key.start for key in live] == [secret[:7]]
    assert live[0].revealed_at is not None
    assert _status_with(scenario, secret) == 200


@pytest.mark.page
@pytest.mark.parametrize("fault", OPEN, ids=_name)
def test_without_a_window_no_key_is_made(scenario: Scenario, fault: Json) -> None:
    """When Slack does not open the window, or does not say so, no key is made; the person tries again."""
    card = approved(scenario, scenario.mia)
    scenario.fault(method="views.open", times=1, **fault)
    scenario.mia.press("Collect my key", card)
    assert keys(scenario) == []
    assert only(everything(scenario, Ticket)).status == TicketStatus.WAITING
    answer = words_of(scenario.mia.messages(card["channel"])[-1])
    assert "so none was made. Please press again." in answer.replace("\n", " ")
    assert len(scenario.calls("views.open")) == 1
    _collect_again(scenario, card)


@pytest.mark.page
@pytest.mark.parametrize("fault", UPDATE, ids=_name)
def test_a_key_that_may_not_have_arrived_is_void(scenario: Scenario, fault: Json) -> None:
    """When it is not certain that the window shows the key, it is void; the person tries again."""
    card = approved(scenario, scenario.mia)
    scenario.fault(method="views.update", times=1, **fault)
    scenario.mia.press("Collect my key", card)

    void: ApiKey = only(keys(scenario))
    assert (void.status, void.revealed_at) == (KeyStatus.REVOKED, None)
    assert void.voided_at is not None
    assert only(everything(scenario, Ticket)).status == TicketStatus.WAITING
    told = shows(scenario.direct_messages(scenario.mia), "Whatever a window shows or showed of it does not work")
    sent = [secret_in(call["args"]["view"]) for call in scenario.calls("views.update") if "kd_" in str(call["args"])]
    assert len(sent) == 1, "the call that carries a secret is never repeated"
    assert _status_with(scenario, sent[0]) == 401
    assert sent[0] not in str(scenario.direct_messages(scenario.mia))
    _collect_again(scenario, told)


def test_the_window_says_that_its_key_is_void(scenario: Scenario) -> None:
    """Where Slack still answers, the window itself is changed to say that the key is void."""
    card = approved(scenario, scenario.mia)
    scenario.fault(method="views.update", kind="http_500", times=1)
    scenario.mia.press("Collect my key", card)
    assert "*it is void*" in words_of(scenario.mia.modal)


def test_a_window_closed_too_early_leaves_no_key(scenario: Scenario) -> None:
    """Somebody who closes the window before the key is in it gets a note, and collects again."""
    card = approved(scenario, scenario.mia)
    scenario.fault(method="views.update", kind="error", error="not_found", times=2)
    scenario.mia.press("Collect my key", card)
    assert [key.status for key in keys(scenario)] == [KeyStatus.REVOKED]
    shows(scenario.direct_messages(scenario.mia), "Press the button to get another one")


@pytest.mark.page
def test_a_kill_between_making_and_showing(scenario: Scenario) -> None:
    """A bot killed after the key was made and before it was shown leaves a void key and a ticket that waits."""
    card = approved(scenario, scenario.mia)
    ticket = only(everything(scenario, Ticket))
    key, secret = scenario.desk.write_now(Actor.member(MIA), partial(mint_for_ticket, ticket_id=ticket.id))

    scenario.mia.press("Collect my key", card)
    assert "press again in a few minutes" in words_of(scenario.mia.messages(card["channel"])[-1])
    scenario.clock.advance(UNSEEN_AFTER)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_tickets)
    with scenario.database.read() as session:
        assert str(state_of(session.get_one(ApiKey, key.id), scenario.clock.now())) == "revoked"
    assert _status_with(scenario, secret.reveal()) == 401
    _collect_again(scenario, shows(scenario.direct_messages(scenario.mia), "does not work"))


def test_stored_says_that_a_key_was_seen(scenario: Scenario) -> None:
    """When the note of the reveal was lost, *I have stored it* still saves the key from the sweep."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    _forget_reveal(scenario)
    assert scenario.mia.submit() == {}
    scenario.clock.advance(UNSEEN_AFTER * 2)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_tickets)
    assert only(keys(scenario)).status == KeyStatus.ACTIVE


def test_closing_says_that_a_key_was_seen(scenario: Scenario) -> None:
    """When the note of the reveal was lost, closing the window still saves the key from the sweep."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    _forget_reveal(scenario)
    scenario.mia.close()
    assert only(keys(scenario)).revealed_at is not None


@pytest.mark.page
def test_a_use_says_that_a_key_was_seen(scenario: Scenario) -> None:
    """When the note of the reveal was lost, a call with the key saves it from the sweep."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    secret = secret_in(scenario.mia.modal)
    _forget_reveal(scenario)
    assert _status_with(scenario, secret) == 200
    scenario.page.flush_uses()
    scenario.clock.advance(UNSEEN_AFTER)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_tickets)
    key = only(keys(scenario))
    assert (key.status, key.revealed_at) == (KeyStatus.ACTIVE, scenario.clock.now())


@both_databases
def test_stored_on_a_void_key_says_that_it_is_void(scenario: Scenario) -> None:
    """*I have stored it* for a key that became void meanwhile does not reassure: it says that it does not work."""
    scenario.mia.press("Collect my key", approved(scenario, scenario.mia))
    _forget_reveal(scenario)
    scenario.clock.advance(UNSEEN_AFTER)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_tickets)
    scenario.mia.submit()
    assert "*it is void*" in words_of(scenario.mia.modal)


@both_databases
def test_a_lost_race_is_told_in_the_window(scenario: Scenario) -> None:
    """When another replica makes the key while the window opens, the window says when it was collected."""
    card = approved(scenario, scenario.mia)
    ticket = only(everything(scenario, Ticket))
    press = threading.Thread(target=scenario.mia.press, args=("Collect my key", card))
    with scenario.database.write() as session:
        # The other replica is in the middle of its transaction when the person presses here.
        other = Transaction(session, scenario.clock.now(), scenario.desk.policy, Actor.member(MIA))
        mint_for_ticket(other, ticket.id)
        press.start()
        wait_until(scenario.mia.views)
    press.join(20)
    assert "You collected this key just now." in words_of(scenario.mia.modal)
    assert "kd_" not in scenario.wire()
    assert len(keys(scenario)) == 1


def _forget_reveal(scenario: Scenario) -> None:
    with scenario.database.write() as session:
        for key in session.query(ApiKey):
            key.revealed_at = None


@pytest.mark.parametrize("fault", [None, {"kind": "http_500"}, {"kind": "drop", "carried_out": True}], ids=str)
def test_no_log_knows_the_secret(
    scenario: Scenario, fault: Json | None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the most talkative level, whether all goes well or Slack fails, no log line holds the secret."""
    card = approved(scenario, scenario.mia)
    caplog.set_level(logging.DEBUG)
    if fault is not None:
        scenario.fault(method="views.update", times=1, **fault)
    scenario.mia.press("Collect my key", card)
    if fault is None:
        scenario.mia.submit()
    shown = [secret_in(call["args"]["view"]) for call in scenario.calls("views.update") if "kd_" in str(call["args"])]
    assert len(shown) == 1
    printed = capsys.readouterr()
    assert "views.open" not in caplog.text, "the client that carries the secret describes no call"
    said = caplog.text + printed.out + printed.err
    assert said
    assert shown[0] not in said
    assert_secret_is_nowhere(scenario, shown[0])
