"""A commit's answer gets lost on its way from PostgreSQL: people are told the truth, and nothing is done twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.outcomes import follow_questions
from sandbox.player import SandboxRefusedError, words_of
from storage.database import Database
from storage.models import KeyRequest, Ticket
from storage.open_questions import OpenQuestions
from tests.databases import open_database
from tests.postgresql_proxy import Cut, PostgresqlProxy, proxied
from tests.scenario.conftest import Scenario, shows
from tests.scenario.requests_stage import LINE, everything, only
from tests.scenario.running import RunningBot
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresqlProxy]:
    """What stands between the bot and its database."""
    with proxied(database_url) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: PostgresqlProxy) -> Iterator[Database]:
    """The database behind the proxy."""
    database = open_database(proxy.url)
    yield database
    proxy.talk_again()
    database.close()


def test_what_was_done_is_told_as_done(scenario: Scenario, proxy: PostgresqlProxy) -> None:
    """The connection dies after the commit: Keydesk looks, and answers as on any day."""
    proxy.cut_next_commit("after")
    answer = words_of(scenario.mia.type_command(LINE))
    assert "terraform prod" in answer
    assert "You wrote:" not in answer
    assert proxy.commits_cut == 1
    assert only(everything(scenario, KeyRequest)).name == "terraform prod"
    shows(scenario.owners_channel(), "asks for an API key")


def test_what_was_not_done_is_told_as_not_done(scenario: Scenario, proxy: PostgresqlProxy) -> None:
    """The connection dies before the commit: nothing was changed, and it can be sent again."""
    proxy.cut_next_commit("before")
    answer = words_of(scenario.mia.type_command(LINE))
    assert "nothing was changed by this click" in answer
    assert LINE in answer
    assert (proxy.commits_cut, everything(scenario, KeyRequest)) == (1, [])
    scenario.mia.type_command(LINE)
    assert only(everything(scenario, KeyRequest)).name == "terraform prod"


@pytest.mark.parametrize(("when", "found"), [("after", "It was: "), ("before", "It was not, please do it again: ")])
def test_what_nobody_knows_is_told_when_it_is_known(
    scenario: Scenario, proxy: PostgresqlProxy, when: Cut, found: str
) -> None:
    """While the database is away nobody claims to know; when it is back, whoever asked is told what is there."""
    scenario.bot.app.answer_seconds = 0.8
    proxy.cut_next_commit(when, stay_away=True)
    answer = words_of(scenario.mia.type_command(LINE))
    assert "It is not known whether this was done" in answer
    assert "nothing was changed" not in answer
    assert LINE in answer
    proxy.talk_again()
    wait_until(lambda: any("nobody knew" in words_of(each) for each in scenario.direct_messages(scenario.mia)))
    shows(scenario.direct_messages(scenario.mia), f"{found}{LINE}")
    assert len(everything(scenario, KeyRequest)) == (when == "after")


@pytest.mark.parametrize(("when", "found"), [("after", "It was: "), ("before", "It was not, please do it again: ")])
def test_what_nobody_knows_is_told_after_a_start(
    scenario: Scenario, proxy: PostgresqlProxy, tmp_path: Path, when: Cut, found: str
) -> None:
    """Keydesk stops while the database is away: who was told that nobody knows hears what there is after a start."""
    questions = OpenQuestions(tmp_path / "unknown", scenario.database.engine.url)
    with _served_by(scenario, questions) as bot:
        bot.app.answer_seconds = 0.8
        proxy.cut_next_commit(when, stay_away=True)
        assert "It is not known whether this was done" in words_of(scenario.mia.type_command(LINE))
    proxy.talk_again()
    with _served_by(scenario, questions) as bot:
        wait_until(lambda: bot.deliver() and found in str(scenario.mia.direct_messages()))
    assert list((tmp_path / "unknown").iterdir()) == []
    assert len(everything(scenario, KeyRequest)) == (when == "after")


def test_what_nobody_knows_is_told_by_another_replica(
    scenario: Scenario, proxy: PostgresqlProxy, tmp_path: Path
) -> None:
    """The replica that was asked stays away for good: one that runs beside it, with the same folder, asks on."""
    questions = OpenQuestions(tmp_path / "unknown", scenario.database.engine.url)
    with _served_by(scenario, questions) as bot:
        bot.app.answer_seconds = 0.8
        proxy.cut_next_commit("after", stay_away=True)
        assert "It is not known whether this was done" in words_of(scenario.mia.type_command(LINE))
        beside = Afterwards()
        following = scenario.bot.begin(follow_questions(scenario.desk, beside, questions, every=0.01))
        assert len(list((tmp_path / "unknown").iterdir())) == 1
    proxy.talk_again()
    wait_until(lambda: scenario.bot.deliver() and "It was: " in str(scenario.mia.direct_messages()))
    following.cancel()
    assert list((tmp_path / "unknown").iterdir()) == []


@contextmanager
def _served_by(scenario: Scenario, questions: OpenQuestions) -> Iterator[RunningBot]:
    bot = RunningBot(scenario.desk, slack_api_url=scenario.server.api_url, questions=questions)
    scenario.server.workspace.set_request_url(bot.url)
    try:
        yield bot
    finally:
        bot.stop()


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_form_that_is_sent_again_makes_one_request(scenario: Scenario, proxy: PostgresqlProxy, when: Cut) -> None:
    """Slack shows an error since our answer was lost too, and the person presses again in the same form."""
    scenario.mia.type_command("/keys request")
    scenario.bot.app.answer_seconds = 0.8
    proxy.cut_next_commit(when, stay_away=True)
    scenario.fault(method="delivery", kind="timeout", seconds=0, carried_out=True)
    filled = {"name": "grafana", "purpose": "Dashboards for all.", "pages": ["all"], "scopes": ["read"]}
    with pytest.raises(SandboxRefusedError):
        scenario.mia.submit(**filled)
    proxy.talk_again()
    scenario.bot.app.answer_seconds = 30
    assert scenario.mia.submit(**filled) == {}
    assert only(everything(scenario, KeyRequest)).name == "grafana"


def test_a_click_that_is_made_again_decides_once(scenario: Scenario, proxy: PostgresqlProxy) -> None:
    """Who approves while the answer is lost, and approves again, has approved once."""
    scenario.mia.type_command(LINE)
    card = shows(scenario.owners_channel(), "asks for an API key")
    proxy.cut_next_commit("after")
    scenario.omar.press("Approve", card)
    scenario.omar.press("Approve", card)
    assert len(everything(scenario, Ticket)) == 1
