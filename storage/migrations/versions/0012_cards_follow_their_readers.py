"""Cards in direct messages follow what their readers may see"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CARDS = (
    "channel.trouble",
    "delivery.dead",
    "digest.card",
    "draft.again",
    "draft.late",
    "draft.mine",
    "draft.outdated",
    "draft.reminder",
    "draft.review",
    "incident.reminder",
    "key.ask",
    "key.extension",
    "key.knock",
    "member.left",
    "request.card",
    "request.mine",
    "request.reminder",
    "sync.stopped",
    "ticket.mine",
)
"""The kinds that somebody may not see any more one day, as they were called by then."""


def upgrade() -> None:
    """What is in direct messages by now is closed as well when its reader loses what it takes to see it."""
    message = sa.table(
        "slack_message", *(sa.column(name) for name in ("id", "kind", "conversation", "facts", "organization_id"))
    )
    subject = sa.table(
        "message_subject", *(sa.column(name) for name in ("message_id", "kind", "subject_id", "organization_id"))
    )
    shows = sa.select(message.c.id, sa.literal("reader"), sa.literal("own"), message.c.organization_id).where(
        message.c.kind.in_(_CARDS),
        sa.or_(message.c.conversation.startswith("U"), message.c.conversation.startswith("W")),
    )
    op.get_bind().execute(
        sa.insert(subject).from_select(["message_id", "kind", "subject_id", "organization_id"], shows)
    )


def downgrade() -> None:
    """Forget it."""
    op.get_bind().execute(sa.text("DELETE FROM message_subject WHERE kind = 'reader'"))
