"""What was taken over from a Statuspage elsewhere, and how far that is"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was so far."""
    op.create_table(
        "moved_thing",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("page_id", sa.String(12), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_moved_thing_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_moved_thing"),
    )
    op.create_index("ix_moved_thing_page_id", "moved_thing", ["page_id"])
    op.create_table(
        "page_move",
        sa.Column("page_id", sa.String(12), nullable=False),
        sa.Column("base_url", sa.String(255), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_part", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_page_move_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("page_id", name="pk_page_move"),
    )


def downgrade() -> None:
    """Forget it; what was taken over stays."""
    op.drop_table("page_move")
    op.drop_index("ix_moved_thing_page_id", "moved_thing")
    op.drop_table("moved_thing")
