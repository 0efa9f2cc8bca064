"""The outbox of the release before, full of rows in every state: after the upgrade each arrives once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest_asyncio
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection

from desk.messages.dead_letters import DEAD_LETTER, drop_delivery, list_dead, retry_delivery
from desk.policy import Policy
from desk.transaction import Desk
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage import schema
from storage.models import DeliveryStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import open_database
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR
from tests.scenario.outbox_stage import ACTOR, OWNERS, STATUS, OutboxStage, make_client
from tests.unit.storage.earlier_database import add_row, at_revision

SECOND = timedelta(seconds=1)
LIVE = NOW + 20 * SECOND
"""Until when the worker of before had claimed what it was about to send."""


@dataclass(frozen=True, slots=True)
class OldOutbox:
    """Writes messages and rows as the release before did."""

    connection: Connection
    client: AsyncWebClient

    async def message(
        self, message_id: str, place: str, *, in_slack: bool = False, known: bool = False, **row: Any
    ) -> None:
        """A note that says its own id: perhaps in Slack already, at a place that is known or not."""
        kept = {"kind": "test.note", "subject_id": message_id, "facts": {"text": message_id}} | row
        if in_slack:
            metadata = {"event_type": "keydesk", "event_payload": {"message_id": message_id}}
            posted = await self.client.chat_postMessage(channel=place, text=message_id, metadata=metadata)
            if known:
                kept |= {"channel_id": posted["channel"], "ts": posted["ts"]}
        add_row(self.connection, "slack_message", id=message_id, conversation=place, **kept)

    def row(self, message_id: str, place: str, status: DeliveryStatus, **values: Any) -> None:
        """A row of the outbox."""
        kept = {"due_at": NOW, "created_at": NOW - 9 * SECOND} | values
        add_row(self.connection, "outbox", message_id=message_id, lane=place, status=str(status), **kept)

    def on_its_way(self, message_id: str, place: str, *, lease_until: Any) -> None:
        """A row that a worker had claimed, and of which nobody knows how far it came."""
        claim = {"claimed_by": "gone", "lease_until": lease_until, "attempts": 1, "first_tried_at": NOW - SECOND}
        self.row(message_id, place, DeliveryStatus.SENDING, **claim)


async def fill(old: OldOutbox) -> None:
    """Rows in every state that a row can be in, each kind of it in a conversation of its own."""
    await old.message("sent", STATUS, in_slack=True, known=True)
    old.row("sent", STATUS, DeliveryStatus.SENT, sent_at=NOW - SECOND, attempts=1, first_tried_at=NOW - SECOND)
    await old.message("head", STATUS)
    await old.message("reply", STATUS, thread_of="head")
    for message_id in ("head", "reply"):
        old.row(message_id, STATUS, DeliveryStatus.PENDING)
    await old.message("dead", OWNERS)
    old.row("dead", OWNERS, DeliveryStatus.DEAD, attempts=1, last_error="not_in_channel")
    await old.message("dead too", OWNERS)
    old.row("dead too", OWNERS, DeliveryStatus.DEAD, attempts=1, last_error="not_in_channel")
    await old.message("after dead", OWNERS)
    old.row("after dead", OWNERS, DeliveryStatus.PENDING)
    await old.message("expired", MIA, in_slack=True)
    old.on_its_way("expired", MIA, lease_until=NOW - SECOND)
    await old.message("behind it", MIA)
    old.row("behind it", MIA, DeliveryStatus.PENDING)
    await old.message("live", MAX, in_slack=True)
    old.on_its_way("live", MAX, lease_until=LIVE)
    await old.message("behind live", MAX)
    old.row("behind live", MAX, DeliveryStatus.PENDING)
    await old.message("never came", INES)
    old.on_its_way("never came", INES, lease_until=NOW)
    await old.message("doubtful", OMAR, in_slack=True)
    tried = {"attempts": 3, "first_tried_at": NOW - 60 * SECOND, "last_error": "timeout"}
    old.row("doubtful", OMAR, DeliveryStatus.PENDING, due_at=NOW + 9 * SECOND, **tried)
    await old.message("thrice", OLIVIA)
    for status in (DeliveryStatus.DEAD, DeliveryStatus.PENDING, DeliveryStatus.PENDING):
        old.row("thrice", OLIVIA, status, last_error="timeout" if status is DeliveryStatus.DEAD else None)
    await old.message("dropped", OLIVIA)
    old.row("dropped", OLIVIA, DeliveryStatus.DROPPED, attempts=1)
    facts = {"what": "dead", "error": "not_in_channel", "settled": None}
    await old.message("letter", OLIVIA, kind=DEAD_LETTER, subject_id="dead", facts=facts)
    old.row("letter", OLIVIA, DeliveryStatus.PENDING)


@pytest_asyncio.fixture
async def stage(slack_server: SandboxServer, empty_database_url: str, clock: HeldClock) -> AsyncIterator[OutboxStage]:
    """A database of the release before, full of messages, upgraded; and a worker of this release."""
    slack_server.workspace.reset()
    async with aiohttp.ClientSession() as session:
        client = make_client(session, slack_server.api_url)
        with at_revision(empty_database_url, "0002") as connection:
            await fill(OldOutbox(connection, client))
        database = open_database(empty_database_url)
        schema.upgrade(database.engine)
        yield OutboxStage(Desk(database, clock, Policy()), clock, client, Control(slack_server.url))
        database.close()


async def test_nothing_is_lost_and_nothing_is_said_twice(stage: OutboxStage) -> None:
    """What waited goes out in its order, what may have arrived is looked for, what was settled stays as it was."""
    await stage.worker.deliver_due()
    assert stage.texts(MAX) == ["live"]
    await stage.deliver_all()
    assert stage.texts(STATUS) == ["sent", "head", "reply"]
    head, reply = stage.messages(STATUS)[1:]
    assert reply["thread_ts"] == head["ts"]
    assert stage.texts(OWNERS) == ["after dead"]
    assert stage.texts(MIA) == ["expired", "behind it"]
    assert stage.texts(MAX) == ["live", "behind live"]
    assert stage.texts(INES) == ["never came"]
    assert stage.texts(OMAR) == ["doubtful"]
    assert stage.texts(OLIVIA) == ["thrice", f"A message could not be delivered to <#{OWNERS}>: dead"]
    left = {row.subject: row.status for row in stage.rows() if row.status != DeliveryStatus.SENT}
    dead, dropped = DeliveryStatus.DEAD, DeliveryStatus.DROPPED
    assert left == {"dead": dead, "dead too": dead, "dropped": dropped}


async def test_a_live_claim_is_left_to_its_worker(stage: OutboxStage) -> None:
    """What the worker of before has in hand is taken over when its lease is over, not earlier; its lane waits."""
    await stage.worker.deliver_due()
    assert stage.clock.now() < LIVE
    assert {row.subject for row in stage.rows() if row.status == DeliveryStatus.SENDING} == {"live"}
    stage.clock.set(LIVE)
    assert await stage.worker.deliver_due() >= 2
    assert stage.texts(MAX) == ["live", "behind live"]


async def test_dead_letters_of_before_are_settled_as_ever(stage: OutboxStage) -> None:
    """An owner retries one of them and drops another; the card of before says where it was to go, and what became
    of it; new messages come after all that was there."""
    await stage.deliver_all()
    assert [letter.subject for letter in stage.desk.read_now(ACTOR, list_dead)] == ["dead", "dead too"]
    last = max(row.id for row in stage.rows())
    stage.desk.write_now(ACTOR, lambda tx: retry_delivery(tx, "dead"))
    stage.desk.write_now(ACTOR, lambda tx: drop_delivery(tx, "dead too"))
    await stage.deliver_all()
    assert stage.texts(OWNERS) == ["after dead", "dead"]
    [letter] = [message for message in stage.messages(OLIVIA) if message["text"] != "thrice"]
    words = str(letter["blocks"])
    assert f"<#{OWNERS}>" in words
    assert "Delivered after all" in words
    assert stage.desk.read_now(ACTOR, list_dead) == []
    assert max(row.id for row in stage.rows()) > last
