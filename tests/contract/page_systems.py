"""Systems of record behind the page port, each as the contract suite drives it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import func, select

from desk.incidents.inputs import NewIncident
from desk.incidents.port import PagePort, port_of
from desk.status_page.components import ComponentView
from desk.status_page.incidents import IncidentView
from desk.status_page.pages import PageView
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Actor, Desk, Transaction
from storage.models import AuditEvent, Delivery, Incident, Revision, Role
from storage.signals import Topic
from tests.clock import HeldClock
from tests.factories import INES, add_component, add_grant, add_member, add_page

T = TypeVar("T")
INES_ACTS = Actor.member(INES)


class PageSystem(ABC):
    """A page in some system of record: API in the group Europe, Website and Search beside it."""

    desk: Desk
    page_id: str
    components: Mapping[str, str]
    """Name → id."""

    @property
    def clock(self) -> HeldClock:
        """The clock by which the desk and the system live."""
        assert isinstance(self.desk.clock, HeldClock)
        return self.desk.clock

    def write(self, work: Callable[[Transaction, PagePort], T]) -> T:
        """Let somebody do `work` through the page's port, within one transaction; then bring it to the system."""
        done = self.desk.write_now(INES_ACTS, lambda tx: work(tx, port_of(tx, self.page_id)))
        self.settle()
        return done

    def open(self, name: str = "Slow", **values: Any) -> str:
        """Open an incident through the port; gives its id."""
        new = NewIncident(**({"name": name, "body": "We look."} | values))
        return self.write(lambda tx, port: port.create_incident(tx, self.page_id, new).id)

    def incident(self, incident_id: str) -> IncidentView:
        """An incident as the system shows it to the public. Raises StopIteration when it does not."""
        return next(one for one in self.seen().incidents if one.id == incident_id)

    def component(self, name: str) -> ComponentView:
        """A component as the system shows it to the public."""
        return next(row for row in self.seen().components if row.name == name)

    def traces(self) -> tuple[int, ...]:
        """How many audit events and outbox rows there are, and the revision of the pages."""
        with self.desk.database.read() as session:
            counts = [
                session.scalar(select(func.count()).select_from(table)) or 0 for table in (AuditEvent, Delivery)
            ]
            return (*counts, session.get_one(Revision, Topic.PAGES).value)

    @abstractmethod
    def settle(self) -> None:
        """Bring what was written to the system of record."""

    @abstractmethod
    def seen(self) -> PageView:
        """What the system of record shows the public now."""

    @abstractmethod
    def fields(self, incident_id: str) -> Mapping[str, Any]:
        """Those fields of an incident that only clients of the API see, under the API's names."""


class LocalSystem(PageSystem):
    """The embedded page: its record is the desk's own database."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        with desk.database.write() as session:
            page, now = add_page(session, desk.clock.now(), announcement_channel="C0STATUS01"), desk.clock.now()
            group = add_component(session, page, now, name="Europe", group=True, position=1)
            rows = [
                add_component(session, page, now, name="API", group_id=group.id, position=1),
                add_component(session, page, now, name="Website", position=2),
                add_component(session, page, now, name="Search", position=3),
            ]
            add_member(session, INES, now)
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
                add_grant(session, INES, role, now, page_id=page.id)
            self.page_id = page.id
            self.components = {row.name: row.id for row in (group, *rows)}

    def settle(self) -> None:
        """It is there already."""

    def seen(self) -> PageView:
        """As the public documents are drawn from it."""

        def read(tx: Transaction) -> PageView:
            [page] = list_public_pages(tx.session)
            return read_page_view(tx.session, page, tx.now)

        return self.desk.read_now(INES_ACTS, read)

    def fields(self, incident_id: str) -> Mapping[str, Any]:
        """From the incident's row."""
        with self.desk.database.read() as session:
            row = session.get_one(Incident, incident_id)
            return {
                column.name: getattr(row, prop.key)
                for prop in Incident.__mapper__.column_attrs
                for column in prop.columns
            }


SYSTEMS: Mapping[str, Callable[[Desk], PageSystem]] = {"local": LocalSystem}
"""Every system of record that Keydesk can keep a page in."""
