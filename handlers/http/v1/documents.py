"""Pages and components, rendered when they change and served as bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.incidents.held import PostRule
from desk.pages.pages import list_pages
from handlers.http.v1.paging import window
from handlers.http.v1.shapes.components import component_shape, group_shape, group_status
from handlers.http.v1.shapes.pages import page_shape
from storage.models import Backend, Component, ComponentStatus, Page


class Rows:
    """Rendered rows by their ids, in order, with the list of the first of them, which is asked for most."""

    __slots__ = ("by_id", "first")

    def __init__(self, by_id: Mapping[str, bytes]) -> None:
        self.by_id = by_id
        self.first = self.within(window({}))

    def within(self, asked: slice) -> bytes:
        """Some of them as a JSON array."""
        return json_array(list(islice(self.by_id.values(), asked.start, asked.stop)))


@dataclass(frozen=True, slots=True)
class PageDocuments:
    """What the API says of every page of one organization, as JSON."""

    pages: Mapping[str, bytes]
    """By page id, in the order in which they are listed."""
    components: Mapping[str, Rows]
    """By page id, in Statuspage's order; the rows of groups are among them."""
    groups: Mapping[str, Rows]
    """By page id, in the same order, with what is in each."""


NO_PAGES = PageDocuments({}, {}, {})


@dataclass(frozen=True, slots=True)
class Documents:
    """What the API says of pages."""

    of_organizations: Mapping[str, PageDocuments]
    elsewhere: Mapping[str, PostRule]
    """All pages that are kept elsewhere, whosever they are, by their ids, with their rules."""

    def of(self, organization_id: str) -> PageDocuments:
        """One organization's: whatever its keys ask for, they find no other's pages."""
        return self.of_organizations.get(organization_id, NO_PAGES)


def read_page_documents(session: Session) -> Documents:
    """Render everything of all organizations as the database has it now."""
    pages: dict[str, list[Page]] = {}
    for page in list_pages(session):
        pages.setdefault(page.organization_id, []).append(page)
    rows: dict[str, list[Component]] = {}
    for component in session.scalars(select(Component).where(Component.retired_at.is_(None))):
        rows.setdefault(component.page_id, []).append(component)
    found = {
        organization_id: PageDocuments(
            pages={page.id: json_document(page_shape(page)) for page in own},
            components={page.id: _render_components(page, rows.get(page.id, ())) for page in own},
            groups={page.id: _render_groups(page, rows.get(page.id, ())) for page in own},
        )
        for organization_id, own in pages.items()
    }
    elsewhere = (page for own in pages.values() for page in own if page.backend != Backend.LOCAL)
    return Documents(found, {page.id: PostRule.of(page) for page in elsewhere})


def json_array(documents: Sequence[bytes]) -> bytes:
    """Documents as one JSON array."""
    return b"[" + b",".join(documents) + b"]"


def json_document(shape: Mapping[str, object]) -> bytes:
    """A shape as JSON."""
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode()


def _render_components(page: Page, components: Sequence[Component]) -> Rows:
    zone = ZoneInfo(page.time_zone)
    in_group: dict[str, list[ComponentStatus]] = {}
    for component in components:
        if component.group_id is not None:
            in_group.setdefault(component.group_id, []).append(ComponentStatus(component.status))

    def status(component: Component) -> ComponentStatus:
        if component.group:
            return group_status(in_group.get(component.id, ()))
        return ComponentStatus(component.status)

    return Rows({row.id: json_document(component_shape(row, status(row), zone)) for row in _in_order(components)})


def _render_groups(page: Page, components: Sequence[Component]) -> Rows:
    zone = ZoneInfo(page.time_zone)
    rows = _in_order(components)
    members: dict[str, list[str]] = {}
    for row in rows:
        if row.group_id is not None:
            members.setdefault(row.group_id, []).append(row.id)
    return Rows({row.id: json_document(group_shape(row, members.get(row.id, ()), zone)) for row in rows if row.group})


def _in_order(components: Sequence[Component]) -> Sequence[Component]:
    # Statuspage sorts by position alone, groups and children mixed, and positions begin at 1 in every group. Rows
    # of equal position are in the order of their groups, so that the answer is the same every time.
    of_group = {component.id: component.position for component in components if component.group}

    def place(component: Component) -> tuple[int, int, str]:
        return (component.position, of_group.get(component.group_id or "", 0), component.id)

    return sorted(components, key=place)
