"""What the migration makes of cards that are in direct messages already."""

from sqlalchemy import select

from storage import schema
from storage.database import Database
from storage.models import MessageSubject
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision

MESSAGES = {
    "review": ("draft.review", "U0MAX00001"),
    "enterprise": ("request.card", "W0OLIVIA01"),
    "channel": ("request.card", "C0OWNERS01"),
    "note": ("role.granted", "U0MAX00001"),
}


def test_cards_in_direct_messages_follow_their_readers(empty_database_url: str) -> None:
    """Those that somebody may not see any more one day; what stands in channels, and what was said once, does not."""
    with at_revision(empty_database_url, "0011") as connection:
        for message_id, (kind, conversation) in MESSAGES.items():
            add_row(
                connection,
                "slack_message",
                id=message_id,
                kind=kind,
                conversation=conversation,
                subject_id="x",
                facts={},
                created_at=LONG_AGO,
                organization_id=ORGANIZATION,
            )
    database = Database.from_url(empty_database_url).of(ORGANIZATION)
    schema.upgrade(database.engine)
    with database.read() as session:
        rows = session.execute(select(MessageSubject.message_id, MessageSubject.kind, MessageSubject.subject_id))
        assert set(rows) == {("review", "reader", "own"), ("enterprise", "reader", "own")}
    database.close()
