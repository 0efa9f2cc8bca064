"""Keys say when they changed, so that who holds all of them in memory reads what changed and nothing else"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has read the keys yet who could miss a change of before."""
    op.add_column(
        "api_key",
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0"
        ),
    )
    op.create_index("ix_api_key_revision", "api_key", ["revision"])
    op.execute("INSERT INTO revision (topic, value) VALUES ('upstreams', 0)")


def downgrade() -> None:
    """Forget it."""
    op.execute("DELETE FROM revision WHERE topic = 'upstreams'")
    op.drop_index("ix_api_key_revision", "api_key")
    op.drop_column("api_key", "revision")
