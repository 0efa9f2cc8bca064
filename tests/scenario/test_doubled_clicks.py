"""Slack delivers something twice, and one delivery comes late, as where its replica stood still.

It says what is so, and not that nothing was changed.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import text

from sandbox.player import Json, words_of
from storage.models import KeyRequest, RequestStatus
from tests.databases import both_databases
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario
from tests.scenario.requests_stage import LINE, ask, everything, only
from tests.scenario.signing import Signer

DONE = "This is done already: Slack delivered it to me twice"
NOT_DONE = "nothing was changed by this click"


@contextmanager
def _late(scenario: Scenario) -> Iterator[None]:
    """Within the block nothing can be changed in time."""
    usual, scenario.bot.app.answer_seconds = scenario.bot.app.answer_seconds, 0.8
    with scenario.database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE member, key_request"))
        yield
    scenario.bot.app.answer_seconds = usual


def _deliver_again(scenario: Scenario) -> str:
    """Bring the bot what Slack delivered last once more; gives the answer."""
    last = scenario.control.journal(kind="delivery")[-1]
    payload: Json = last["payload"]
    with closing(Signer(scenario.bot.url)) as signer:
        return (signer.send(payload) if "command" in payload else signer.interact(**payload)).text


@both_databases
def test_a_button(scenario: Scenario) -> None:
    """Whoever approved is not told that nothing was changed."""
    card = ask(scenario, scenario.mia)
    scenario.omar.press("Approve", card)
    with _late(scenario):
        _deliver_again(scenario)
    assert only(everything(scenario, KeyRequest)).status == RequestStatus.APPROVED
    told = words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])
    assert DONE in told and NOT_DONE not in told


@both_databases
def test_a_command(scenario: Scenario) -> None:
    """Nor whoever asked in one line."""
    scenario.mia.type_command(LINE)
    with _late(scenario):
        assert DONE in _deliver_again(scenario)
    only(everything(scenario, KeyRequest))


def test_a_form(scenario: Scenario) -> None:
    """Nor whoever sent a form."""
    scenario.mia.type_command("/keys request")
    scenario.mia.submit(name="grafana", purpose="Dashboards for all.", pages=["all"], scopes=["read"])
    with _late(scenario):
        answer = _deliver_again(scenario)
    assert DONE in answer and "That did not work" not in answer
    only(everything(scenario, KeyRequest))


def test_a_refusal_in_time(scenario: Scenario) -> None:
    """A delivery that comes in time, and finds its own work done, is no refusal either."""
    card = ask(scenario, scenario.mia)
    scenario.omar.press("Approve", card)
    _deliver_again(scenario)
    assert DONE in words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])


def test_another_click(scenario: Scenario) -> None:
    """What another click did is no reason to say that this one did it."""
    card = ask(scenario, scenario.mia)
    scenario.omar.press("Approve", card)
    scenario.olivia.press("Approve", card)
    assert DONE not in words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
    with _late(scenario):
        scenario.olivia.press("Approve", card)
    assert NOT_DONE in words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
