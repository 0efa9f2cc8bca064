"""When an update of an incident is due, and what a draft warns of"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FIRST_REMINDER = timedelta(hours=4)


def upgrade() -> None:
    """When an update of an incident is due, and what a draft warns of."""
    op.add_column("incident", sa.Column("update_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("reminders_sent", sa.Integer(), nullable=False, server_default="0"))
    _remind_of_what_is_open()
    op.create_index("ix_incident_update_due_at", "incident", ["update_due_at"], unique=False)
    op.add_column("incident_draft", sa.Column("incident_version", sa.Integer(), nullable=True))
    op.add_column("incident_draft", sa.Column("warnings", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("incident_draft", sa.Column("quietly", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "incident_draft", sa.Column("accepted", sa.JSON(none_as_null=True), nullable=False, server_default="[]")
    )


def _remind_of_what_is_open() -> None:
    """Whoever waits for an incident of before is reminded as well, some hours from now rather than all at once now."""
    at = sa.DateTime(timezone=True)
    incident = sa.table(
        "incident",
        sa.column("update_due_at", at),
        sa.column("scheduled_for", at),
        sa.column("backfilled", sa.Boolean()),
        sa.column("status", sa.String()),
    )
    is_watched = sa.and_(
        incident.c.scheduled_for.is_(None), sa.not_(incident.c.backfilled), incident.c.status != "resolved"
    )
    # SQLite keeps an instant without its zone: it must be UTC.
    op.execute(sa.update(incident).where(is_watched).values(update_due_at=datetime.now(UTC) + _FIRST_REMINDER))


def downgrade() -> None:
    """Forget both."""
    op.drop_column("incident_draft", "accepted")
    op.drop_column("incident_draft", "quietly")
    op.drop_column("incident_draft", "warnings")
    op.drop_column("incident_draft", "incident_version")
    op.drop_index("ix_incident_update_due_at", table_name="incident")
    op.drop_column("incident", "reminders_sent")
    op.drop_column("incident", "update_due_at")
