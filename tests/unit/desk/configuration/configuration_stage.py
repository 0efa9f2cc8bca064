"""A page with components in and beside groups, for tests of what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from desk.incidents.components import list_components, list_retired
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.transaction import Actor, Desk, Transaction
from storage.models import AuditEvent, Component, Page, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, MIA, add_component, add_grant, add_member, add_page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConfigurationStage:
    """Ines and Max configure the page and manage its incidents; Mia may nothing."""

    desk: Desk
    page: str
    ids: Mapping[str, str]
    """By name: API and Website stand alone, Berlin and Oslo in the group Europe, Boston alone in America."""

    def do(self, work: Callable[[Transaction], T], *, who: str | Actor = INES) -> T:
        """`work` in a write transaction."""
        return self.desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)

    def see(self, work: Callable[[Transaction], T], *, who: str = INES) -> T:
        """`work` in a read transaction."""
        return self.desk.read_now(Actor.member(who), work)

    def shown(self) -> list[str]:
        """What is on the page, in order, as `position name`, with dots before what is in a group."""
        with self.desk.database.read() as session:
            rows = list_components(session, self.page)
            return [f"{'..' if row.group_id else ''}{row.position} {row.name}" for row in rows]

    def retired(self) -> list[str]:
        """What is not any more, by name."""
        with self.desk.database.read() as session:
            return sorted(row.name for row in list_retired(session, self.page))

    def row(self, name: str) -> Component:
        """A component as it is now."""
        with self.desk.database.read() as session:
            return session.get_one(Component, self.ids[name])

    def page_row(self) -> Page:
        """The page as it is now."""
        with self.desk.database.read() as session:
            return session.get_one(Page, self.page)

    def open(self, *names: str, **values: Any) -> str:
        """An incident on these components; gives its id."""
        about = {self.ids[name]: None for name in names}
        new = NewIncident(name="Slow", body="We look.", components=about, **values)
        return self.do(lambda tx: create_incident(tx, self.page, new).id)

    def recorded(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """What was recorded, without what happened to incidents."""
        with self.desk.database.read() as session:
            events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq))
            return [(one.action, one.data) for one in events if one.subject_kind in ("component", "page")]


EUROPE = ("Berlin", "Oslo")


def set_configuration_stage(desk: Desk) -> ConfigurationStage:
    """The stage."""
    with desk.database.write() as session:
        page = add_page(session, NOW)
        for user_id in (INES, MAX, MIA):
            add_member(session, user_id, NOW)
        for user_id in (INES, MAX):
            for role in (Role.PAGE_CONFIGURATION, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
                add_grant(session, user_id, role, NOW, page_id=page.id)
        rows = {}
        for position, name in enumerate(("API", "Europe", "America", "Website"), start=1):
            is_group = name in ("Europe", "America")
            rows[name] = add_component(session, page, NOW, name=name, group=is_group, position=position)
        for position, name in enumerate(EUROPE, start=1):
            rows[name] = add_component(session, page, NOW, name=name, group_id=rows["Europe"].id, position=position)
        rows["Boston"] = add_component(session, page, NOW, name="Boston", group_id=rows["America"].id)
        return ConfigurationStage(desk, page.id, {name: row.id for name, row in rows.items()})
