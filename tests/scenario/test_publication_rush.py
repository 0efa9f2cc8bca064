"""A bad day: several people and the clock change one page at once on two replicas, and one of these is killed."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.audit.chain import verify
from desk.incidents.inputs import NewIncident, Schedule
from desk.incidents.lookup import list_updates
from desk.incidents.port import port_of
from desk.transaction import Actor, Transaction
from handlers.jobs.sweep import sweep
from sandbox.player import NotOnScreenError, Player, SandboxRefusedError, find_label, words_of
from sandbox.server import SandboxServer
from storage.models import (
    AuditEvent,
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentStatus,
    IncidentUpdate,
)
from tests.factories import INES, MAX, MIA
from tests.scenario.keydesk_processes import Keydesk, Town, read_log, seeded
from tests.waiting import wait_until

PEOPLE = [INES, MAX, MIA]
INCIDENTS = 8
MAINTENANCES = 4
ALL_THE_SAME = "It is something else: open a new one"


@pytest.fixture
def town(slack_server: SandboxServer, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """The page, its components and three people who manage its incidents."""
    with seeded(slack_server, database_url, tmp_path, PEOPLE) as town:
        town.socket_mode = True
        yield town


class Manager:
    """Somebody who opens, updates and resolves incidents, and does again what was not answered."""

    def __init__(self, town: Town, user_id: str, names: list[str]) -> None:
        self._player: Player = town.person(user_id)
        self._components = list(town.components)
        self._names = names
        self.published = 0

    def __call__(self) -> None:
        """One incident after the other."""
        for number, name in enumerate(self._names):
            first, second = self._components[number % 3].lower(), self._components[(number + 1) % 3].lower()
            self._publish(f'/incident new "{name}" component:{first}=partial component:{second}=degraded We look.')
            self._publish(f'/incident update "{name}" component:{first}=down monitoring We see it.')
            self._publish(f'/incident resolve "{name}" component:{first}=up component:{second}=up It is over.')

    def _publish(self, line: str) -> None:
        """Type until there is a window, then press until it says that this is public."""
        while not self._is_public():
            modal = next(reversed(self._player.views()), None)
            label = next((label for label in (ALL_THE_SAME, "Publish") if modal and find_label(modal, label)), None)
            if modal is not None and label is not None:
                self._try(partial(self._player.press, label, modal))
                continue
            # Nothing is there yet, or it was refused because the page changed since it was written: written anew.
            self._close_all()
            self._try(partial(self._player.type_command, line))
        self.published += 1
        self._close_all()

    def _close_all(self) -> None:
        while self._player.views():
            self._try(self._player.close)

    def _is_public(self) -> bool:
        words = words_of(self._player.views()[-1:])
        return "is on the page" in words or "was published already" in words

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (SandboxRefusedError, NotOnScreenError):
            # The replica was killed before it answered, or what it did was seen in the meantime.
            return


def _plan_maintenances(town: Town) -> None:
    """Short ones, one after the other and on the same components as the incidents."""

    def work(tx: Transaction) -> None:
        for number in range(MAINTENANCES):
            begins = datetime.now(UTC) + timedelta(seconds=0.5 + number)
            # Longer than a sweep may be late on a crowded machine: one that is missed whole is closed at once.
            schedule = Schedule(
                scheduled_for=begins, scheduled_until=begins + timedelta(seconds=8), remind_prior=False
            )
            new = NewIncident(
                name=f"Maintenance {number}",
                body="We move.",
                schedule=schedule,
                components=dict.fromkeys(list(town.components.values())[:2]),
            )
            port_of(tx, town.page_id).create_incident(tx, town.page_id, new)

    town.desk.write_now(Actor.member(INES), work)


def _rush(town: Town, workers: list[Callable[[], None]], meanwhile: Callable[[], None]) -> None:
    """Everybody works, two clocks sweep, and something happens meanwhile."""
    over = threading.Event()
    errors: list[BaseException] = []

    def sweep_on() -> None:
        while not over.is_set():
            asyncio.run(sweep(town.desk, datetime.now(UTC)))
            over.wait(0.1)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    sweepers = [threading.Thread(target=guarded, args=(sweep_on,)) for _ in range(2)]
    busy = [threading.Thread(target=guarded, args=(work,)) for work in workers]
    for thread in (*sweepers, *busy):
        thread.start()
    try:
        meanwhile()
        for thread in busy:
            thread.join(120)
            assert not thread.is_alive()
        wait_until(lambda: {row.status for row in _maintenances(town)} == {"completed"}, 60)
    finally:
        over.set()
        for thread in sweepers:
            thread.join(30)
    assert errors == []


def _maintenances(town: Town) -> list[Incident]:
    return [row for row in town.rows(Incident) if row.scheduled_for is not None]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_everything_is_published_once(town: Town) -> None:
    """However the rush went, each thing is in the database, on both replicas and in the channel exactly once."""
    first, second = (town.start(replaces=False) for _ in range(2))
    _plan_maintenances(town)
    names = [f"Story {number:02}" for number in range(INCIDENTS)]
    managers = [Manager(town, user_id, names[index::3]) for index, user_id in enumerate(PEOPLE)]
    replaced: list[Keydesk] = []

    def replace_one() -> None:
        wait_until(lambda: sum(manager.published for manager in managers) >= INCIDENTS, 120)
        town.end(first)
        replaced.append(town.start(replaces=False))

    _rush(town, list(managers), replace_one)
    wait_until(lambda: {row.status for row in _maintenances(town)} == {IncidentStatus.COMPLETED}, 60)
    wait_until(lambda: {row.status for row in town.rows(Delivery)} == {DeliveryStatus.SENT}, 60)
    _check_database(town, names)
    _check_history(town)
    _check_channel(town)
    for keydesk in (second, *replaced):
        _check_public(town, keydesk)
    for log in town.folder.glob("keydesk-*.log"):
        assert [line for line in read_log(log) if line["level"] in ("error", "critical")] == []
        assert "deadlock" not in log.read_text(encoding="utf-8")


def _check_database(town: Town, names: list[str]) -> None:
    stories = [row for row in town.rows(Incident) if row.scheduled_for is None]
    assert sorted(row.name for row in stories) == names
    for incident, course in [
        *((story, ["investigating", "monitoring", "resolved"]) for story in stories),
        *((maintenance, ["scheduled", "in_progress", "completed"]) for maintenance in _maintenances(town)),
    ]:
        with town.database.read() as session:
            said = list_updates(session, [incident.id])
        assert [str(update.status) for update in reversed(said)] == course
        assert incident.status == course[-1]
    actions = Counter(row.action for row in town.rows(AuditEvent))
    assert actions["draft.published"] == 3 * INCIDENTS
    assert actions["incident.created"] == INCIDENTS + MAINTENANCES
    assert actions["incident.updated"] == 2 * (INCIDENTS + MAINTENANCES)
    assert actions["component.changed"] == len(town.rows(ComponentStatusChange))
    assert town.desk.read_now(Actor.operator("test"), verify).is_intact


def _check_history(town: Town) -> None:
    """Each component's history is a chain of changes, in the order of time, that ends with its state."""
    by_time = select(ComponentStatusChange).order_by(ComponentStatusChange.at, ComponentStatusChange.id)
    with town.database.read() as session:
        changes = session.scalars(by_time).all()
        components = session.scalars(select(Component)).all()
    for component in components:
        own = [change for change in changes if change.component_id == component.id]
        assert [change.id for change in own] == sorted(change.id for change in own)
        states = [ComponentStatus.OPERATIONAL, *(ComponentStatus(change.status) for change in own)]
        assert all(before != after for before, after in pairwise(states)), component.name
        assert states[-1] == component.status, component.name


def _check_channel(town: Town) -> None:
    said = Counter(row.incident_id for row in town.rows(IncidentUpdate))
    names = {row.name: row.id for row in town.rows(Incident)}
    shown: Counter[str] = Counter()
    heads = town.heads()
    for head in heads:
        (name,) = (name for name in names if name in words_of(head))
        shown[names[name]] = len(town.replies(head))
        assert ("Resolved" if name.startswith("Story") else "Completed") in words_of(head)
    assert len(heads) == len(names)
    assert shown == said


def _check_public(town: Town, keydesk: Keydesk) -> None:
    """A replica shows what the database has."""
    said = {row.id: (row.incident_id, row.status, row.body) for row in town.rows(IncidentUpdate)}
    states = {row.name: str(row.status) for row in town.rows(Component)}

    def agrees() -> bool:
        shown = {
            one["id"]: (one["incident_id"], one["status"], one["body"])
            for path in ("incidents", "scheduled-maintenances")
            for incident in json.loads(keydesk.get(f"/api/v2/{path}.json")[1])[path.replace("-", "_")]
            for one in incident["incident_updates"]
        }
        summary = json.loads(keydesk.get("/api/v2/summary.json")[1])
        return shown == said and {row["name"]: row["status"] for row in summary["components"]} == states

    wait_until(agrees)
