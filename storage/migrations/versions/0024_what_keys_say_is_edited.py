"""Who changed what a key said, before it was public"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has, so far."""
    op.add_column("incident_draft", sa.Column("edited_by", sa.String(32), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("incident_draft", "edited_by")
