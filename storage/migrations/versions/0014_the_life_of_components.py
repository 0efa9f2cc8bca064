"""Components can be retired, and pages and components be changed by several people"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there is on its page, and was changed by nobody yet."""
    op.add_column("component", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("page", sa.Column("reminder_intervals", sa.String(255), nullable=True))
    for table in ("component", "page"):
        op.add_column(table, sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        with op.batch_alter_table(table) as changing:
            changing.alter_column("version", server_default=None)


def downgrade() -> None:
    """What was retired is on its page again."""
    op.drop_column("component", "retired_at")
    op.drop_column("page", "reminder_intervals")
    for table in ("component", "page"):
        op.drop_column(table, "version")
