"""The stage of a story: a fresh workspace, a fresh database, the real bot, and people to act."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.app import HttpSettings
from sandbox.player import Control, Json, Player, words_of
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Role
from tests.clock import MONDAY_MORNING, HeldClock
from tests.databases import url_on_sqlite
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, add_grant, add_page, make_member
from tests.policies import policy_of
from tests.scenario.running import PublishingBot, RunningBot

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
OWNERS_CHANNEL = "C0OWNERS01"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a story needs. Time stands still until the story moves `clock`; messages go out at `deliver()`."""

    control: Control
    server: SandboxServer
    bot: RunningBot
    desk: Desk
    clock: HeldClock

    @property
    def database(self) -> Database:
        """The bot's database."""
        return self.desk.database

    @property
    def olivia(self) -> Player:
        """An owner."""
        return self.control.person(OLIVIA)

    @property
    def omar(self) -> Player:
        """Another owner."""
        return self.control.person(OMAR)

    @property
    def mia(self) -> Player:
        """A member."""
        return self.control.person(MIA)

    @property
    def max(self) -> Player:
        """Another member."""
        return self.control.person(MAX)

    @property
    def ines(self) -> Player:
        """A third member."""
        return self.control.person(INES)

    @property
    def page(self) -> PublishingBot:
        """The bot with its page and its API, for stories that are marked with `page`."""
        assert isinstance(self.bot, PublishingBot), "this story has no page: mark it with @pytest.mark.page"
        return self.bot

    def person(self, user_id: str) -> Player:
        """Anybody."""
        return self.control.person(user_id)

    def deliver(self) -> int:
        """Deliver what is due; gives the number of outbox rows dealt with."""
        return self.bot.deliver()

    def owners_channel(self) -> list[Json]:
        """The owners' channel as Olivia sees it, after delivery."""
        self.deliver()
        return self.olivia.messages(OWNERS_CHANNEL)

    def direct_messages(self, player: Player) -> list[Json]:
        """A person's conversation with the bot, after delivery."""
        self.deliver()
        return player.direct_messages()

    def calls(self, method: str) -> list[Json]:
        """The bot's calls of a Web API method so far, from the sandbox's journal."""
        return self.control.journal(kind="api", method=method)

    def violations(self) -> list[Json]:
        """What Slack would not have accepted of the bot."""
        return self.control.journal(kind="violation")

    def fault(self, **fault: Any) -> None:
        """Let Slack fail (see the sandbox's PROTOCOL.md)."""
        self.control.call("POST", "faults", fault)

    def wire(self) -> str:
        """Everything that went over the wire, as one text to search in."""
        return json.dumps(self.control.journal(), ensure_ascii=False)


def shows(messages: list[Json], *words: str) -> Json:
    """The newest message with all these words. Fails, showing what there is, when none has them."""
    for message in reversed(messages):
        if all(word in words_of(message) for word in words):
            return message
    seen = "\n".join(f"- {words_of(message)}" for message in messages)
    pytest.fail(f"no message with {words} in:\n{seen}")


@pytest.fixture(scope="session")
def slack_server() -> Iterator[SandboxServer]:
    """One local Slack workspace for this test process; each story finds it as seeded."""
    with SandboxServer(manifest=MANIFEST) as server:
        # How long an answer takes on a crowded test machine says nothing about the bot.
        server.workspace.timing.acknowledge_within = PATIENCE_SECONDS
        server.workspace.timing.trigger_lifetime = PATIENCE_SECONDS
        yield server


database_url = url_on_sqlite
"""Stories tell what people see and do. What their clicks ask the database is asked of both where it is decided, in
`tests/unit/desk`."""


@pytest.fixture
def policy() -> Policy:
    """Requests go to the owners' channel; a story may define another policy."""
    return policy_of(owners_channel=OWNERS_CHANNEL, never_used_after=timedelta())


@pytest.fixture
def http_settings() -> HttpSettings:
    """The page's and the API's; a story may define others."""
    return HttpSettings()


@pytest.fixture
def scenario(
    request: pytest.FixtureRequest,
    slack_server: SandboxServer,
    database: Database,
    clock: HeldClock,
    policy: Policy,
    http_settings: HttpSettings,
) -> Iterator[Scenario]:
    """The stage, with the page Acme and the workspace's people known to the desk; Olivia and Omar are owners.

    Keeping a page up to date costs twice as much as all the rest: only stories marked with `page` have one.
    """
    slack_server.workspace.reset()
    desk = Desk(database, clock, policy)
    with database.write() as session:
        add_page(session, MONDAY_MORNING)
        _introduce_people(session, slack_server)
    make_bot = PublishingBot if request.node.get_closest_marker("page") else RunningBot
    bot = make_bot(desk, slack_api_url=slack_server.api_url, settings=http_settings)
    slack_server.workspace.set_request_url(bot.url)
    try:
        yield Scenario(Control(slack_server.url), slack_server, bot, desk, clock)
    finally:
        bot.stop()


def _introduce_people(session: Session, server: SandboxServer) -> None:
    session.add_all(
        make_member(
            person.id,
            MONDAY_MORNING,
            name=person.real_name,
            team_id=person.team_id,
            is_bot=person.is_bot,
            is_deleted=person.deleted,
            is_guest=person.is_restricted,
            is_foreign=person.is_stranger,
        )
        for person in server.workspace.people.values()
    )
    session.flush()
    for owner in (OLIVIA, OMAR):
        add_grant(session, owner, Role.OWNER, MONDAY_MORNING)
