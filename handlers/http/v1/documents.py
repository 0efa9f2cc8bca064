"""Pages and components, rendered when they change and served as bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.pages.pages import list_pages
from handlers.http.v1.shapes.components import component_shape, group_status
from handlers.http.v1.shapes.pages import page_shape
from storage.models import Component, ComponentStatus, Page


@dataclass(frozen=True, slots=True)
class PageDocuments:
    """What the API says of every page, as JSON."""

    pages: Mapping[str, bytes]
    """By page id, in the order in which they are listed."""
    components: Mapping[str, Sequence[bytes]]
    """By page id, in Statuspage's order."""


def read_page_documents(session: Session) -> PageDocuments:
    """Render everything as the database has it now."""
    pages = list_pages(session)
    rows: dict[str, list[Component]] = {page.id: [] for page in pages}
    for component in session.scalars(select(Component)):
        rows[component.page_id].append(component)
    return PageDocuments(
        pages={page.id: _json(page_shape(page)) for page in pages},
        components={page.id: _render_components(page, rows[page.id]) for page in pages},
    )


def json_array(documents: Sequence[bytes]) -> bytes:
    """Documents as one JSON array."""
    return b"[" + b",".join(documents) + b"]"


def _json(shape: Mapping[str, Any]) -> bytes:
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode()


def _render_components(page: Page, components: Sequence[Component]) -> Sequence[bytes]:
    zone = ZoneInfo(page.time_zone)
    in_group: dict[str, list[ComponentStatus]] = {}
    for component in components:
        if component.group_id is not None:
            in_group.setdefault(component.group_id, []).append(ComponentStatus(component.status))

    def status(component: Component) -> ComponentStatus:
        if component.group:
            return group_status(in_group.get(component.id, ()))
        return ComponentStatus(component.status)

    return [_json(component_shape(row, status(row), zone)) for row in _in_order(components)]


def _in_order(components: Sequence[Component]) -> Sequence[Component]:
    # Statuspage sorts by position alone, groups and children mixed, and positions begin at 1 in every group. Rows
    # of equal position are in the order of their groups, so that the answer is the same every time.
    of_group = {component.id: component.position for component in components if component.group}

    def place(component: Component) -> tuple[int, int, str]:
        return (component.position, of_group.get(component.group_id or "", 0), component.id)

    return sorted(components, key=place)
