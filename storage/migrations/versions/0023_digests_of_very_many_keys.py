"""What a digest found beside what it lists"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that were sent list all that they found."""
    op.add_column("digest", sa.Column("beyond", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("digest", "beyond")
