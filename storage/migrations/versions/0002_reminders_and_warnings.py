"""When an update of an incident is due, and what a draft warns of"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When an update of an incident is due, and what a draft warns of."""
    op.add_column("incident", sa.Column("update_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("reminders_sent", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_incident_update_due_at", "incident", ["update_due_at"], unique=False)
    op.add_column("incident_draft", sa.Column("incident_version", sa.Integer(), nullable=True))
    op.add_column("incident_draft", sa.Column("warnings", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Forget both."""
    op.drop_column("incident_draft", "warnings")
    op.drop_column("incident_draft", "incident_version")
    op.drop_index("ix_incident_update_due_at", table_name="incident")
    op.drop_column("incident", "reminders_sent")
    op.drop_column("incident", "update_due_at")
