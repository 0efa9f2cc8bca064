"""Whom the desk has met, and what is remembered of that."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import event

from desk.transaction import Desk
from handlers.slack.directory.reading import Acquaintances
from tests.clock import HeldClock
from tests.factories import add_member


class SilentSlack(AsyncWebClient):
    """Slack, which does not answer."""

    asked = 0

    async def users_info(self, **_options: object) -> object:  # type: ignore[override]
        """Nothing comes back."""
        self.asked += 1
        raise TimeoutError

    async def auth_test(self, **_options: object) -> object:  # type: ignore[override]
        """The same."""
        self.asked += 1
        raise TimeoutError


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(desk.database.engine, "before_cursor_execute", note)


@pytest.fixture
def people(desk: Desk, clock: HeldClock) -> list[str]:
    """Three members of whom Slack told just now."""
    names = ["U0MIA", "U0MAX", "U0INES"]
    with desk.database.write() as session:
        for name in names:
            add_member(session, name, clock.now())
    return names


async def test_whom_the_desk_met_is_looked_up_once(desk: Desk, people: list[str], clock: HeldClock) -> None:
    """The database is asked at the first click, and again once what Slack told is a week old; then Slack is, too."""
    known, slack = Acquaintances(), SilentSlack()
    with statements(desk) as asked:
        await known(slack, desk, people[0])
        assert asked
        asked.clear()
        clock.advance(timedelta(days=6))
        await known(slack, desk, people[0])
        assert (asked, slack.asked) == ([], 0)
        clock.advance(timedelta(days=1))
        await known(slack, desk, people[0])
        assert asked
        assert slack.asked == 1


async def test_of_very_many_people_the_last_are_remembered(desk: Desk, people: list[str]) -> None:
    """Who does not fit any more is looked up again."""
    known, slack = Acquaintances(most=2), SilentSlack()
    for person in people:
        await known(slack, desk, person)
    with statements(desk) as asked:
        await known(slack, desk, people[1])
        await known(slack, desk, people[2])
        assert asked == []
        await known(slack, desk, people[0])
        assert asked
