"""One outbox for every channel, and what cards show"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One outbox for every channel, and what cards show."""
    _make_deliveries()
    _make_subjects()


def _make_deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False, server_default="{}"),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_subject"), "delivery", ["subject"], unique=False)
    for name, columns, condition in (
        ("uq_delivery_lane_sending", ["channel", "lane"], "status = 'sending'"),
        ("ix_delivery_lane_pending", ["channel", "lane", "id"], "status = 'pending'"),
        ("ix_delivery_new", ["channel", "due_at"], "noticed_at IS NULL"),
        ("ix_delivery_dead", ["subject", "id"], "status = 'dead'"),
    ):
        where = sa.text(condition)
        unique = name.startswith("uq_")
        op.create_index(name, "delivery", columns, unique=unique, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "delivery_lane",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=255), nullable=False),
        sa.Column("head_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", "lane", name=op.f("pk_delivery_lane")),
    )
    for name, columns, condition in (
        ("ix_delivery_lane_due", ["channel", "due_at", "head_id"], "due_at IS NOT NULL"),
        ("ix_delivery_lane_busy", ["channel", "busy_until"], "busy_until IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "delivery_lane", columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_delivery_lane_sent_at", "delivery_lane", ["channel", "sent_at"], unique=False)
    _carry_over()


def _carry_over() -> None:
    """Every row of the outbox as it is; a worker puts what waits or was on its way in line when it first looks."""
    kept = "status, attempts, due_at, created_at, claimed_by, lease_until, first_tried_at, sent_at, last_error"
    op.execute(
        f"""
        INSERT INTO delivery (id, channel, lane, subject, noticed_at, {kept})
        SELECT id, 'slack', lane, message_id,
               CASE WHEN status IN ('pending', 'sending') THEN NULL ELSE created_at END, {kept}
        FROM outbox ORDER BY id
        """  # noqa: S608 - names of our own
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('delivery', 'id'), nextval('outbox_id_seq'), false)")
    op.drop_table("outbox")
    _say_where_the_dead_were_to_go()


def _say_where_the_dead_were_to_go() -> None:
    """The card of a dead letter names channel and place, which it used to look up."""
    message = sa.table(
        "slack_message",
        *(sa.column(name, sa.String()) for name in ("id", "kind", "subject_id", "conversation")),
        sa.column("facts", sa.JSON()),
    )
    dead = message.alias()
    cards = sa.select(message.c.id, message.c.facts, dead.c.conversation).where(
        message.c.kind == "delivery.dead", dead.c.id == message.c.subject_id
    )
    connection = op.get_bind()
    for card_id, facts, conversation in connection.execute(cards).all():
        named = facts | {"channel": "slack", "lane": conversation}
        connection.execute(sa.update(message).where(message.c.id == card_id).values(facts=named))


def _make_subjects() -> None:
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
    """A database does not go back."""
    raise NotImplementedError("restore the backup that was made before the upgrade")
