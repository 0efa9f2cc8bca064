"""A page in Zurich with maintenances on it, for tests of what they do by themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import get_incident, list_updates
from desk.incidents.maintenances.runs import sweep_maintenances
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    Role,
)
from tests.clock import HeldClock
from tests.factories import INES, add_component, add_grant, add_member, add_page

T = TypeVar("T")
SWEEP = Actor.job(JobName.SWEEP)
OPERATOR = Actor.operator("ann")
INES_ACTS = Actor.member(INES)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LEAD, LENGTH = 2 * HOUR, 2 * HOUR
"""The usual maintenance begins two hours after it was made (12:00 in Zurich) and takes as long."""


@dataclass(frozen=True, slots=True)
class Maintenances:
    """A desk with a page; Ines may do everything on it."""

    desk: Desk
    page: str
    components: dict[str, str]

    def do(self, work: Callable[[Transaction], T], who: Actor = INES_ACTS) -> T:
        """`work` in one write transaction, as Ines unless told otherwise."""
        return self.desk.write_now(who, work)

    def plan(self, *about: str, lead: timedelta = LEAD, length: timedelta = LENGTH, **flags: bool) -> str:
        """Schedule a maintenance of some components (all, where none is named); gives its id."""
        start = self.desk.clock.now() + lead
        new = NewIncident(
            name="Upgrade",
            body="We upgrade.",
            components={self.components[name]: None for name in about or self.components},
            schedule=Schedule(scheduled_for=start, scheduled_until=start + length, **flags),
        )
        # Announced a minute ago: what is said now comes after it.
        return self.do(lambda tx: create_incident(replace(tx, now=tx.now - MINUTE), self.page, new).id)

    def move(self, incident_id: str, by: timedelta) -> None:
        """Reschedule a maintenance, without a word."""
        row = self.read(incident_id)
        assert row.scheduled_for is not None and row.scheduled_until is not None
        window = Schedule(scheduled_for=row.scheduled_for + by, scheduled_until=row.scheduled_until + by)
        self.change(incident_id, schedule=window)

    def change(self, incident_id: str, **values: Any) -> IncidentUpdate | None:
        """What Ines does by hand."""
        return self.do(lambda tx: update_incident(tx, incident_id, IncidentChange(**values)))

    def break_down(self, name: str, status: ComponentStatus = ComponentStatus.MAJOR_OUTAGE) -> str:
        """Open an incident that brings a component into a state; gives its id."""
        new = NewIncident(name="Down", body="We look.", components={self.components[name]: status})
        return self.do(lambda tx: create_incident(tx, self.page, new).id)

    def sweep(self) -> int:
        """Sweep until nothing is left; gives how many steps were made."""
        for total in range(50):
            if not self.desk.write_now(SWEEP, sweep_maintenances):
                return total
        raise AssertionError("there is always more to do")

    def sweep_at(self, instant: datetime) -> int:
        """Sweep when it is so late; gives how many steps were made."""
        assert isinstance(self.desk.clock, HeldClock)
        self.desk.clock.set(instant)
        return self.sweep()

    def read(self, incident_id: str) -> Incident:
        """An incident as it is now."""
        with self.desk.database.read() as session:
            return get_incident(session, incident_id)

    def updates(self, incident_id: str) -> Sequence[IncidentUpdate]:
        """What was said after the announcement, in order."""
        with self.desk.database.read() as session:
            return list(reversed(list_updates(session, [incident_id])))[1:]

    def said(self, incident_id: str) -> list[tuple[IncidentStatus, str]]:
        """Status and words of what was said after the announcement."""
        return [(IncidentStatus(row.status), row.body) for row in self.updates(incident_id)]

    def steps(self, incident_id: str) -> list[str]:
        """The statuses of what was said after the announcement."""
        return [str(row.status) for row in self.updates(incident_id)]

    def states(self) -> dict[str, str]:
        """The components' states, by name."""
        with self.desk.database.read() as session:
            return {row.name: str(row.status) for row in session.scalars(select(Component))}

    def history(self, name: str) -> list[tuple[Any, str]]:
        """When a component came into which state."""
        changes = select(ComponentStatusChange).where(ComponentStatusChange.component_id == self.components[name])
        with self.desk.database.read() as session:
            return [(row.at, str(row.status)) for row in session.scalars(changes.order_by(ComponentStatusChange.id))]


def set_maintenances(desk: Desk, *names: str) -> Maintenances:
    """A page with components (API and Website, where none are named)."""
    now = desk.clock.now()
    with desk.database.write() as session:
        page = add_page(session, now, time_zone="Europe/Zurich")
        add_member(session, INES, now)
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
            add_grant(session, INES, role, now, page_id=page.id)
        rows = [
            add_component(session, page, now, name=name, position=position)
            for position, name in enumerate(names or ("API", "Website"), start=1)
        ]
        return Maintenances(desk, page.id, {row.name: row.id for row in rows})
