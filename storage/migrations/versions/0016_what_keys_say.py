"""What becomes of what keys say"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """It is published where a page lets people publish alone, and waits where it does not."""
    op.add_column("page", sa.Column("api_posts", sa.String(16), nullable=False, server_default="publish"))
    with op.batch_alter_table("page") as page:
        page.alter_column("api_posts", server_default=None)
    op.add_column("incident_draft", sa.Column("on_behalf_of", sa.String(32), nullable=True))


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("incident_draft") as draft:
        draft.drop_column("on_behalf_of")
    with op.batch_alter_table("page") as page:
        page.drop_column("api_posts")
