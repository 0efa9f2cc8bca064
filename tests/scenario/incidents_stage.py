"""What stories about incidents have in common: a page with components, people with roles, and readers."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from handlers.jobs.sweep import sweep
from sandbox.player import Json
from storage.models import Component, Grant, Incident, Page, Role
from tests.clock import MONDAY_MORNING
from tests.factories import INES, MAX, add_component, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.waiting import wait_until

STATUS_CHANNEL = "C0STATUS01"
CHECKOUT = '/incident new "Checkout errors" component:checkout=partial_outage We look.'


@dataclass(frozen=True, slots=True)
class Stage:
    """The page Acme: Website, and the group API with Checkout and Search. Ines and Max manage incidents."""

    scenario: Scenario
    page_id: str
    components: dict[str, str]
    """Name → id."""

    def channel(self) -> list[Json]:
        """The announcement channel without threads, after delivery, as Ines sees it."""
        self.scenario.deliver()
        return [
            message
            for message in self.scenario.ines.messages(STATUS_CHANNEL)
            if message.get("thread_ts", message["ts"]) == message["ts"]
        ]

    def thread(self) -> list[Json]:
        """The replies in the announcement channel, after delivery."""
        self.scenario.deliver()
        return [
            message
            for message in self.scenario.ines.messages(STATUS_CHANNEL)
            if message.get("thread_ts", message["ts"]) != message["ts"]
        ]

    def get(self, path: str) -> str:
        """What a reader gets from the running page."""
        where = urlsplit(self.scenario.page.base_url)
        connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def summary(self) -> Json:
        """The page's `summary.json` as it is now; what was published a moment ago may not be in it yet."""
        found: Json = json.loads(self.get("/api/v2/summary.json"))
        return found

    def wait_for_summary(self, shows: Callable[[Json], bool]) -> Json:
        """The page's `summary.json` once it shows what is expected."""
        return wait_until(lambda: found if shows(found := self.summary()) else None) or {}

    def wait_for_state(self, name: str, status: str) -> None:
        """Wait until the public JSON has a component in a state."""
        self.wait_for_summary(lambda found: self.states(found).get(name) == status)

    def states(self, summary: Json | None = None) -> dict[str, str]:
        """Components' states by the public JSON, by name."""
        rows = (summary or self.summary())["components"]
        return {row["name"]: row["status"] for row in rows}

    def wait_for_page(self, path: str, *words: str) -> str:
        """A public document once it holds all these words."""
        return wait_until(lambda: text if all(word in (text := self.get(path)) for word in words) else "")

    def set_page(self, **values: Any) -> None:
        """Change the page's own settings."""
        with self.scenario.database.write() as session:
            for name, value in values.items():
                setattr(session.get_one(Page, self.page_id), name, value)

    def sweep(self) -> None:
        """Let time do its work, as the scheduler does each minute."""
        self.scenario.bot.call(sweep(self.scenario.desk, self.scenario.clock.now()))

    def end_grants(self, user_id: str) -> None:
        """Take every role from somebody."""
        with self.scenario.database.write() as session:
            for grant in session.scalars(select(Grant).where(Grant.subject_id == user_id)):
                grant.ended_at = self.scenario.clock.now()

    def grant(self, user_id: str, role: Role) -> None:
        """Give somebody a role on the page."""
        with self.scenario.database.write() as session:
            add_grant(session, user_id, role, MONDAY_MORNING, page_id=self.page_id)


def set_stage(scenario: Scenario) -> Stage:
    """Seed the page of a story."""
    now = MONDAY_MORNING
    with scenario.database.write() as session:
        page = session.scalars(select(Page)).first() or add_page(session, now)
        page.announcement_channel = STATUS_CHANNEL
        group = add_component(session, page, now, name="API", group=True, position=2)
        rows: list[Component] = [
            add_component(session, page, now, name="Website", position=1),
            add_component(session, page, now, name="Checkout", group_id=group.id, position=1),
            add_component(session, page, now, name="Search", group_id=group.id, position=2),
        ]
        for user_id in (INES, MAX):
            add_grant(session, user_id, Role.INCIDENT_MANAGER, now, page_id=page.id)
        return Stage(scenario, page.id, {row.name: row.id for row in rows})


def publish(stage: Stage, line: str) -> Incident:
    """Ines types a line and publishes its preview; gives the incident that changed last."""
    ines = stage.scenario.ines
    ines.type_command(line)
    ines.press("Publish", ines.modal)
    while ines.views():
        ines.close()
    with stage.scenario.database.read() as session:
        newest = select(Incident).order_by(Incident.updated_at.desc(), Incident.number.desc())
        found: Incident = session.scalars(newest).first() or pytest.fail("nothing was published")
        return found
