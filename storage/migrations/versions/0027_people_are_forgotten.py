"""People who left may be forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was so far."""
    op.add_column("member", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """The next reading of Slack tells their names again."""
    op.drop_column("member", "forgotten_at")
