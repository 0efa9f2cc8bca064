"""Keys whose secrets were made elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All that there are were made here."""
    op.add_column("api_key", sa.Column("is_imported", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("api_key", "is_imported")
