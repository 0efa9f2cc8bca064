"""A page with any number of components and incidents for a benchmark."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from storage.models import (
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentUpdate,
    Page,
    Revision,
)
from tests.factories import add_page

_GROUP = 10
"""So many components stand in each group."""
_LIVED = timedelta(days=3 * 365)
"""Over which its incidents are spread."""
_SAID = (
    (0, IncidentStatus.INVESTIGATING, "Some requests fail. We are looking into it.", ComponentStatus.PARTIAL_OUTAGE),
    (20, IncidentStatus.IDENTIFIED, "A **certificate** has expired. We replace it.", None),
    (75, IncidentStatus.RESOLVED, "Everything works again, and has for half an hour.", ComponentStatus.OPERATIONAL),
)


def add_large_page(session: Session, now: datetime, *, components: int, incidents: int) -> Page:
    """A page on which all is well now: components in groups of ten, and incidents of three years, all resolved, each
    of which broke one component for an hour and a quarter."""
    page = add_page(session, now - _LIVED, name="Acme", subdomain="acme")
    made = {"page_id": page.id, "status": ComponentStatus.OPERATIONAL, "showcase": True}
    made |= {
        "only_show_if_degraded": False,
        "version": 1,
        "created_at": page.created_at,
        "updated_at": page.created_at,
    }
    groups = [
        made | {"id": f"g{number:011d}", "name": f"Region {number}", "position": number + 1, "group": True}
        for number in range(-(-components // _GROUP))
    ]
    leaves = [
        made
        | {"id": f"c{number:011d}", "name": f"Service {number}", "position": number % _GROUP + 1, "group": False}
        | {"group_id": groups[number // _GROUP]["id"]}
        for number in range(components)
    ]
    session.execute(insert(Component), groups)
    session.execute(insert(Component), leaves)
    session.execute(insert(Incident), list(_incidents(page, now, incidents)))
    session.execute(update(Revision).where(Revision.topic == "incidents").values(value=incidents))
    session.execute(insert(IncidentUpdate), list(_updates(now, leaves, incidents)))
    links = [
        {"incident_id": _incident_id(number), "component_id": leaves[number * 7 % components]["id"]}
        for number in range(incidents)
    ]
    session.execute(insert(IncidentComponent), links)
    session.execute(insert(ComponentStatusChange), list(_changes(now, leaves, incidents)))
    return page


def _incident_id(number: int) -> str:
    return f"i{number:011d}"


def _began(now: datetime, number: int, incidents: int) -> datetime:
    return now - timedelta(hours=3) - number * _LIVED / incidents


def _incidents(page: Page, now: datetime, incidents: int) -> Iterator[dict[str, Any]]:
    for number in reversed(range(incidents)):
        began = _began(now, number, incidents)
        ended = began + timedelta(minutes=75)
        yield {
            "id": _incident_id(number),
            "version": 3,
            "number": incidents - number,
            "page_id": page.id,
            "name": f"Requests fail, number {number}",
            "status": IncidentStatus.RESOLVED,
            "impact": "major",
            "created_at": began,
            "started_at": began,
            "updated_at": ended,
            "resolved_at": ended,
            "shortlink": f"https://status.example/incidents/{_incident_id(number)}",
            "created_by": "operator:bench",
        }


def _updates(now: datetime, leaves: Sequence[dict[str, Any]], incidents: int) -> Iterator[dict[str, Any]]:
    ids = count()
    for number in range(incidents):
        leaf = leaves[number * 7 % len(leaves)]
        before = ComponentStatus.OPERATIONAL
        for minutes, status, body, state in _SAID:
            at = _began(now, number, incidents) + timedelta(minutes=minutes)
            affected = {"code": leaf["id"], "name": f"Region - {leaf['name']}", "old_status": before}
            before = state or before
            yield {
                "id": f"u{next(ids):011d}",
                "incident_id": _incident_id(number),
                "status": status,
                "body": body,
                "created_at": at,
                "updated_at": at,
                "display_at": at,
                "affected_components": [affected | {"new_status": before}],
                "created_by": "operator:bench",
            }


def _changes(now: datetime, leaves: Sequence[dict[str, Any]], incidents: int) -> Iterator[dict[str, Any]]:
    for number in reversed(range(incidents)):
        for minutes, _, _, state in _SAID:
            if state is not None:
                yield {
                    "component_id": leaves[number * 7 % len(leaves)]["id"],
                    "at": _began(now, number, incidents) + timedelta(minutes=minutes),
                    "status": state,
                    "incident_id": _incident_id(number),
                    "actor": "operator:bench",
                }
