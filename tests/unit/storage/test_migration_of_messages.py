"""What the migration to one outbox makes of the messages that are there, in every state."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from desk.keys.changes import suspend_key
from desk.messages.outbox import refresh
from desk.messages.subjects import Thing
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from storage import schema
from storage.database import Database
from storage.models import Delivery, SlackMessage
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, Prepared
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision

WEEK = timedelta(days=7)
KEYS = ("listed", "unlisted", "other")
REQUEST = "r00000000001"


def add_cards(connection: Connection) -> None:
    """Every kind of card that shows a key, as the release before knew them, and some that do not."""
    for key_id in KEYS:
        named = {"id": key_id, "name": key_id, "sha256": key_id}
        kept = {"status": "active", "scopes": ["read"], "expires_at": LONG_AGO + 50 * WEEK}
        add_row(connection, "api_key", **named, **kept)
    for number in (1, 2):
        add_row(connection, "digest", period=f"week {number}", scheduled_for=LONG_AGO + number * WEEK)
    for number, (week, key_id) in enumerate([(1, "listed"), (1, "other"), (2, "listed"), (1, "unlisted")]):
        add_row(
            connection,
            "digest_item",
            id=f"i{number}",
            period=f"week {week}",
            position=number,
            key_id=key_id,
            findings=[],
        )
    add_row(connection, "departure", id="gone", user_id="UGONE", key_ids=["listed", "unlisted"])
    add_row(connection, "departure", id="elsewhere", user_id="UELSE", key_ids=["other"])
    for request_id in (REQUEST, "r00000000002"):
        add_row(connection, "key_request", id=request_id, scopes=["read"], lifetime_days=30)
    cards = [
        ("request.card", REQUEST, ("C1",)),
        ("request.mine", REQUEST, ("U1",)),
        ("request.reminder", f"{REQUEST}:1", ("C1",)),
        ("request.reminder", f"{REQUEST}:2", ("C1",)),
        ("request.card", "r00000000002", ("C1",)),
        ("request.self_approved", f"{REQUEST}:n2", ("C1",)),
        ("digest.card", "week 1", ("C1", "U1")),
        ("digest.card", "week 2", ("C1", "U1")),
        ("member.left", "gone", ("C1",)),
        ("member.left", "elsewhere", ("C1",)),
        ("key.ask", "listed", ("U1",)),
        ("key.ask", "other", ("U1",)),
        ("key.extension", "listed", ("C1",)),
        ("key.knock", "listed", ("C1",)),
        ("key.knock", "listed:m9", ("C1",)),
        ("key.changed", "listed:n1", ("U1",)),
    ]
    copies = [(kind, subject_id, place) for kind, subject_id, places in cards for place in places]
    for number, (kind, subject_id, place) in enumerate(copies):
        add_row(connection, "slack_message", id=f"m{number}", kind=kind, subject_id=subject_id, conversation=place)


@pytest.fixture(scope="module")
def upgraded(prepared: Prepared) -> Prepared:
    """A database of the release before, full of messages, brought to the newest schema."""
    with at_revision(prepared.url, "0002") as connection:
        add_cards(connection)
    with closing(Database.from_url(prepared.url)) as database:
        schema.upgrade(database.engine)
    return prepared


@pytest.fixture
def desk(upgraded: Prepared, tmp_path: Path, clock: HeldClock) -> Iterator[Desk]:
    """A desk on a copy of it."""
    with upgraded.copied(tmp_path) as url, closing(Database.from_url(url)) as database:
        yield Desk(database.of(ORGANIZATION), clock, Policy())


@pytest.mark.parametrize(
    ("key_id", "cards"),
    [
        (
            "listed",
            {
                ("digest.card", "week 2", "C1"),
                ("digest.card", "week 2", "U1"),
                ("member.left", "gone", "C1"),
                ("key.ask", "listed", "U1"),
                ("key.extension", "listed", "C1"),
                ("key.knock", "listed", "C1"),
            },
        ),
        (
            "unlisted",
            {("digest.card", "week 1", "C1"), ("digest.card", "week 1", "U1"), ("member.left", "gone", "C1")},
        ),
    ],
)
def test_cards_of_before_follow_their_keys(desk: Desk, key_id: str, cards: set[tuple[str, str, str]]) -> None:
    """A key that changes after the migration brings up to date what showed it before: the newest digest that lists
    it, the card of a holder who left, the questions about it; a telling of its use that was set aside stays."""
    desk.write_now(Actor.operator("test"), partial(suspend_key, key_id=key_id, reason="unused"))
    with desk.database.read() as session:
        queued = select(SlackMessage).join(Delivery, Delivery.subject == SlackMessage.id)
        found = [(row.kind, row.subject_id, row.conversation) for row in session.scalars(queued)]
    known = {card for card in found if not card[0].startswith("key.changed")}
    assert known == cards
    assert len(known) == len([card for card in found if card in known])


def test_cards_of_before_follow_their_request(desk: Desk) -> None:
    """The owners' card, the requester's and every reminder; no card of another request, and nothing said once."""
    desk.write_now(Actor.job(JobName.SWEEP), lambda tx: refresh(tx, Thing.REQUEST, REQUEST))
    with desk.database.read() as session:
        queued = select(SlackMessage).join(Delivery, Delivery.subject == SlackMessage.id)
        found = sorted((row.kind, row.subject_id) for row in session.scalars(queued))
    assert found == [
        ("request.card", REQUEST),
        ("request.mine", REQUEST),
        ("request.reminder", f"{REQUEST}:1"),
        ("request.reminder", f"{REQUEST}:2"),
    ]
