"""Systems of record behind the page port, each as the contract suite drives it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from sqlalchemy import func, select

from desk.incidents.inputs import NewIncident
from desk.incidents.port import PagePort, port_of
from desk.policy import Policy
from desk.status_page.components import ComponentView
from desk.status_page.incidents import IncidentView
from desk.status_page.pages import PageView
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Actor, Desk, JobName, Transaction
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import copy_pages
from handlers.delivery.worker import OutboxWorker
from handlers.http.gateway.connections import ConnectionBook
from handlers.jobs.copies import follow_upstream
from handlers.upstream.client import ReqwestClient
from handlers.upstream.reading import UpstreamReader
from storage.database import Database
from storage.models import (
    AuditEvent,
    Channel,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentUpdate,
    Page,
    Revision,
    Role,
)
from storage.signals import Topic
from tests.clock import HeldClock
from tests.contract.gateway_stage import EVERYTHING, OPERATOR, mint
from tests.contract.statuspage_elsewhere import ServedElsewhere, connection_to, deliverer_to
from tests.databases import ORGANIZATION, copy_sqlite
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

    def link_of(self, incident_id: str) -> str:
        """The address at which the desk says that the public reads of an incident."""
        with self.desk.database.read() as session:
            return session.get_one(Incident, incident_id).shortlink

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what it holds."""

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

    def __init__(self, desk: Desk, _folder: Path, _template: Path) -> None:
        self.desk = desk
        self.page_id, self.components = _furnish(desk, announcement_channel=CHANNEL)
        _appoint(desk, self.page_id)
        self._last: PageView | None = None

    def settle(self) -> None:
        """It is there already."""

    def seen(self) -> PageView:
        """As the public documents are drawn from it: the same when only what changed since the last look is read."""

        def read(tx: Transaction) -> PageView:
            [page] = list_public_pages(tx.session)
            whole = read_page_view(tx.session, page, tx.now)
            assert read_page_view(tx.session, page, tx.now, self._last) == whole
            self._last = whole
            return whole

        return self.desk.read_now(INES_ACTS, read)

    def fields(self, incident_id: str) -> Mapping[str, Any]:
        """From the incident's row."""
        return _fields_of(self.desk, incident_id)


class AtlassianSystem(PageSystem):
    """A page that a Statuspage elsewhere keeps: Keydesk's own API plays it, on a socket and a database of its own."""

    def __init__(self, desk: Desk, folder: Path, template: Path) -> None:
        self.desk = desk
        self._database = Database.from_url(copy_sqlite(template, folder)).of(ORGANIZATION)
        self.there = Desk(self._database, desk.clock, Policy())
        self.page_id, self.components = _furnish(self.there)
        secret = mint(self.there, EVERYTHING)
        self._served = ServedElsewhere(self.there)
        self._runner = asyncio.Runner()
        self._client = ReqwestClient()
        self._copy(secret)
        self._connection = connection_to(self._served.url, desk.clock, secret)
        deliverer = deliverer_to(self._client, self._connection, desk.clock)
        self._worker = OutboxWorker(desk, {Channel.ATLASSIAN: deliverer})

    def _copy(self, secret: str) -> None:
        url = self._served.url
        pages = self._runner.run(UpstreamReader(self._client, url, secret).read_pages())

        def connect(tx: Transaction) -> None:
            connect_upstream(tx, url)

        self.desk.write_now(OPERATOR, connect)
        self.desk.write_now(Actor.job(JobName.COPIES), lambda tx: copy_pages(tx, pages))
        with self.desk.database.write() as session:
            session.get_one(Page, self.page_id).announcement_channel = CHANNEL
        _appoint(self.desk, self.page_id)

    def follow(self) -> bool:
        """Copy what it has by now."""
        book = cast(ConnectionBook, SimpleNamespace(find=lambda _organization: self._connection))
        return self._runner.run(follow_upstream(self._client, book, self.desk, lambda *_: None))

    def close(self) -> None:
        """Stop the Statuspage."""
        self._runner.run(self._client.close())
        self._runner.close()
        self._served.stop()
        self._database.close()

    def settle(self) -> None:
        """Deliver what it is owed, all of which it takes."""
        self._runner.run(self._worker.deliver_due())
        with self.desk.database.read() as session:
            owed = select(Delivery.last_error).where(Delivery.channel == Channel.ATLASSIAN)
            assert session.scalars(owed.where(Delivery.status != DeliveryStatus.SENT)).all() == []

    def seen(self) -> PageView:
        """As its public documents are drawn there, under the ids that things have here."""

        def read(tx: Transaction) -> PageView:
            [page] = list_public_pages(tx.session)
            return read_page_view(tx.session, page, tx.now)

        view = self.there.read_now(OPERATOR, read)
        assert self.desk.read_now(OPERATOR, lambda tx: list_public_pages(tx.session)) == []
        return replace(view, incidents=tuple(map(self._as_here, view.incidents)))

    def _as_here(self, view: IncidentView) -> IncidentView:
        with self.desk.database.read() as session:
            row = session.scalars(select(Incident).where(Incident.upstream_id == view.id)).one()
            updates = select(IncidentUpdate.upstream_id, IncidentUpdate.id).where(
                IncidentUpdate.incident_id == row.id
            )
            ids = dict(session.execute(updates).all())
        told = tuple(replace(one, id=ids[one.id] or "") for one in view.updates)
        return replace(view, id=row.id, version=row.version, updates=told)

    def fields(self, incident_id: str) -> Mapping[str, Any]:
        """From the row there, without the mark by which Keydesk knows it again."""
        with self.desk.database.read() as session:
            upstream_id = session.get_one(Incident, incident_id).upstream_id
        fields = dict(_fields_of(self.there, upstream_id or ""))
        assert fields["metadata"].pop("keydesk") == {"incident": incident_id}
        return fields


CHANNEL = "C0STATUS01"


def _furnish(desk: Desk, **values: object) -> tuple[str, Mapping[str, str]]:
    """The page, and its components by name."""
    with desk.database.write() as session:
        page, now = add_page(session, desk.clock.now(), **values), desk.clock.now()
        group = add_component(session, page, now, name="Europe", group=True, position=1)
        rows = [
            add_component(session, page, now, name="API", group_id=group.id, position=1),
            add_component(session, page, now, name="Website", position=2),
            add_component(session, page, now, name="Search", position=3),
        ]
        return page.id, {row.name: row.id for row in (group, *rows)}


def _appoint(desk: Desk, page_id: str) -> None:
    with desk.database.write() as session:
        add_member(session, INES, desk.clock.now())
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER, Role.PAGE_CONFIGURATION):
            add_grant(session, INES, role, desk.clock.now(), page_id=page_id)


def _fields_of(desk: Desk, incident_id: str) -> Mapping[str, Any]:
    with desk.database.read() as session:
        row = session.get_one(Incident, incident_id)
        return {
            column.name: getattr(row, prop.key)
            for prop in Incident.__mapper__.column_attrs
            for column in prop.columns
        }


SYSTEMS: Mapping[str, Callable[[Desk, Path, Path], PageSystem]] = {"local": LocalSystem, "atlassian": AtlassianSystem}
"""Every system of record that Keydesk can keep a page in, made with a folder and a migrated database to copy."""
