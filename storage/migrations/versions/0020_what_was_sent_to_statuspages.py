"""What was sent to a Statuspage elsewhere, which of its keys were warned of, and the address that it calls"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was sent, told or heard."""
    op.add_column("upstream", sa.Column("hook_sha256", sa.String(64), nullable=True))
    op.add_column("upstream", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "upstream_warning",
        sa.Column("key_name", sa.String(80), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_upstream_warning_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("key_name", "expires_at", "days", "organization_id", name="pk_upstream_warning"),
    )
    op.create_table(
        "upstream_post",
        sa.Column("key_id", sa.String(12), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject_id", sa.String(64), nullable=True),
        sa.Column("made_as", sa.String(64), nullable=True),
        sa.Column("organization_id", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_upstream_post_key_id_api_key"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_upstream_post_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("key_id", "fingerprint", name="pk_upstream_post"),
    )
    op.create_index("ix_upstream_post_begun_at", "upstream_post", ["begun_at"])
    op.execute("INSERT INTO revision (topic, value) VALUES ('elsewhere', 0)")


def downgrade() -> None:
    """Forget them."""
    op.execute("DELETE FROM revision WHERE topic = 'elsewhere'")
    op.drop_table("upstream_post")
    op.drop_table("upstream_warning")
    op.drop_column("upstream", "heard_at")
    op.drop_column("upstream", "hook_sha256")
