"""The card about a suspended key that is used."""

import json
from datetime import timedelta
from typing import Any

import pytest

from desk.keys.suspended_use import SUSPENDED_USE_CARD
from desk.transaction import Actor, Desk
from handlers.slack.framework.blocks import Message
from handlers.slack.keys.messages import render_suspended_use
from storage.models import ApiKey, KeyStatus, SlackMessage
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import OLIVIA, add_key

SUSPENDED: dict[str, Any] = {
    "status": KeyStatus.SUSPENDED,
    "suspended_at": NOW - timedelta(days=2),
    "suspended_by": f"member:{OLIVIA}",
    "suspend_reason": "nobody seems to use it",
}


def draw(desk: Desk, *, aside: bool = False, facts: dict[str, Any] | None = None, **values: Any) -> Message:
    """The card of a key with these values."""
    with desk.database.write() as session:
        key = add_key(session, NOW, **values)
        subject = f"{key.id}:m00000000001" if aside else key.id
        known = {"at": NOW.isoformat(), "address": "192.0.2.66", "user_agent": "curl/8.9.1"}
        card = SlackMessage(
            id="m00000000001",
            kind=SUSPENDED_USE_CARD,
            subject_id=subject,
            conversation=OLIVIA,
            facts=known if facts is None else known | facts,
            created_at=NOW,
        )
    drawn = desk.read_now(Actor.operator("test"), lambda tx: render_suspended_use(tx, card))
    assert drawn is not None
    return drawn


def buttons(message: Message) -> list[str]:
    """The labels of its buttons."""
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def test_it_says_who_suspended_the_key_and_offers_to_restore_it(desk: Desk) -> None:
    """When, from where, by what, who suspended it and why; Restore carries the key's version."""
    card = draw(desk, **SUSPENDED)
    words = json.dumps(card.blocks)
    for part in ("192.0.2.66", "curl/8.9.1", f"<@{OLIVIA}>", "nobody seems to use it", str(int(NOW.timestamp()))):
        assert part in words
    assert buttons(card) == ["Restore", "Revoke"]
    values = [element["value"] for element in card.blocks[-2]["elements"]]
    assert all(value.endswith(":1") for value in values)


def test_an_earlier_card_points_to_the_later_one(desk: Desk) -> None:
    """Only the newest card has buttons."""
    card = draw(desk, aside=True, **SUSPENDED)
    assert buttons(card) == []
    assert "newer message" in json.dumps(card.blocks)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": KeyStatus.ACTIVE}, "restored"),
        ({"status": KeyStatus.REVOKED, "revoked_by": f"member:{OLIVIA}"}, f"revoked by <@{OLIVIA}>"),
        (SUSPENDED | {"expires_at": NOW}, "expired"),
    ],
)
def test_it_follows_what_became_of_the_key(desk: Desk, values: dict[str, Any], words: str) -> None:
    """Once the key is not suspended any more, the card says so and has no buttons."""
    card = draw(desk, **values)
    assert words in json.dumps(card.blocks)
    assert buttons(card) == []


def test_nothing_that_a_client_sends_can_mention_anybody(desk: Desk) -> None:
    """Name, reason and user agent are shown as they are, without markup, links or code of their own."""
    hostile = "<!channel> <@U0OLIVIA01> `x` & *b*"
    card = draw(desk, name=hostile, facts={"user_agent": hostile}, **(SUSPENDED | {"suspend_reason": hostile}))
    words = json.dumps(card.blocks) + card.text
    assert "<!channel>" not in words
    assert f"`{'x'}`" not in json.dumps(card.blocks[1])


def test_an_unknown_caller_is_said_to_be_one(desk: Desk) -> None:
    """Without address and user agent there are words instead of holes."""
    card = draw(desk, facts={"address": None, "user_agent": None}, **SUSPENDED)
    assert "unknown address" in json.dumps(card.blocks)
    assert "does not say" in json.dumps(card.blocks)


def test_a_key_that_is_gone_has_no_card(desk: Desk) -> None:
    """There is nothing to say about a key that does not exist."""
    card = SlackMessage(
        id="m00000000001",
        kind=SUSPENDED_USE_CARD,
        subject_id="unknown00000",
        conversation=OLIVIA,
        facts={},
        created_at=NOW,
    )
    assert desk.read_now(Actor.operator("test"), lambda tx: render_suspended_use(tx, card)) is None
    assert desk.read_now(Actor.operator("test"), lambda tx: tx.session.query(ApiKey).count()) == 0
