"""What is below a message is found at once, as it must be whenever one is deleted"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index."""
    op.create_index("ix_slack_message_thread_of", "slack_message", ["thread_of"])


def downgrade() -> None:
    """Without it."""
    op.drop_index("ix_slack_message_thread_of", "slack_message")
