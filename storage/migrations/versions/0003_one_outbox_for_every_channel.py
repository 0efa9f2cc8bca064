"""What cards show"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What cards show."""
    op.create_table(
        "message_subject",
        sa.Column("message_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["slack_message.id"], name=op.f("fk_message_subject_message_id_slack_message")
        ),
        sa.PrimaryKeyConstraint("message_id", "kind", "subject_id", name=op.f("pk_message_subject")),
    )
    op.create_index("ix_message_subject_subject", "message_subject", ["kind", "subject_id"], unique=False)
    _say_what_is_shown()


def _say_what_is_shown() -> None:
    """Cards that are out already are brought up to date as before: those of a request, of a key, of a leaver, the
    newest digest."""
    op.execute(
        """
        INSERT INTO message_subject (message_id, kind, subject_id)
        SELECT message.id, 'request', key_request.id
        FROM slack_message AS message JOIN key_request ON key_request.id = substr(message.subject_id, 1, 12)
        WHERE message.kind IN ('request.card', 'request.mine', 'request.reminder')
        """
    )
    op.execute(
        """
        INSERT INTO message_subject (message_id, kind, subject_id)
        SELECT id, 'key', subject_id FROM slack_message
        WHERE kind IN ('key.ask', 'key.extension', 'key.knock') AND subject_id IN (SELECT id FROM api_key)
        """
    )
    for kind in ("key", "ticket"):
        op.execute(
            f"""
            INSERT INTO message_subject (message_id, kind, subject_id)
            SELECT DISTINCT message.id, '{kind}', item.{kind}_id
            FROM digest_item AS item
            JOIN digest ON digest.period = item.period
            JOIN slack_message AS message ON message.kind = 'digest.card' AND message.subject_id = item.period
            WHERE item.{kind}_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM digest_item AS later
                JOIN digest AS newer ON newer.period = later.period
                WHERE later.{kind}_id = item.{kind}_id AND newer.scheduled_for > digest.scheduled_for
            )
            """  # noqa: S608 - two words of our own
        )
    _say_which_keys_leavers_had()


def _say_which_keys_leavers_had() -> None:
    departure = sa.table("departure", sa.column("id", sa.String()), sa.column("key_ids", sa.JSON()))
    message = sa.table("slack_message", *(sa.column(name, sa.String()) for name in ("id", "kind", "subject_id")))
    subject = sa.table(
        "message_subject", *(sa.column(name, sa.String()) for name in ("message_id", "kind", "subject_id"))
    )
    cards = sa.select(message.c.id, departure.c.key_ids).where(
        message.c.kind == "member.left", message.c.subject_id == departure.c.id
    )
    rows = [
        {"message_id": message_id, "kind": "key", "subject_id": key_id}
        for message_id, key_ids in op.get_bind().execute(cards).all()
        for key_id in dict.fromkeys(key_ids)
    ]
    if rows:
        op.bulk_insert(subject, rows)


def downgrade() -> None:
    """Forget what cards show."""
    op.drop_index("ix_message_subject_subject", table_name="message_subject")
    op.drop_table("message_subject")
