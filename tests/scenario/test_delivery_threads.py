"""Replies in threads: each arrives once, below its head, whatever Slack and the workers go through."""

import signal
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from desk.messages.dead_letters import retry_delivery
from desk.messages.outbox import find_card, send_card, send_reply
from desk.transaction import Desk, Transaction
from sandbox.player import Control, Json
from sandbox.server import SandboxServer
from storage.models import DeliveryStatus
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import OLIVIA
from tests.scenario.dying_worker import BRISK
from tests.scenario.outbox_stage import ACTOR, STATUS, OutboxStage, make_client
from tests.scenario.test_delivery_kill import start_worker
from tests.waiting import eventually

POST, UPDATE, REPLIES = "chat.postMessage", "chat.update", "conversations.replies"

Shown = list[tuple[str, list[str]]]
"""The bot's messages in the channel, each with what was said in its thread."""


@pytest_asyncio.fixture
async def stage(slack_server: SandboxServer, desk: Desk, clock: HeldClock) -> AsyncIterator[OutboxStage]:
    """The outbox alone, before a fresh workspace."""
    slack_server.workspace.reset()
    async with aiohttp.ClientSession() as session:
        client = make_client(session, slack_server.api_url)
        yield OutboxStage(desk, clock, client, Control(slack_server.url))


def tell(stage: OutboxStage, head: str | None, *replies: str) -> None:
    """As an incident does it: the head shows the newest state, and each reply is said in its thread or edited.

    A reply is known by its first word, by which a later one takes its place. Without a head it stays as it is.
    """

    def write(tx: Transaction) -> None:
        if head is not None:
            send_card(tx, "test.card", "head", [STATUS], text=head)
        message = find_card(tx, "test.card", "head", STATUS)
        assert message is not None
        for reply in replies:
            send_reply(tx, "test.card", reply.split()[0], message, text=reply)

    stage.desk.write_now(ACTOR, write)


def is_reply(message: Json) -> bool:
    """Whether it stands in a thread."""
    return bool(message.get("thread_ts", message["ts"]) != message["ts"])


def shown(stage: OutboxStage) -> Shown:
    """What the channel shows; a head that was deleted is still there for the thread below it."""
    messages = stage.control.person(OLIVIA).messages(STATUS)
    heads = [message for message in messages if message.get("bot_id") or message.get("subtype") == "tombstone"]
    return [
        (head["text"], [one["text"] for one in messages if is_reply(one) and one["thread_ts"] == head["ts"]])
        for head in heads
        if not is_reply(head)
    ]


def head_ts(stage: OutboxStage) -> str:
    """Where the newest head is."""
    return str([message for message in stage.messages() if not is_reply(message)][-1]["ts"])


async def test_the_head_first_then_its_replies(stage: OutboxStage) -> None:
    """The head is posted before its replies, which name it as their thread; another conversation is left alone."""
    tell(stage, "Slow", "one", "two")
    stage.say(OLIVIA, "elsewhere")
    assert await stage.worker.deliver_due() == 4
    assert shown(stage) == [("Slow", ["one", "two"])]
    assert stage.texts(OLIVIA) == ["elsewhere"]
    threads = [call["args"].get("thread_ts") for call in stage.calls(POST) if call["args"]["channel"] == STATUS]
    assert threads == [None, head_ts(stage), head_ts(stage)]


async def test_a_reply_is_edited_in_its_place(stage: OutboxStage) -> None:
    """A corrected reply changes where it stands, and the head beside it; nothing is posted anew."""
    tell(stage, "Slow", "one", "two")
    await stage.deliver_all()
    tell(stage, "Slower", "one corrected")
    await stage.deliver_all()
    assert shown(stage) == [("Slower", ["one corrected", "two"])]
    assert (len(stage.calls(POST)), len(stage.calls(UPDATE))) == (3, 2)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop"},
        {"kind": "drop", "carried_out": True},
        {"kind": "timeout", "seconds": 3, "carried_out": True},
        {"kind": "http_500", "carried_out": True},
        {"kind": "ratelimited", "retry_after": 7},
    ],
    ids=lambda fault: f"{fault['kind']}{'-carried-out' if fault.get('carried_out') else ''}",
)
async def test_a_failing_reply_is_neither_lost_nor_doubled(stage: OutboxStage, fault: dict[str, Any]) -> None:
    """Whatever befalls a reply, twice, it is looked for in its thread, stands there once, and the next one waits."""
    tell(stage, "Slow", "one", "two")
    stage.fault(method=POST, match="one", times=2, **fault)
    await stage.worker.deliver_due()
    assert "two" not in stage.texts()
    await stage.deliver_all()
    assert shown(stage) == [("Slow", ["one", "two"])]
    # Of a call that was cut off the client may or may not know that it never left.
    looked = bool(stage.calls(REPLIES))
    assert looked or not fault.get("carried_out")
    assert not looked or fault["kind"] != "ratelimited"
    tries = [call for call in stage.calls(POST) if call["args"]["text"] == "one"]
    assert len(tries) == (1 if fault.get("carried_out") else 3)


async def test_a_reply_is_found_behind_many_others(stage: OutboxStage) -> None:
    """The copy of a reply that may have been posted is found on a later page of a long thread."""
    tell(stage, "Slow")
    await stage.deliver_all()
    for number in range(120):
        await stage.client.chat_postMessage(channel=STATUS, text=f"chat {number}", thread_ts=head_ts(stage))
    tell(stage, "Slow", "one")
    stage.fault(method=POST, match="one", kind="drop", carried_out=True)
    await stage.deliver_all()
    [(_, replies)] = shown(stage)
    assert replies.count("one") == 1
    assert len(stage.calls(REPLIES)) == 2


@pytest.mark.parametrize("first", [("one",), ()], ids=["with-replies", "without"])
async def test_a_head_that_was_deleted_is_posted_anew(stage: OutboxStage, first: tuple[str, ...]) -> None:
    """When somebody deleted the head in Slack, the next update posts it anew, and replies go there from then on."""
    tell(stage, "Slow", *first)
    await stage.deliver_all()
    await stage.client.chat_delete(channel=STATUS, ts=head_ts(stage))
    tell(stage, "Slower", "two")
    stage.fault(method=POST, match="two", kind="drop", carried_out=True)
    await stage.deliver_all()
    tell(stage, "Slowest", *(f"{reply} corrected" for reply in first), "three")
    await stage.deliver_all()
    gone = [("This message was deleted.", ["one corrected"])] if first else []
    assert shown(stage) == [*gone, ("Slowest", ["two", "three"])]


async def test_a_head_that_is_deleted_while_a_reply_is_on_its_way(stage: OutboxStage) -> None:
    """A thread that is gone when a reply is looked for has no copy of it: the reply is said once, in the channel, as
    Slack takes none below what is not there."""
    tell(stage, "Slow", "one")
    stage.fault(method=POST, match="one", kind="drop")
    await stage.worker.deliver_due()
    await stage.client.chat_delete(channel=STATUS, ts=head_ts(stage))
    await stage.deliver_all()
    assert shown(stage) == [("one", [])]
    assert set(stage.statuses()) == {DeliveryStatus.SENT}


@pytest.mark.parametrize("error", ["cannot_reply_to_message", "restricted_action_non_threadable_channel"])
async def test_where_slack_takes_no_replies_they_are_said_in_the_channel(stage: OutboxStage, error: str) -> None:
    """A reply that Slack does not take in its thread stands beside the head, and is edited there."""
    tell(stage, "Slow", "one")
    stage.fault(method=POST, match="thread_ts", kind="error", error=error)
    await stage.deliver_all()
    tell(stage, "Slow", "one corrected")
    await stage.deliver_all()
    assert shown(stage) == [("Slow", []), ("one corrected", [])]


async def test_below_a_head_that_was_given_up_replies_are_said_in_the_channel(stage: OutboxStage) -> None:
    """A dead head takes no reply with it into silence; tried again, it is posted, and later replies go below it."""
    tell(stage, "Slow", "one")
    stage.fault(method=POST, match="Slow", kind="error", error="invalid_blocks")
    await stage.deliver_all()
    assert shown(stage) == [("one", [])]
    [head] = [row for row in stage.rows() if row.status == DeliveryStatus.DEAD]
    stage.desk.write_now(ACTOR, lambda tx: retry_delivery(tx, head.subject))
    tell(stage, "Slower", "one corrected", "two")
    await stage.deliver_all()
    assert shown(stage) == [("one corrected", []), ("Slower", ["two"])]


async def test_a_reply_beside_a_dead_head_is_not_doubled_when_the_head_comes(stage: OutboxStage) -> None:
    """A reply that may have been said in the channel is looked for there too, though it has a thread by now."""
    tell(stage, "Slow", "one")
    stage.fault(method=POST, match="Slow", kind="error", error="invalid_blocks")
    stage.fault(method=POST, match="one", kind="drop", carried_out=True)
    await stage.worker.deliver_due()
    [head] = [row for row in stage.rows() if row.status == DeliveryStatus.DEAD]
    stage.desk.write_now(ACTOR, lambda tx: retry_delivery(tx, head.subject))
    await stage.deliver_all()
    assert shown(stage) == [("one", []), ("Slow", [])]


@pytest.mark.parametrize("step", ["answered", "commit-2"])
@both_databases
async def test_a_worker_killed_after_its_reply_was_posted(
    stage: OutboxStage, slack_server: SandboxServer, database_url: str, step: str
) -> None:
    """A worker that is killed between the post of a reply and its commit leaves it in its thread, once."""
    tell(stage, "Slow")
    await stage.deliver_all()
    head = head_ts(stage)
    tell(stage, None, "one")
    dying = start_worker(database_url, slack_server, step, stage.clock.now().isoformat())
    assert await eventually(dying.poll, 60) == -signal.SIGKILL
    assert shown(stage) == [("Slow", ["one"])]
    stage.clock.advance(BRISK.lease)
    tell(stage, "Slow", "two")
    await stage.deliver_all()
    assert shown(stage) == [("Slow", ["one", "two"])]
    assert head_ts(stage) == head
    assert set(stage.statuses()) == {DeliveryStatus.SENT}
