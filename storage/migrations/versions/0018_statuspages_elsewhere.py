"""Pages that a Statuspage elsewhere keeps, and the keys that it knows Keydesk by"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every page that is there is Keydesk's own."""
    op.add_column("page", sa.Column("backend", sa.String(16), nullable=False, server_default="local"))
    with op.batch_alter_table("page") as changing:
        changing.alter_column("backend", server_default=None)
    op.create_table(
        "upstream",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("base_url", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_upstream_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_upstream"),
        sa.UniqueConstraint("organization_id", name="uq_upstream_organization_id"),
    )
    op.create_table(
        "upstream_key",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("upstream_id", sa.String(12), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("calls_a_minute", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_upstream_key_organization_id_organization"
        ),
        sa.ForeignKeyConstraint(["upstream_id"], ["upstream.id"], name="fk_upstream_key_upstream_id_upstream"),
        sa.PrimaryKeyConstraint("id", name="pk_upstream_key"),
    )
    op.create_index("ix_upstream_key_upstream_id", "upstream_key", ["upstream_id"])


def downgrade() -> None:
    """Forget them; copies of pages stay."""
    op.drop_table("upstream_key")
    op.drop_table("upstream")
    op.drop_column("page", "backend")
