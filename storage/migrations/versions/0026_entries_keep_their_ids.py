"""Under which address a page's feeds and calendar first named their entries"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The address that a page has at the next start is it, since settings are not known here."""
    op.add_column("page", sa.Column("entries_address", sa.String(300), nullable=True))


def downgrade() -> None:
    """Entries are named after the present address again."""
    op.drop_column("page", "entries_address")
