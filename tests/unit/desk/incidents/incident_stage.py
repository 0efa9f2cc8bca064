"""A page with people and components, for tests of incidents: whoever acts does one thing in one transaction."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from desk.errors import KeydeskError
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    AuditEvent,
    Delivery,
    Incident,
    IncidentUpdate,
    Page,
    Role,
    SlackMessage,
)
from tests.factories import INES, MAX, MIA, OLIVIA, add_component, add_grant, add_member, add_owner, add_page

T = TypeVar("T")
STATUS = "C0STATUS01"
SWEEP = Actor.job(JobName.SWEEP)
PEOPLE: Mapping[str, str] = {OLIVIA: "Olivia", INES: "Ines", MAX: "Max", MIA: "Mia"}


@dataclass(frozen=True, slots=True)
class IncidentStage:
    """Olivia is an owner, Ines and Max publish everything on the page, Mia nothing."""

    desk: Desk
    page: str
    components: tuple[str, ...]

    def do(self, who: str | Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in a write transaction of a member or another actor."""
        return self.desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)

    def see(self, who: str | Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in a read transaction of a member or another actor."""
        return self.desk.read_now(Actor.member(who) if isinstance(who, str) else who, work)

    def open(self, who: str | Actor = INES, **values: Any) -> str:
        """Open an incident; gives its id."""
        new = NewIncident(**({"name": "Slow", "body": "We look."} | values))
        return self.do(who, lambda tx: create_incident(tx, self.page, new).id)

    def change(self, incident_id: str, who: str | Actor = INES, **values: Any) -> IncidentUpdate | None:
        """Change an incident."""
        return self.do(who, lambda tx: update_incident(tx, incident_id, IncidentChange(**values)))

    def set_page(self, **values: Any) -> None:
        """Set fields of the page."""
        with self.desk.database.write() as session:
            for name, value in values.items():
                setattr(session.get_one(Page, self.page), name, value)

    def incident(self, incident_id: str) -> Incident:
        """An incident as it is now."""
        with self.desk.database.read() as session:
            return session.get_one(Incident, incident_id)

    def all(self, model: type[T]) -> Sequence[T]:
        """Every row of a table."""
        with self.desk.database.read() as session:
            return session.scalars(select(model)).all()

    def cards(self, kind: str) -> list[SlackMessage]:
        """Messages of a kind that were sent or are on their way, the oldest first."""
        with self.desk.database.read() as session:
            cards = select(SlackMessage).where(SlackMessage.kind == kind)
            return list(session.scalars(cards.order_by(SlackMessage.created_at, SlackMessage.conversation)))

    def outbox(self) -> list[str]:
        """The kind of message that each outbox row shows, in order."""
        with self.desk.database.read() as session:
            kinds = select(SlackMessage.kind).join(Delivery, Delivery.subject == SlackMessage.id)
            return list(session.scalars(kinds.order_by(Delivery.id)))

    def recorded(self, *actions: str) -> int:
        """How often any of these was recorded."""
        return sum(event.action in actions for event in self.all(AuditEvent))


def set_incident_stage(desk: Desk, *, channel: str | None = STATUS, components: int = 3) -> IncidentStage:
    """The stage, with as many operational components."""
    now = desk.clock.now()
    with desk.database.write() as session:
        page = add_page(session, now, announcement_channel=channel)
        for user_id, name in PEOPLE.items():
            (add_owner if user_id == OLIVIA else add_member)(session, user_id, now, name=name)
        for user_id in (INES, MAX):
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
                add_grant(session, user_id, role, now, page_id=page.id)
        rows = [add_component(session, page, now, name=f"C{place}", position=place) for place in range(components)]
        return IncidentStage(desk, page.id, tuple(row.id for row in rows))


def at_once(*works: Callable[[], T]) -> list[T | KeydeskError]:
    """Run all in threads that start together; gives what each returned, or how it was refused."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | KeydeskError:
        barrier.wait(10)
        try:
            return work()
        except KeydeskError as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as threads:
        return [future.result(30) for future in [threads.submit(run, work) for work in works]]
