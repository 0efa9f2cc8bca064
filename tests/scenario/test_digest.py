"""The digest in Slack: sent once, read by owners, its buttons act, and the next one knows what was kept."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete

from handlers.jobs.digest import send_weekly_digest
from sandbox.player import Json, find_label, words_of
from storage.models import ApiKey, Grant, KeyStatus, RequestStatus
from tests.databases import both_databases
from tests.factories import MAX, MIA, add_key, add_request, add_ticket, add_use
from tests.scenario.conftest import Scenario, shows

DAY = timedelta(days=1)


@pytest.fixture
def keys(scenario: Scenario) -> dict[str, str]:
    """Two keys that nobody uses and one in use; their ids by name."""
    now = scenario.clock.now()
    with scenario.database.write() as session:
        made = {
            name: add_key(session, now - 60 * DAY, name=name, holder_id=holder, expires_at=now + 90 * DAY)
            for name, holder in (("old dashboard", MIA), ("nightly export", MAX), ("metrics push", MAX))
        }
        add_use(session, made["metrics push"], last_used_at=now - DAY, last_write_at=now - DAY, writes=9)
        return {name: key.id for name, key in made.items()}


def _send(scenario: Scenario, scheduled_for: datetime | None = None) -> bool:
    due = scheduled_for or scenario.clock.now()
    return scenario.bot.call(send_weekly_digest(scenario.desk, due))


def _digest(scenario: Scenario) -> Json:
    return shows(scenario.owners_channel(), "Weekly key digest")


def _line(message: Json, name: str) -> Json:
    """The message from the line of a key on, so that the first button with a label is that key's."""
    at = next(index for index, block in enumerate(message["blocks"]) if name in words_of(block))
    return {**message, "blocks": message["blocks"][at:]}


def _key(scenario: Scenario, key_id: str) -> ApiKey:
    with scenario.database.read() as session:
        return session.get_one(ApiKey, key_id)


def test_it_lists_what_nobody_uses_and_goes_out_once(scenario: Scenario, keys: dict[str, str]) -> None:
    """The unused keys are there and the used one is not; sending the same period again sends nothing."""
    assert _send(scenario)
    assert not _send(scenario)
    words = words_of(_digest(scenario))
    assert "old dashboard" in words
    assert "nightly export" in words
    assert "metrics push" not in words
    posts = [call for call in scenario.calls("chat.postMessage") if "Weekly key digest" in str(call["args"])]
    assert len(posts) == 1
    assert scenario.violations() == []


def test_its_counts_add_up(scenario: Scenario, keys: dict[str, str]) -> None:
    """What is listed is counted among what works, and what nobody collected is counted apart: now, and when a key
    that is listed was revoked and others were made."""
    now = scenario.clock.now()
    with scenario.database.write() as session:
        request = add_request(session, now - DAY, name="forgotten", status=RequestStatus.APPROVED)
        add_ticket(session, now - DAY, request_id=request.id)
    _send(scenario)
    counted = "*2* of *3* working keys want a look and *1* approved key was never collected"
    assert counted in words_of(_digest(scenario))
    assert "2 of 3 working keys want a look and 1 approved key was never collected" in _digest(scenario)["text"]
    scenario.omar.press("Revoke", _line(_digest(scenario), "old dashboard"))
    scenario.omar.submit(reason="nobody knows it")
    scenario.clock.advance(days=1)
    with scenario.database.write() as session:
        add_key(session, scenario.clock.now(), name="new one")
    assert counted in words_of(_digest(scenario))


def test_a_key_of_nobody_is_transferred_from_it(scenario: Scenario, keys: dict[str, str]) -> None:
    """*Transfer to…* stands beside a key that nobody answers for, and gives it to somebody."""
    with scenario.database.write() as session:
        session.get_one(ApiKey, keys["nightly export"]).holder_id = None
    _send(scenario)
    line = _line(_digest(scenario), "nightly export")
    assert "*Transfer it* to somebody: nobody answers for it" in words_of(line)
    scenario.omar.press("Transfer to…", line)
    assert scenario.omar.submit(holder=MIA) == {}
    assert _key(scenario, keys["nightly export"]).holder_id == MIA


def test_a_late_one_says_so(scenario: Scenario, keys: dict[str, str]) -> None:
    """A digest that was due yesterday says that it is late."""
    _send(scenario, scenario.clock.now() - DAY)
    assert "Late: it was due" in words_of(_digest(scenario))


def test_suspend_acts_and_shows(scenario: Scenario, keys: dict[str, str]) -> None:
    """*Suspend* asks for a reason, suspends the key, and the digest itself shows by whom."""
    _send(scenario)
    scenario.omar.press("Suspend", _line(_digest(scenario), "old dashboard"))
    scenario.omar.submit(reason="nobody knows it")
    assert _key(scenario, keys["old dashboard"]).status == KeyStatus.SUSPENDED
    line = _line(_digest(scenario), "old dashboard")
    assert "Suspended by <@U0OMAR0001>" in words_of(line)
    assert find_label(line, "Restore") == "Restore"


def test_what_was_kept_is_in_the_next_digest(scenario: Scenario, keys: dict[str, str]) -> None:
    """*Keep until…* takes a day and a reason; the next digest says who kept the key, why and until when."""
    _send(scenario)
    scenario.omar.press("Keep until…", _line(_digest(scenario), "nightly export"))
    until = (scenario.clock.now() + 30 * DAY).date().isoformat()
    assert scenario.omar.submit(until=until, reason="quarterly job") == {}
    scenario.clock.advance(days=7)
    _send(scenario)
    digest = _digest(scenario)
    kept = _line(digest, "Kept on purpose")
    assert "quarterly job" in words_of(kept)
    assert "<@U0OMAR0001>" in words_of(kept)


@both_databases
def test_a_rotation_leaves_a_kept_key_kept(scenario: Scenario, keys: dict[str, str]) -> None:
    """A key that was kept and then rotated stays out of digests, with its day, its reason and whose word it was."""
    until = (scenario.clock.now() + 30 * DAY).date().isoformat()
    scenario.omar.type_command(f"/keys keep nightly export until {until} because quarterly job")
    answer = scenario.max.type_command("/keys rotate nightly export")
    assert answer is not None
    scenario.max.press("Collect my key", answer)
    scenario.clock.advance(days=7)
    _send(scenario)
    words = words_of(_line(_digest(scenario), "Kept on purpose"))
    assert "nightly export" in words
    assert "<@U0OMAR0001>: quarterly job" in words


def test_its_holder_is_asked(scenario: Scenario, keys: dict[str, str]) -> None:
    """*Ask its holder* sends the holder a direct message about that key."""
    _send(scenario)
    scenario.omar.press("Ask its holder", _line(_digest(scenario), "nightly export"))
    assert "nightly export" in words_of(shows(scenario.direct_messages(scenario.max), "nightly export"))


def test_only_owners_read_it(scenario: Scenario, keys: dict[str, str]) -> None:
    """`/keys digest` shows an owner the digest as it is now, and tells a member whom to ask."""
    shown = scenario.olivia.type_command("/keys digest", channel="C0OWNERS01")
    refused = scenario.mia.type_command("/keys digest")
    assert shown is not None
    assert refused is not None
    assert "old dashboard" in words_of(shown)
    assert "Only owners" in words_of(refused)
    assert "old dashboard" not in words_of(refused)


def test_a_demoted_owners_click_is_refused(scenario: Scenario, keys: dict[str, str]) -> None:
    """The digest stays on the screen of somebody who is no owner any more; its buttons do nothing for them."""
    _send(scenario)
    digest = _digest(scenario)
    with scenario.database.write() as session:
        session.execute(delete(Grant).where(Grant.subject_id == "U0OMAR0001"))
    scenario.omar.press("Suspend", _line(digest, "old dashboard"))
    assert _key(scenario, keys["old dashboard"]).status == KeyStatus.ACTIVE
