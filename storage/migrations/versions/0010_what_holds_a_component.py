"""What an incident says of each of its components"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATES = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
"""From well to worst."""
_HOLDING = ("investigating", "identified", "monitoring", "in_progress", "verifying", "resolved")
"""Statuses of what says something of its components; a resolved incident's is what opening it again proposes."""


def upgrade() -> None:
    """What an incident says of each of its components. What was said before is read from its updates, so that what is
    open now holds its components as from now on."""
    op.add_column("incident_component", sa.Column("holds", sa.String(32), nullable=True))
    bind = op.get_bind()
    about = sa.table(
        "incident_component", *(sa.column(name, sa.String) for name in ("incident_id", "component_id", "holds"))
    )
    for incident_id, status, component_id, now in _read_about(bind):
        said = _last_said(bind, incident_id, component_id, until_end=status == "resolved")
        if said is None:
            continue
        if status != "resolved":
            # Where somebody has made the component better without a word, nothing holds it in a worse state than that.
            said = min(said, now, key=_STATES.index)
        one = about.c.incident_id == incident_id, about.c.component_id == component_id
        bind.execute(sa.update(about).where(*one).values(holds=said))


def _read_about(bind: sa.Connection) -> list[Any]:
    incident = sa.table("incident", sa.column("id"), sa.column("status"))
    about = sa.table("incident_component", sa.column("incident_id"), sa.column("component_id"))
    component = sa.table("component", sa.column("id"), sa.column("status"))
    rows = (
        sa.select(incident.c.id, incident.c.status, component.c.id, component.c.status)
        .select_from(about)
        .join(incident, incident.c.id == about.c.incident_id)
        .join(component, component.c.id == about.c.component_id)
        .where(incident.c.status.in_(_HOLDING))
    )
    return list(bind.execute(rows))


def _last_said(bind: sa.Connection, incident_id: str, component_id: str, *, until_end: bool) -> str | None:
    """The last state into which the incident brought the component; of one that is over, before its end."""
    said = sa.table(
        "incident_update",
        *(sa.column(name) for name in ("id", "incident_id", "status", "created_at")),
        sa.column("affected_components", sa.JSON),
    )
    rows = bind.execute(
        sa.select(said.c.status, said.c.affected_components)
        .where(said.c.incident_id == incident_id)
        .order_by(said.c.created_at.desc(), said.c.id)
    ).all()
    for status, affected in rows:
        if until_end and status == "resolved":
            continue
        for one in affected or ():
            if _is_brought(one, component_id):
                return str(one["new_status"])
    return None


def _is_brought(one: Mapping[str, str], component_id: str) -> bool:
    return one["code"] == component_id and one["old_status"] != one["new_status"]


def downgrade() -> None:
    """Forget it."""
    op.drop_column("incident_component", "holds")
