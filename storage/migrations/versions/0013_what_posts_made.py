"""What was made for which POST"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The same POST again is answered with what was made."""
    op.create_table(
        "api_post",
        sa.Column("key_id", sa.String(12), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.String(12), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_api_post_key_id_api_key"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_api_post_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("key_id", "fingerprint", name="pk_api_post"),
    )
    op.create_index("ix_api_post_made_at", "api_post", ["made_at"])


def downgrade() -> None:
    """Forget it."""
    op.drop_table("api_post")
