"""What Statuspages elsewhere are to be told, and the ids that incidents have there"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every incident that is there is Keydesk's own."""
    op.add_column("incident", sa.Column("upstream_id", sa.String(12), nullable=True))
    op.add_column("incident_update", sa.Column("upstream_id", sa.String(12), nullable=True))
    op.create_index("uq_incident_upstream", "incident", ["upstream_id", "page_id"], unique=True)
    op.create_table(
        "upstream_change",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("page_id", sa.String(12), nullable=False),
        sa.Column("incident_id", sa.String(12), nullable=True),
        sa.Column("update_id", sa.String(12), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("author", sa.String(96), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("there_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upstream_id", sa.String(12), nullable=True),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_upstream_change_organization_id_organization"
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name="fk_upstream_change_page_id_page"),
        sa.PrimaryKeyConstraint("id", name="pk_upstream_change"),
    )
    op.create_index("ix_upstream_change_incident", "upstream_change", ["incident_id", "created_at"])
    op.create_index("ix_upstream_change_page", "upstream_change", ["page_id", "there_at"])


def downgrade() -> None:
    """Forget what was not told yet."""
    op.drop_table("upstream_change")
    op.drop_index("uq_incident_upstream", "incident")
    op.drop_column("incident_update", "upstream_id")
    op.drop_column("incident", "upstream_id")
