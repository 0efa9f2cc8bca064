"""Calls that were answered with an error are counted apart"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count apart what was answered with an error. What was counted as refused before stays so: nobody can tell now."""
    op.add_column("key_use", sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("key_use", "key_use_day"):
        op.add_column(table, sa.Column("failed", sa.BigInteger(), nullable=False, server_default="0"))
        with op.batch_alter_table(table) as batch:
            batch.alter_column("failed", existing_type=sa.BigInteger(), server_default=None)


def downgrade() -> None:
    """Forget them."""
    op.drop_column("key_use_day", "failed")
    op.drop_column("key_use", "failed")
    op.drop_column("key_use", "last_failed_at")
