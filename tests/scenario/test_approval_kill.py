"""The whole way from an approval to its messages, cut off by SIGKILL at every step."""

import signal

import pytest

from desk.audit.chain import verify
from desk.transaction import Actor
from sandbox.player import words_of
from storage.models import AuditEvent, KeyRequest, Ticket
from tests.databases import both_databases
from tests.factories import MIA
from tests.forking import Fork
from tests.scenario import dying_approver
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.dying_worker import BRISK
from tests.scenario.requests_stage import ask, everything, keys, only
from tests.waiting import wait_until

pytestmark = both_databases


def _approve_and_die(scenario: Scenario, database_url: str, where: str) -> None:
    request = only(everything(scenario, KeyRequest))
    now = scenario.clock.now().isoformat()
    dying = Fork(dying_approver.main, database_url, scenario.server.api_url, request.id, where, now)
    assert wait_until(dying.poll, 60) == -signal.SIGKILL
    scenario.clock.advance(BRISK.lease)


def _actions(scenario: Scenario) -> list[str]:
    return [event.action for event in sorted(everything(scenario, AuditEvent), key=lambda event: event.seq)]


@pytest.mark.parametrize("where", ["approved", "commit-2", "claimed", "calling", "answered", "commit-3", "stored"])
def test_an_approval_that_was_committed_is_seen_through(scenario: Scenario, database_url: str, where: str) -> None:
    """Once the approval is on disk, every message of it arrives, once, whenever the process died; the key works."""
    ask(scenario, scenario.mia)
    _approve_and_die(scenario, database_url, where)
    card = only(scenario.owners_channel())
    assert "approved" in words_of(card).lower()
    offer, told = scenario.direct_messages(scenario.mia)
    assert "approved" in words_of(told).lower()
    scenario.mia.press("Collect my key", offer)
    assert only(keys(scenario)).holder_id == MIA
    assert _actions(scenario).count("request.approved") == 1
    assert scenario.desk.read_now(Actor.operator("test"), verify).is_intact


def test_an_approval_that_was_not_committed_never_was(scenario: Scenario, database_url: str) -> None:
    """Killed just before the commit, nothing of the approval is left, and the owner can press the button again."""
    card = ask(scenario, scenario.mia)
    _approve_and_die(scenario, database_url, "commit-1")
    assert only(everything(scenario, KeyRequest)).status == "pending"
    assert everything(scenario, Ticket) == []
    assert "request.approved" not in _actions(scenario)
    assert only(scenario.olivia.messages(OWNERS_CHANNEL))["ts"] == card["ts"]
    scenario.omar.press("Approve", card)
    shows(scenario.direct_messages(scenario.mia), "Collect")
    assert scenario.desk.read_now(Actor.operator("test"), verify).is_intact
