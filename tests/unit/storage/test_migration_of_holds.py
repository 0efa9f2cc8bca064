"""What the migration makes of incidents that hold components already."""

from contextlib import closing
from datetime import timedelta

from sqlalchemy import Connection, select

from storage import schema
from storage.database import Database
from storage.models import IncidentComponent
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision

WELL, AT_WORK, SLOW, DOWN = "operational", "under_maintenance", "degraded_performance", "major_outage"
SAID = {
    "down": ("investigating", [("investigating", WELL, DOWN)], DOWN),
    "down already": ("investigating", [("investigating", DOWN, DOWN)], None),
    "slow again": ("monitoring", [("investigating", WELL, DOWN)], SLOW),
    "worse": ("identified", [("investigating", WELL, SLOW), ("identified", SLOW, DOWN)], DOWN),
    "work": ("in_progress", [("scheduled", WELL, WELL), ("in_progress", WELL, AT_WORK)], AT_WORK),
    "over": ("resolved", [("investigating", WELL, SLOW), ("resolved", SLOW, WELL)], SLOW),
    "work is over": ("completed", [("in_progress", WELL, AT_WORK), ("completed", AT_WORK, WELL)], None),
    "planned": ("scheduled", [("scheduled", WELL, WELL)], None),
}
"""Incidents by what each is about: its status, what its updates said of its component, and what it holds it in."""
NOW = {
    "down": DOWN,
    "down already": DOWN,
    "slow again": SLOW,
    "worse": DOWN,
    "work": AT_WORK,
    "over": WELL,
    "work is over": WELL,
    "planned": WELL,
}
"""How the component of each is when the migration comes."""


def test_what_is_open_holds_its_components(empty_database_url: str) -> None:
    """In the state into which it brought them last, and in none worse than they are; what is resolved, in that before
    its end, for whoever opens it again; what only named a component, in none."""
    with at_revision(empty_database_url, "0009") as connection:
        add_row(connection, "page", id="acmepage0001", subdomain="acme", organization_id=ORGANIZATION)
        for number, about in enumerate(SAID):
            _add_incident(connection, number, about)
    with closing(Database.from_url(empty_database_url)) as database:
        schema.upgrade(database.engine)
        with database.of(ORGANIZATION).read() as session:
            held = dict(session.execute(select(IncidentComponent.incident_id, IncidentComponent.holds)).all())
    assert held == {about: holds for about, (_, _, holds) in SAID.items()}


def _add_incident(connection: Connection, number: int, about: str) -> None:
    whose = {"organization_id": ORGANIZATION}
    on_page = {"page_id": "acmepage0001", **whose}
    status, said, _ = SAID[about]
    component = f"component{number}"
    add_row(connection, "component", id=component, status=NOW[about], **on_page)
    add_row(connection, "incident", id=about, number=number, status=status, **on_page)
    add_row(connection, "incident_component", incident_id=about, component_id=component, **whose)
    for position, (then, old, new) in enumerate(said):
        affected = [{"code": component, "name": "API", "old_status": old, "new_status": new}]
        add_row(
            connection,
            "incident_update",
            id=f"update{number}{position}",
            incident_id=about,
            status=then,
            affected_components=affected,
            created_at=LONG_AGO + timedelta(minutes=position),
            **whose,
        )
