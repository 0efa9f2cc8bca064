"""Messages for owners and the digest's readers remember that"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DIGEST = "digest.card"


def upgrade() -> None:
    """Remember it. Of what went to channels before, only incidents and the digest were not for owners."""
    op.add_column("slack_message", sa.Column("audience", sa.String(length=16), nullable=True))
    message = sa.table(
        "slack_message",
        sa.column("kind", sa.String()),
        sa.column("conversation", sa.String()),
        sa.column("audience", sa.String()),
    )
    to_channel = sa.or_(message.c.conversation.like("C%"), message.c.conversation.like("G%"))
    op.execute(sa.update(message).where(to_channel, message.c.kind == _DIGEST).values(audience="digest"))
    for_owners = sa.not_(sa.or_(message.c.kind == _DIGEST, message.c.kind.like("incident.%")))
    op.execute(sa.update(message).where(to_channel, for_owners).values(audience="owners"))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("slack_message", "audience")
