"""Delivery: whatever Slack does, each message arrives once and in its place."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from desk.transaction import Desk
from handlers.delivery.backoff import BackOff
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage.models import DeliveryStatus
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA
from tests.scenario.outbox_stage import STATUS, OutboxStage, make_client

POST, UPDATE = "chat.postMessage", "chat.update"

FAULTS = [
    {"kind": "ratelimited", "retry_after": 7},
    {"kind": "http_500"},
    {"kind": "http_500", "carried_out": True},
    {"kind": "timeout", "seconds": 3},
    {"kind": "timeout", "seconds": 3, "carried_out": True},
    {"kind": "drop"},
    {"kind": "drop", "carried_out": True},
    {"kind": "error", "error": "internal_error"},
    {"kind": "error", "error": "service_unavailable"},
    {"kind": "error", "error": "request_timeout"},
]


def _name(fault: dict[str, Any]) -> str:
    return f"{fault.get('error', fault['kind'])}{'-carried-out' if fault.get('carried_out') else ''}"


@pytest_asyncio.fixture
async def stage(slack_server: SandboxServer, desk: Desk, clock: HeldClock) -> AsyncIterator[OutboxStage]:
    """The outbox alone, before a fresh workspace."""
    slack_server.workspace.reset()
    async with aiohttp.ClientSession() as session:
        client = make_client(session, slack_server.api_url)
        yield OutboxStage(desk, clock, client, Control(slack_server.url))


@both_databases
async def test_messages_arrive_in_order(stage: OutboxStage) -> None:
    """Notes to channels and people arrive once each, in the order in which they were written."""
    stage.say(STATUS, "one", "two", "three")
    stage.say(MIA, "four")
    assert await stage.worker.deliver_due() == 4
    assert stage.texts(STATUS) == ["one", "two", "three"]
    assert stage.texts(MIA) == ["four"]
    assert set(stage.statuses()) == {DeliveryStatus.SENT}


@pytest.mark.parametrize("conversation", [STATUS, MIA])
@pytest.mark.parametrize("fault", FAULTS, ids=_name)
async def test_a_failing_post_is_neither_lost_nor_doubled(
    stage: OutboxStage, fault: dict[str, Any], conversation: str
) -> None:
    """Whatever befalls a post (twice, once after Slack carried it out), each note arrives once and in order.

    Another conversation does not wait for the one that is in trouble.
    """
    stage.say(conversation, "one", "two", "three")
    stage.say(OLIVIA, "elsewhere")
    stage.fault(method=POST, match="one", times=2, **fault)
    await stage.worker.deliver_due()
    assert stage.texts(OLIVIA) == ["elsewhere"]
    assert "two" not in stage.texts(conversation)
    await stage.deliver_all()
    assert stage.texts(conversation) == ["one", "two", "three"]
    assert stage.texts(OLIVIA) == ["elsewhere"]


@pytest.mark.parametrize("fault", FAULTS, ids=_name)
async def test_a_failing_edit_is_made_up_for(stage: OutboxStage, fault: dict[str, Any]) -> None:
    """A card whose edit fails shows its newest state in the end, in the one place where it was."""
    stage.show(STATUS, "waiting")
    stage.say(STATUS, "after")
    await stage.deliver_all()
    stage.show(STATUS, "approved")
    stage.fault(method=UPDATE, times=2, **fault)
    await stage.deliver_all()
    assert stage.texts() == ["approved", "after"]
    assert len(stage.calls(POST)) == 2


async def test_retry_after_is_obeyed(stage: OutboxStage) -> None:
    """A conversation that Slack limits is left alone for as long as Slack says, and that try does not count."""
    stage.fault(method=POST, kind="ratelimited", retry_after=30)
    stage.say(STATUS, "one")
    await stage.worker.deliver_due()
    stage.clock.advance(seconds=29)
    await stage.worker.deliver_due()
    assert len(stage.calls(POST)) == 1
    stage.clock.advance(seconds=1)
    await stage.worker.deliver_due()
    assert stage.texts() == ["one"]
    assert stage.rows()[0].attempts == 1


async def test_a_second_limited_channel_means_the_whole_workspace(stage: OutboxStage) -> None:
    """When two channels are limited at once, posts to a third wait too, without a call; edits go on."""
    stage.show(MIA, "waiting")
    await stage.deliver_all()
    stage.fault(method=POST, kind="ratelimited", retry_after=30, times=2)
    stage.say(STATUS, "one")
    stage.say(OLIVIA, "two")
    await stage.worker.deliver_due()
    stage.say("C0OWNERS01", "three")
    stage.show(MIA, "approved")
    await stage.worker.deliver_due()
    assert len(stage.calls(POST)) == 3
    assert stage.texts(MIA) == ["approved"]
    await stage.deliver_all()
    assert (stage.texts(STATUS), stage.texts(OLIVIA), stage.texts("C0OWNERS01")) == (["one"], ["two"], ["three"])


async def test_edits_are_limited_for_the_whole_workspace(stage: OutboxStage) -> None:
    """When Slack limits edits, no other card is edited until the time is over; posts go on."""
    stage.show(STATUS, "a1", subject="a")
    stage.show(MIA, "b1", subject="b")
    await stage.deliver_all()
    stage.fault(method=UPDATE, kind="ratelimited", retry_after=30)
    stage.show(STATUS, "a2", subject="a")
    stage.show(MIA, "b2", subject="b")
    stage.say(OLIVIA, "note")
    await stage.worker.deliver_due()
    assert len(stage.calls(UPDATE)) == 1
    assert stage.texts(OLIVIA) == ["note"]
    await stage.deliver_all()
    assert (stage.texts(STATUS), stage.texts(MIA)) == (["a2"], ["b2"])


async def test_waiting_states_of_a_card_are_shown_at_once(stage: OutboxStage) -> None:
    """Several changes of a card that wait cost one call, which shows the newest; a first posting covers them too."""
    stage.show(STATUS, "waiting")
    stage.show(STATUS, "reminded")
    stage.say(STATUS, "note")
    await stage.deliver_all()
    assert stage.texts() == ["reminded", "note"]
    assert (len(stage.calls(POST)), len(stage.calls(UPDATE))) == (2, 0)
    for state in ("one approval", "approved", "collected"):
        stage.show(STATUS, state)
    await stage.deliver_all()
    assert stage.texts() == ["collected", "note"]
    assert len(stage.calls(UPDATE)) == 1


async def test_a_card_whose_message_is_gone_is_posted_anew(stage: OutboxStage) -> None:
    """A card that somebody deleted comes back, once, with its newest state, and is edited there afterwards."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    await stage.client.chat_delete(channel=STATUS, ts=stage.messages()[0]["ts"])
    stage.show(STATUS, "approved")
    stage.fault(method=POST, kind="drop", carried_out=True)
    await stage.deliver_all()
    assert stage.texts() == ["approved"]
    stage.show(STATUS, "collected")
    await stage.deliver_all()
    assert stage.texts() == ["collected"]


async def test_a_card_that_may_not_be_edited_any_more_is_posted_anew(stage: OutboxStage) -> None:
    """When Slack's time for edits is over, the card's new state is posted as a new message."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.show(STATUS, "approved")
    stage.fault(method=UPDATE, kind="error", error="edit_window_closed", times=2)
    stage.fault(method=POST, kind="timeout", seconds=3, carried_out=True)
    await stage.deliver_all()
    assert stage.texts() == ["waiting", "approved"]


async def test_nothing_to_say_is_not_said(stage: OutboxStage) -> None:
    """A message that has become needless when its turn comes is done without a call."""
    stage.say(STATUS, "nothing", "something")
    await stage.deliver_all()
    assert stage.texts() == ["something"]
    assert stage.rows()[0].status == DeliveryStatus.SENT
    assert stage.rows()[0].sent_at is None


@pytest.mark.parametrize("error", ["missing_scope", "method_deprecated", "invalid_auth", "not_in_channel"])
async def test_where_history_cannot_be_read_a_double_is_accepted(stage: OutboxStage, error: str) -> None:
    """When nobody can know whether a post arrived it is made again, rather than lost, and the log says so."""
    stage.say(STATUS, "one", "two")
    stage.fault(method=POST, kind="drop", carried_out=True)
    stage.fault(method="conversations.history", kind="error", error=error)
    with capture_logs() as logs:
        await stage.deliver_all()
    assert stage.texts() == ["one", "one", "two"]
    warnings = [entry for entry in logs if entry["event"] == "history_unreadable"]
    assert [entry["error"] for entry in warnings] == [error]


async def test_a_copy_is_looked_for_however_much_was_said_since(stage: OutboxStage) -> None:
    """The copy of a message that may have been posted is found behind several pages of later messages."""
    stage.say(STATUS, "one")
    stage.fault(method=POST, kind="drop", carried_out=True)
    await stage.worker.deliver_due()
    for number in range(250):
        await stage.client.chat_postMessage(channel=STATUS, text=f"chat {number}")
    await stage.deliver_all()
    assert stage.texts().count("one") == 1
    assert len(stage.calls("conversations.history")) == 3


async def test_nothing_else_is_taken_for_a_copy(stage: OutboxStage) -> None:
    """A post that did not arrive is made again, whatever of Keydesk's or of another app's was said since; one look
    at a history of one page tells."""
    stage.say(STATUS, "one")
    stage.fault(method=POST, kind="drop")
    assert await stage.worker.deliver_due() == 0
    [delivery] = stage.rows()
    for event_type, payload in (
        ("keydesk", {"message_id": "another"}),
        ("other_app", {"message_id": delivery.subject}),
    ):
        metadata = {"event_type": event_type, "event_payload": payload}
        await stage.client.chat_postMessage(channel=STATUS, text=event_type, metadata=metadata)
    await stage.deliver_all()
    assert stage.texts() == ["keydesk", "other_app", "one"]
    assert len(stage.calls("conversations.history")) == 1


async def test_history_that_is_down_for_now_is_waited_for(stage: OutboxStage) -> None:
    """While Slack is too unwell to be asked whether a post arrived, it is not made again."""
    stage.say(STATUS, "one")
    stage.fault(method=POST, kind="drop", carried_out=True)
    stage.fault(method="conversations.history", kind="http_500", times=3)
    await stage.deliver_all()
    assert stage.texts() == ["one"]
    assert len(stage.calls(POST)) == 1


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked"])
async def test_a_refused_bot_keeps_everything(stage: OutboxStage, error: str) -> None:
    """When Slack refuses the bot itself, nothing is tried for a minute, nothing dies, and the log says so once."""
    stage.say(STATUS, "one", "two")
    stage.say(MIA, "three")
    stage.fault(method="*", kind="error", error=error, times=2)
    with capture_logs() as logs:
        await stage.worker.deliver_due()
    assert [entry["error"] for entry in logs if entry["event"] == "delivery_paused"] == [error]
    assert len(stage.calls(POST)) == 1
    stage.clock.advance(seconds=59)
    assert await stage.worker.deliver_due() == 0
    stage.clock.advance(seconds=1)
    await stage.deliver_all()
    assert (stage.texts(STATUS), stage.texts(MIA)) == (["one", "two"], ["three"])
    assert {row.attempts for row in stage.rows()} == {1}


async def test_a_token_of_which_nothing_else_is_known_counts_as_refused(stage: OutboxStage) -> None:
    """Where Slack cannot be asked whether it takes the token, one refusal pauses all, and nothing is said twice."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.show(STATUS, "approved")
    stage.fault(method=UPDATE, kind="error", error="token_revoked")
    stage.fault(method="auth.test", kind="http_500")
    with capture_logs() as logs:
        await stage.worker.deliver_due()
    assert [entry["error"] for entry in logs if entry["event"] == "delivery_paused"] == ["token_revoked"]
    await stage.deliver_all()
    assert stage.texts() == ["approved"]


@pytest.mark.parametrize("error", ["missing_scope", "not_allowed_token_type", "invalid_auth"])
async def test_a_refused_call_stops_what_needs_it(stage: OutboxStage, error: str) -> None:
    """Where Slack lets Keydesk not post, edits go out; nothing dies, and the call is not made again for the rest."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.say(MIA, "one", "two")
    stage.say("C0OWNERS01", "three")
    stage.show(STATUS, "approved")
    stage.fault(method=POST, kind="error", error=error, times=1)
    await stage.worker.deliver_due()
    assert (stage.texts(), stage.texts(MIA), len(stage.calls(POST))) == (["approved"], [], 2)
    await stage.deliver_all()
    assert (stage.texts(MIA), stage.texts("C0OWNERS01")) == (["one", "two"], ["three"])
    assert {row.attempts for row in stage.rows()} == {1}


@pytest.mark.parametrize("error", ["account_inactive", "token_revoked"])
async def test_an_app_that_was_put_back_says_nothing_twice(stage: OutboxStage, error: str) -> None:
    """The edit was refused with the token, which is taken again a moment later: the card is edited, and stays one."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.fault(method=UPDATE, kind="error", error=error, times=1)
    stage.show(STATUS, "approved")
    await stage.worker.deliver_due()
    assert stage.texts() == ["waiting"]
    stage.clock.advance(minutes=2)
    await stage.deliver_all()
    assert stage.texts() == ["approved"]


@pytest.mark.parametrize("error", ["missing_scope", "method_deprecated"])
async def test_where_nothing_may_be_edited_it_is_said_anew(stage: OutboxStage, error: str) -> None:
    """A card that Slack lets Keydesk not edit is posted with its new state; what comes behind it does not wait."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.fault(method=UPDATE, kind="error", error=error, times=1)
    stage.show(STATUS, "approved")
    stage.say(STATUS, "note")
    await stage.worker.deliver_due()
    assert stage.texts() == ["waiting", "approved", "note"]
    stage.clock.advance(minutes=1)
    stage.show(STATUS, "collected")
    await stage.deliver_all()
    assert stage.texts() == ["waiting", "collected", "note"]


async def test_an_outage_of_hours_loses_nothing(stage: OutboxStage) -> None:
    """Messages wait through hours of outage, and go out within twenty minutes of its end."""
    stage.say(STATUS, "one", "two")
    stage.fault(method=POST, kind="error", error="service_unavailable", times=20)
    start = stage.clock.now()
    while len(stage.calls(POST)) < 20:
        await stage.deliver_some()
    outage = stage.clock.now()
    assert outage - start > timedelta(hours=2)
    await stage.deliver_all()
    assert stage.clock.now() - outage < timedelta(minutes=20)
    assert stage.texts() == ["one", "two"]


async def test_a_message_that_cannot_be_drawn_does_not_block_its_conversation(stage: OutboxStage) -> None:
    """A mistake in a renderer is tried a few times, then logged and buried, and the next message has its turn."""
    stage.say(STATUS, "mistake", "two")
    with capture_logs() as logs:
        await stage.deliver_all()
    assert stage.texts() == ["two"]
    row = stage.rows()[0]
    assert row.status == DeliveryStatus.DEAD
    assert row.attempts == BackOff().doubtful_attempts
    references = [entry["reference"] for entry in logs if entry["event"] == "message_not_drawn"]
    assert row.last_error == f"not_drawn:{references[-1]}"


@both_databases
async def test_two_workers_share_the_work(stage: OutboxStage) -> None:
    """Two workers at once, each on several conversations, deliver everything once and in order."""
    places = [STATUS, MIA, OLIVIA, "C0OWNERS01"]
    for number in range(8):
        for place in places:
            stage.say(place, str(number))
    workers = [stage.make_worker(name=name) for name in ("first", "second")]
    for _ in range(3):
        await asyncio.gather(*(worker.deliver_due() for worker in workers for _lane in range(3)))
    await stage.deliver_all()
    for place in places:
        assert stage.texts(place) == [str(number) for number in range(8)]
    assert len(stage.calls(POST)) == 32
