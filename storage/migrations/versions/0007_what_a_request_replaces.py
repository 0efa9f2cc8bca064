"""A request knows which key it takes over, and for how long that one works on"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Requests made before replace nothing: what they are to take over works until somebody revokes it."""
    op.add_column("key_request", sa.Column("replaces_id", sa.String(length=12), nullable=True))
    op.add_column("key_request", sa.Column("grace_seconds", sa.Integer(), nullable=True))
    op.create_index("ix_key_request_replaces_id", "key_request", ["replaces_id"])


def downgrade() -> None:
    """Forget it."""
    op.drop_index("ix_key_request_replaces_id", table_name="key_request")
    op.drop_column("key_request", "grace_seconds")
    op.drop_column("key_request", "replaces_id")
