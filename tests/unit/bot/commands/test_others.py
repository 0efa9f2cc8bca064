"""`keydesk info`, `deliveries`, questions about keys, and what answers a stopped sync."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from desk.identifiers import new_id
from desk.messages.outbox import send_card
from desk.transaction import Actor, Desk
from storage.models import ApiKey, Delivery, DeliveryStatus, DirectorySync, SlackMessage, SyncStatus
from tests.factories import MIA, OLIVIA, add_key
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def dead(seeded: Desk) -> str:
    """A message to Mia that Slack does not take; its id."""
    seeded.write_now(Actor.operator("ann"), lambda tx: send_card(tx, "group.readable", "S0GROUP", [MIA]))
    with seeded.database.write() as session:
        row = session.scalars(select(Delivery)).one()
        row.status, row.last_error = DeliveryStatus.DEAD, "channel_not_found"
        return row.subject


def test_what_was_not_delivered(keydesk_on: Run, seeded: Desk, dead: str) -> None:
    """Listed with where it was to go and why it did not; one that nobody gave up is not known."""
    [listed] = json.loads(keydesk_on("deliveries", "list", "--json").stdout)
    assert (listed["id"], listed["to"]) == (dead, "the direct messages of Mia")
    assert "error    channel_not_found\n" in keydesk_on("deliveries", "show", dead).stdout
    assert keydesk_on("deliveries", "show", "nothing").exit_code == 1


def test_tried_again(keydesk_on: Run, seeded: Desk, dead: str) -> None:
    """It waits for a running Keydesk, as new."""
    assert keydesk_on("deliveries", "retry", dead).exit_code == 0
    with seeded.database.read() as session:
        assert session.scalars(select(Delivery.status)).one() == DeliveryStatus.PENDING
    assert keydesk_on("deliveries", "list").stdout == "Every message was delivered, or is on its way.\n"


def test_dropped(keydesk_on: Run, seeded: Desk, dead: str) -> None:
    """Not without a yes."""
    assert keydesk_on("deliveries", "drop", dead).exit_code == 1
    assert keydesk_on("deliveries", "drop", dead, "--yes").stdout == "Dropped.\n"
    with seeded.database.read() as session:
        assert session.scalars(select(Delivery.status)).one() == DeliveryStatus.DROPPED


def test_at_a_glance(keydesk_on: Run, seeded: Desk, dead: str) -> None:
    """What the Home tab shows owners, and the ids that clients of the API need."""
    keydesk_on("incident", "new", "Slow", "--yes")
    shown = keydesk_on("info").stdout
    for line in (
        "organization      Acme",
        "owners            Olivia, Omar",
        "open incidents    1",
        "not delivered     1",
    ):
        assert f"{line}\n" in shown
    plain = json.loads(keydesk_on("info", "--json").stdout)
    assert [page["name"] for page in plain["pages"]] == ["Acme"]
    assert (plain["open_incidents"], plain["base_URL"]) == (1, "http://127.0.0.1:3000/v1")


def test_is_it_still_needed(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """A key is kept for a while, its holder asked, and more time refused where it was asked for."""
    with seeded.database.write() as session:
        key_id = add_key(session, now - timedelta(days=30), name="ci", expires_at=now + timedelta(days=60)).id
    assert keydesk_on("keys", "keep", "ci", "30d").exit_code == 2
    assert "“ci” is kept until" in keydesk_on("keys", "keep", "ci", "30d", "--reason", "Winter.").stdout
    with seeded.database.read() as session:
        assert session.get_one(ApiKey, key_id).keep_reason == "Winter."
    assert keydesk_on("keys", "ask", "ci").stdout == "Mia is asked whether “ci” is still needed.\n"
    with seeded.database.read() as session:
        asked = session.scalars(select(SlackMessage.conversation).where(SlackMessage.kind == "key.ask")).all()
    assert asked == [MIA]
    refused = keydesk_on("keys", "decline", "ci", "--reason", "No.")
    assert (refused.exit_code, "Nobody waits for more time" in refused.stderr) == (1, True)
    [listed] = json.loads(keydesk_on("keys", "list", "--json").stdout)
    assert (listed["name"], listed["scopes"], listed["last_used"]) == ("ci", ["read"], None)
    assert datetime.fromisoformat(json.loads(keydesk_on("keys", "show", "ci", "--json").stdout)["expires"]) > now


def test_a_stopped_sync_is_answered(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """Shown first: what it would take from whom."""
    assert "No sync waits for a decision." in keydesk_on("roles", "sync", "--leave").stderr
    plan = {"losers": {MIA: [["integrator", None]]}, "people": 3}
    with seeded.database.write() as session:
        sync = DirectorySync(
            id=new_id(), status=SyncStatus.STOPPED, created_at=now, created_by=f"member:{OLIVIA}", plan=plan
        )
        session.add(sync)
        sync_id = sync.id
    shown = keydesk_on("roles", "sync", "--apply")
    assert (shown.exit_code, "would take roles from 1 of the 3 people" in shown.stderr) == (1, True)
    assert keydesk_on("roles", "sync", "--leave").stdout == "Everybody stays as they are.\n"
    assert keydesk_on("roles", "sync", "--apply", "--yes").exit_code == 0
    with seeded.database.read() as session:
        assert session.get_one(DirectorySync, sync_id).status == SyncStatus.CONFIRMED
    assert keydesk_on("roles", "sync", "--apply", "--leave").exit_code == 1


def test_roles_for_programs(keydesk_on: Run, seeded: Desk) -> None:
    """Lists are JSON as well."""
    assert {one["whom"] for one in json.loads(keydesk_on("roles", "list", "--json").stdout)} == {"Olivia", "Omar"}
    assert json.loads(keydesk_on("roles", "who", "owner", "--json").stdout)[0]["name"] == "Olivia"
