"""Everybody is answered in time, in words, whatever Slack, the database and everybody else do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from sandbox.player import words_of
from storage.models import KeyRequest, Member, RequestStatus
from tests.databases import both_databases
from tests.factories import MIA
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario
from tests.scenario.keys_stage import open_home
from tests.scenario.requests_stage import LINE, ask, everything, only

_HANGS = {"kind": "timeout", "seconds": 25, "times": 9}
_LONG = 20.0
"""Whatever takes less did not wait for it."""


@contextmanager
def _hurried(scenario: Scenario, seconds: float = 0.8) -> Iterator[None]:
    """Within the block, people get their answers within so long."""
    usual, scenario.bot.app.answer_seconds = scenario.bot.app.answer_seconds, seconds
    began = time.monotonic()
    yield
    assert time.monotonic() - began < _LONG
    scenario.bot.app.answer_seconds = usual


@contextmanager
def _locked(scenario: Scenario) -> Iterator[None]:
    """Somebody else holds what each change needs."""
    with scenario.database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE audit_head"))
        yield


def _forget(scenario: Scenario) -> None:
    with scenario.database.write() as session:
        session.delete(session.get_one(Member, MIA))


def test_a_window_that_slack_is_slow_to_open(scenario: Scenario) -> None:
    """A command whose window hangs is answered in words."""
    scenario.fault(method="views.open", **_HANGS)
    with _hurried(scenario):
        answer = words_of(scenario.mia.type_command("/keys request"))
    assert "Slack did not open the window in time." in answer
    assert "Nothing was changed: please try again." in answer


def test_a_stranger_whom_slack_is_slow_to_name(scenario: Scenario) -> None:
    """Who is not known yet, and cannot be asked about, is told so, and has back what they typed."""
    _forget(scenario)
    scenario.fault(method="users.info", **_HANGS)
    with _hurried(scenario):
        answer = words_of(scenario.mia.type_command(LINE))
    assert "I could not ask Slack who you are." in answer
    assert LINE in answer
    assert everything(scenario, KeyRequest) == []


def test_who_is_known_is_served_while_slack_is_slow(scenario: Scenario) -> None:
    """Looking again at who somebody is takes a part of the time only; the rest is for what they want."""
    scenario.clock.advance(days=30)
    scenario.fault(method="users.info", **_HANGS)
    with _hurried(scenario, seconds=15):
        scenario.mia.type_command(LINE)
    assert only(everything(scenario, KeyRequest)).name == "terraform prod"


def test_an_answer_that_slack_is_slow_to_show(scenario: Scenario) -> None:
    """A click is acknowledged in time although the Home tab that it changes takes long to be shown."""
    home = open_home(scenario, scenario.mia)
    scenario.fault(method="views.open", **_HANGS)
    scenario.fault(method="views.publish", **_HANGS)
    with _hurried(scenario):
        scenario.mia.press("Ask for a key", home)


@both_databases
def test_a_command_while_the_database_is_locked(scenario: Scenario) -> None:
    """What was typed is given back with the refusal, and not done when the lock is free."""
    with _locked(scenario), _hurried(scenario):
        answer = words_of(scenario.mia.type_command(LINE))
    assert "This took too long; nothing was changed by this click." in answer
    assert LINE in answer
    scenario.max.type_command(LINE.replace("terraform", "ansible"))
    assert only(everything(scenario, KeyRequest)).name == "ansible prod"


@both_databases
def test_a_form_while_the_database_is_locked(scenario: Scenario) -> None:
    """What was written into a form is given back, and sending it once more makes one request."""
    scenario.mia.type_command("/keys request")
    filled = {
        "name": "grafana",
        "purpose": "Dashboards for the office.",
        "pages": ["all"],
        "scopes": ["read"],
    }
    with _locked(scenario), _hurried(scenario):
        scenario.mia.submit(**filled)
    told = words_of(scenario.mia.modal)
    assert "This took too long; nothing was changed by this click." in told
    assert "Dashboards for the office." in told
    scenario.mia.close()
    scenario.mia.type_command("/keys request")
    assert scenario.mia.submit(**filled) == {}
    assert only(everything(scenario, KeyRequest)).name == "grafana"


@both_databases
def test_a_button_while_the_database_is_locked(scenario: Scenario) -> None:
    """Whoever decides is told that nothing was, and nothing is decided later."""
    card = ask(scenario, scenario.mia)
    with _locked(scenario), _hurried(scenario):
        scenario.omar.press("Approve", card)
    told = words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])
    assert "This took too long; nothing was changed by this click." in told
    scenario.max.type_command(LINE.replace("terraform", "ansible"))
    statuses = {request.name: request.status for request in everything(scenario, KeyRequest)}
    assert statuses == dict.fromkeys(("terraform prod", "ansible prod"), RequestStatus.PENDING)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_menu_while_the_database_is_locked(scenario: Scenario) -> None:
    """A menu that cannot be filled says so in the place of its choices."""
    menu = scenario.olivia.type_command("/roles")
    assert menu is not None
    scenario.olivia.press("Grant a role…", menu)
    with scenario.database.engine.begin() as connection, _hurried(scenario):
        connection.execute(text("LOCK TABLE user_group"))
        offered = scenario.olivia.options("group", "plat")
    assert "This took too long" in str(offered)
