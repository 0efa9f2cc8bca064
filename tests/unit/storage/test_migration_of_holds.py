"""What the migration makes of incidents that hold components already."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import schema
from storage.database import Database
from storage.models import IncidentComponent
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision

WELL, AT_WORK, SLOW, DOWN = "operational", "under_maintenance", "degraded_performance", "major_outage"
Said = tuple[str, str, str]


@pytest.mark.parametrize(
    ("now", "status", "said", "holds"),
    [
        ("down", "investigating", [("investigating", WELL, DOWN)], DOWN),
        ("down", "investigating", [("investigating", DOWN, DOWN)], None),
        ("slow", "monitoring", [("investigating", WELL, DOWN)], SLOW),
        ("down", "identified", [("investigating", WELL, SLOW), ("identified", SLOW, DOWN)], DOWN),
        ("work", "in_progress", [("scheduled", WELL, WELL), ("in_progress", WELL, AT_WORK)], AT_WORK),
        ("well", "resolved", [("investigating", WELL, SLOW), ("resolved", SLOW, WELL)], SLOW),
        ("well", "completed", [("in_progress", WELL, AT_WORK), ("completed", AT_WORK, WELL)], None),
        ("well", "scheduled", [("scheduled", WELL, WELL)], None),
    ],
)
def test_what_is_open_holds_its_components(
    empty_database_url: str, now: str, status: str, said: list[Said], holds: str | None
) -> None:
    """In the state into which it brought them last, and in none worse than they are; what is resolved, in that before
    its end, for whoever opens it again; what only named a component, in none."""
    state = {"down": DOWN, "slow": SLOW, "work": AT_WORK, "well": WELL}[now]
    with at_revision(empty_database_url, "0009") as connection:
        whose = {"organization_id": ORGANIZATION}
        add_row(connection, "page", id="acmepage0001", subdomain="acme", **whose)
        add_row(connection, "component", id="componentapi", page_id="acmepage0001", status=state, **whose)
        add_row(connection, "incident", id="incident0001", number=1, page_id="acmepage0001", status=status, **whose)
        add_row(connection, "incident_component", incident_id="incident0001", component_id="componentapi", **whose)
        for number, (then, old, new) in enumerate(said):
            affected = [{"code": "componentapi", "name": "API", "old_status": old, "new_status": new}]
            add_row(
                connection,
                "incident_update",
                id=f"update{number:06}",
                incident_id="incident0001",
                status=then,
                affected_components=affected,
                created_at=LONG_AGO + timedelta(minutes=number),
                **whose,
            )
    database = Database.from_url(empty_database_url).of(ORGANIZATION)
    schema.upgrade(database.engine)
    with database.read() as session:
        assert session.scalars(select(IncidentComponent.holds)).all() == [holds]
    database.close()
