"""Addresses that pages have and had"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them. Each page's present one is written down by the first rendering."""
    op.create_table(
        "page_address",
        sa.Column("path", sa.String(length=256), nullable=False),
        sa.Column("page_id", sa.String(length=32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_page_address_organization_id_organization")
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_page_address")),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("page_address")
