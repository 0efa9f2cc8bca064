"""chat.*, history and threads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.probes import (
    DAN,
    GENERAL,
    MIA,
    MIA_IM,
    OLIVIA,
    OWNERS,
    STATUS,
    ZOE,
    Json,
    Slack,
    SocketApp,
    actions,
    button,
    section,
)

METADATA = {"event_type": "probe_posted", "event_payload": {"id": "1"}}


async def test_timestamps_are_texts_that_only_grow(slack: Slack) -> None:
    """Messages posted in the same instant still have distinct, growing timestamps of six decimals."""
    stamps = [(await slack.api("chat.postMessage", channel=STATUS, text=str(n)))["ts"] for n in range(20)]
    assert stamps == sorted(set(stamps))
    assert all(len(ts.split(".")[1]) == 6 for ts in stamps)


@pytest.mark.parametrize("reference", [STATUS, "status", "#status"])
async def test_a_channel_goes_by_id_or_name(slack: Slack, reference: str) -> None:
    """chat.postMessage finds a channel by id, name or #name, and answers with the id."""
    assert (await slack.api("chat.postMessage", channel=reference, text="hi"))["channel"] == STATUS


async def test_posting_to_a_person_opens_the_direct_message(slack: Slack) -> None:
    """A user id as channel opens the direct message; the answer has its D… id."""
    posted = await slack.api("chat.postMessage", channel=MIA, text="hi")
    assert posted["channel"] == MIA_IM
    assert [message["text"] for message in await slack.messages(MIA_IM)] == ["hi"]


async def test_a_message_to_somebody_deactivated_is_taken(slack: Slack) -> None:
    """Slack takes a direct message to a deactivated person without a word, so the sandbox does too."""
    assert (await slack.api("chat.postMessage", channel=DAN, text="hi"))["ok"] is True


@pytest.mark.parametrize("channel", ["C0NOWHERE1", ZOE, "U0DEPLOY01", "USLACKBOT", "U0NOBODY01"])
async def test_a_message_to_nowhere_is_refused(slack: Slack, channel: str) -> None:
    """Unknown channels, visitors and bots cannot be written to."""
    assert (await slack.api("chat.postMessage", channel=channel, text="hi"))["error"] == "channel_not_found"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        ({"blocks": "[{"}, "invalid_blocks_format"),
        ({"blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"a": "x" * 17_000}}}, "metadata_too_large"),
        ({"text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
        ({"text": "x", "attachments": "{"}, "invalid_attachments"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"markdown_text": "y" * 12_001}, "msg_too_long"),
        ({"blocks": [section("x" * 2_700) for _ in range(5)]}, "msg_blocks_too_long"),
    ],
)
async def test_content_that_slack_refuses_is_refused(slack: Slack, args: Json, error: str) -> None:
    """Each fault of a message has Slack's own code, and nothing is posted."""
    assert (await slack.api("chat.postMessage", channel=STATUS, **args))["error"] == error
    assert await slack.messages(STATUS) == []


async def test_invalid_blocks_say_where_and_why(slack: Slack) -> None:
    """invalid_blocks comes with errors and response_metadata.messages that point into the blocks."""
    answer = await slack.api("chat.postMessage", channel=STATUS, blocks=[section("x" * 3_001)])
    problem = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert answer["errors"] == [problem]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {problem}"]
    assert any("3001 characters" in sentence for sentence in slack.violations())


async def test_a_very_long_text_is_cut(slack: Slack) -> None:
    """chat.postMessage cuts a text at 40,000 characters instead of refusing it; chat.update refuses over 4,000."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    refused = await slack.api("chat.update", channel=STATUS, ts=posted["ts"], text="x" * 4_001)
    assert refused["error"] == "msg_too_long"


async def test_an_update_without_blocks_takes_them_away(slack: Slack) -> None:
    """chat.update with text alone removes the blocks, as Slack does; metadata stays until it is {}."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="a", blocks=[section()], metadata=METADATA)
    ts = posted["ts"]
    first = (await slack.api("chat.update", channel=STATUS, ts=ts, text="b"))["message"]
    assert (first["text"], "blocks" in first, first["metadata"]) == ("b", False, METADATA)
    second = (await slack.api("chat.update", channel=STATUS, ts=ts, text="c", metadata={}))["message"]
    assert "metadata" not in second and second["edited"]["user"] == "U0KEYDESK1"


async def test_only_its_own_messages_can_be_changed(slack: Slack) -> None:
    """Another's message, a missing one and an ephemeral one each have their code."""
    typed = await slack.do("message", user=MIA, channel=STATUS, text="mine")
    hidden = await slack.api("chat.postEphemeral", channel=STATUS, user=MIA, text="psst")
    update, delete = "chat.update", "chat.delete"
    assert (await slack.api(update, channel=STATUS, ts=typed["ts"], text="x"))["error"] == "cant_update_message"
    assert (await slack.api(delete, channel=STATUS, ts=typed["ts"]))["error"] == "cant_delete_message"
    assert (await slack.api(update, channel=STATUS, ts="1.000000", text="x"))["error"] == "message_not_found"
    ephemeral = await slack.api(update, channel=STATUS, ts=hidden["message_ts"], text="x")
    assert ephemeral["error"] == "message_not_found"
    assert (await slack.api(update, channel="#status", ts=typed["ts"], text="x"))["error"] == "channel_not_found"


async def test_a_deleted_message_is_gone(slack: Slack) -> None:
    """chat.delete takes the message off everybody's screen and out of history."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="oops")
    assert (await slack.api("chat.delete", channel=STATUS, ts=posted["ts"]))["ok"] is True
    assert await slack.messages(STATUS) == []
    assert (await slack.api("conversations.history", channel=STATUS))["messages"] == []


async def test_an_ephemeral_message_is_for_one_person(slack: Slack) -> None:
    """Only the person meant sees an ephemeral message, and history never has it."""
    await slack.api("chat.postEphemeral", channel=STATUS, user=MIA, text="psst")
    [seen] = await slack.messages(STATUS)
    assert seen["is_ephemeral"] is True
    assert await slack.messages(STATUS, user=OLIVIA) == []
    assert (await slack.api("conversations.history", channel=STATUS))["messages"] == []


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [
        (OWNERS, MIA, "user_not_in_channel"),
        (STATUS, DAN, "user_not_in_channel"),
        (STATUS, "U0NOBODY01", "user_not_in_channel"),
        (GENERAL, MIA, "not_in_channel"),
    ],
)
async def test_an_ephemeral_message_needs_both_in_the_channel(
    slack: Slack, channel: str, user: str, error: str
) -> None:
    """Neither somebody outside the channel nor an app outside it takes part in an ephemeral message."""
    answer = await slack.api("chat.postEphemeral", channel=channel, user=user, text="psst")
    assert answer["error"] == error


async def test_history_shows_metadata_only_when_asked(slack: Slack) -> None:
    """conversations.history leaves metadata out unless include_all_metadata is set."""
    await slack.api("chat.postMessage", channel=STATUS, text="a", metadata=METADATA)
    [bare] = (await slack.api("conversations.history", channel=STATUS))["messages"]
    [full] = (await slack.api("conversations.history", channel=STATUS, include_all_metadata=True))["messages"]
    assert "metadata" not in bare and full["metadata"] == METADATA


async def test_history_is_newest_first_within_its_bounds(slack: Slack) -> None:
    """oldest and latest bound the history, exclusively unless inclusive is set; limit pages it."""
    stamps = [(await slack.api("chat.postMessage", channel=STATUS, text=str(n)))["ts"] for n in range(5)]

    async def history(**args: Any) -> list[str]:
        answer = await slack.api("conversations.history", channel=STATUS, **args)
        return [message["text"] for message in answer["messages"]]

    assert await history() == ["4", "3", "2", "1", "0"]
    assert await history(oldest=stamps[1], latest=stamps[3]) == ["2"]
    assert await history(oldest=stamps[1], latest=stamps[3], inclusive=True) == ["3", "2", "1"]
    page = await slack.api("conversations.history", channel=STATUS, limit=2)
    assert page["has_more"] is True
    assert await history(limit=2, cursor=page["response_metadata"]["next_cursor"]) == ["2", "1"]


async def test_replies_are_in_their_thread_only(slack: Slack) -> None:
    """A reply is not in the history; conversations.replies has the parent first, with its count of replies."""
    parent = await slack.api("chat.postMessage", channel=STATUS, text="parent")
    await slack.api("chat.postMessage", channel=STATUS, text="reply", thread_ts=parent["ts"])
    [top] = (await slack.api("conversations.history", channel=STATUS))["messages"]
    assert (top["text"], top["reply_count"]) == ("parent", 1)
    thread = (await slack.api("conversations.replies", channel=STATUS, ts=parent["ts"]))["messages"]
    assert [message["text"] for message in thread] == ["parent", "reply"]
    missing = await slack.api("conversations.replies", channel=STATUS, ts="1.000000")
    assert missing["error"] == "thread_not_found"


async def test_a_permalink_leads_to_the_page(slack: Slack) -> None:
    """chat.getPermalink gives an address on the sandbox that leads to the channel."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="here")
    link = (await slack.api("chat.getPermalink", channel=STATUS, message_ts=posted["ts"]))["permalink"]
    assert (await slack.http.get(link)).headers["location"].endswith(f"c={STATUS}")
    assert (await slack.api("chat.getPermalink", channel=STATUS, message_ts="1.0"))["error"] == "message_not_found"


async def test_ids_that_the_app_left_out_are_filled_in(slack: Slack) -> None:
    """Blocks and elements without ids get some, so that a click can name them."""
    nameless = button()
    del nameless["action_id"]
    posted = await slack.api("chat.postMessage", channel=STATUS, blocks=[actions(nameless), section()])
    first, second = posted["message"]["blocks"]
    assert first["block_id"] == "buttons" and second["block_id"]
    assert first["elements"][0]["action_id"]


async def test_a_persons_mentions_become_references(slack: Slack) -> None:
    """What people type in a message is escaped, and @name, #channel and @group become references, once."""
    typed = "<b> @mia, #status & @platform <@U0OMAR0001> &lt; mail@mia"
    await slack.do("message", user=OLIVIA, channel=STATUS, text=typed)
    [message] = await slack.messages(STATUS)
    expected = "&lt;b&gt; <@U0MIA00001>, <#C0STATUS01> &amp; <!subteam^S0PLATFORM> <@U0OMAR0001> &lt; mail@mia"
    assert message["text"] == expected


async def test_reading_a_channel_clears_its_unread_count(slack: Slack) -> None:
    """Messages of others count as unread until the person looks."""

    async def unread() -> Any:
        state = await slack.look("state", user=MIA)
        return {each["id"]: each["unread"] for each in state["conversations"]}[STATUS]

    await slack.api("chat.postMessage", channel=STATUS, text="one")
    await slack.do("message", user=MIA, channel=STATUS, text="my own")
    assert await unread() == 1
    await slack.messages(STATUS)
    assert await unread() == 0


async def test_a_thread_is_answered_as_slack_answers_it(slack: Slack) -> None:
    """conversations.replies: the parent first whatever `oldest` says, replies naming its author, paged by cursor,
    metadata only when asked for; a channel without the app and a reply's ts as parent are noticed."""
    parent = (await slack.api("chat.postMessage", channel=STATUS, text="head"))["ts"]
    replies = []
    for number in range(3):
        posted = await slack.api(
            "chat.postMessage", channel=STATUS, text=str(number), thread_ts=parent, metadata=METADATA
        )
        replies.append(posted["ts"])
    thread = {"channel": STATUS, "ts": parent}
    later = (await slack.api("conversations.replies", **thread, oldest=replies[0], include_all_metadata=True))[
        "messages"
    ]
    assert [message["text"] for message in later] == ["head", "1", "2"]
    assert later[0]["reply_count"] == 3 and later[0]["latest_reply"] == replies[2]
    assert later[1]["parent_user_id"] == later[0]["user"] and later[1]["metadata"] == METADATA
    first = await slack.api("conversations.replies", **thread, limit=2)
    assert first["has_more"] and "metadata" not in first["messages"][1]
    rest = await slack.api(
        "conversations.replies", **thread, limit=2, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [message["ts"] for message in (*first["messages"], *rest["messages"])] == [parent, *replies]
    await slack.api("chat.postMessage", channel=STATUS, text="stray", thread_ts=replies[0])
    assert (await slack.messages(STATUS))[-1]["thread_ts"] == parent
    assert slack.violations() == [f"thread_ts {replies[0]} is that of a reply; it has to be the parent's."]


async def test_a_reply_can_be_sent_to_the_channel_too(slack: Slack) -> None:
    """reply_broadcast, at once or by chat.update, puts a reply into the history; others are never unread."""
    parent = (await slack.api("chat.postMessage", channel=STATUS, text="head"))["ts"]
    await slack.api("chat.postMessage", channel=STATUS, text="loud", thread_ts=parent, reply_broadcast=True)
    quiet = (await slack.api("chat.postMessage", channel=STATUS, text="quiet", thread_ts=parent))["ts"]

    async def history() -> list[str]:
        messages = (await slack.api("conversations.history", channel=STATUS))["messages"]
        return [f"{message.get('subtype', 'message')}: {message['text']}" for message in messages]

    async def unread() -> int:
        seen = (await slack.look("state", user=MIA))["conversations"]
        return int(next(each["unread"] for each in seen if each["id"] == STATUS))

    assert await history() == ["thread_broadcast: loud", "message: head"] and await unread() == 2
    await slack.api("chat.update", channel=STATUS, ts=quiet, text="not so quiet", reply_broadcast=True)
    assert await history() == ["thread_broadcast: not so quiet", "thread_broadcast: loud", "message: head"]
    assert await unread() == 3


async def test_a_thread_outlives_its_head(slack: Slack) -> None:
    """A deleted head leaves a tombstone with the replies under it; a deleted reply is no longer counted."""
    parent = (await slack.api("chat.postMessage", channel=STATUS, text="head"))["ts"]
    replies = [
        (await slack.api("chat.postMessage", channel=STATUS, text=text, thread_ts=parent))["ts"] for text in "ab"
    ]
    await slack.api("chat.delete", channel=STATUS, ts=replies[1])
    await slack.api("chat.delete", channel=STATUS, ts=parent)
    head, reply = (await slack.api("conversations.replies", channel=STATUS, ts=parent))["messages"]
    assert (head["subtype"], head["text"], head["reply_count"]) == ("tombstone", "This message was deleted.", 1)
    assert (reply["ts"], reply["text"]) == (replies[0], "a")
    await slack.api("chat.delete", channel=STATUS, ts=replies[0])
    [head] = (await slack.api("conversations.replies", channel=STATUS, ts=parent))["messages"]
    assert "reply_count" not in head and "thread_ts" not in head


async def test_a_permalink_of_a_reply_leads_into_its_thread(slack: Slack) -> None:
    """chat.getPermalink of a reply names the thread, and the page opens it."""
    parent = (await slack.api("chat.postMessage", channel=STATUS, text="head"))["ts"]
    reply = (await slack.api("chat.postMessage", channel=STATUS, text="reply", thread_ts=parent))["ts"]
    link = (await slack.api("chat.getPermalink", channel=STATUS, message_ts=reply))["permalink"]
    assert link.endswith(f"/archives/{STATUS}/p{reply.replace('.', '')}?thread_ts={parent}&cid={STATUS}")
    assert (await slack.http.get(link)).headers["location"] == f"/?c={STATUS}&thread={parent}"


async def test_a_button_in_a_thread_tells_where_it_is(slack: Slack, app: SocketApp) -> None:
    """A click on a reply carries thread_ts in container and message, and its answer stays in the thread; what
    answers a click on the thread's head stands beside the head. A reply can be changed as any message."""
    blocks = [actions(button())]
    head = await slack.api("chat.postMessage", channel=STATUS, text="head", blocks=blocks)
    reply = await slack.api("chat.postMessage", channel=STATUS, text="r", blocks=blocks, thread_ts=head["ts"])
    threads = []
    for posted in (reply, head):
        await slack.press(posted, STATUS)
        click = slack.app[-1]
        assert click["container"]["thread_ts"] == click["message"]["thread_ts"] == head["ts"]
        await slack.http.post(click["response_url"], json={"text": "heard"})
        threads.append((await slack.messages(STATUS))[-1].get("thread_ts"))
    assert threads == [head["ts"], None]
    await slack.api("chat.update", channel=STATUS, ts=reply["ts"], text="changed")
    changed = next(each for each in await slack.messages(STATUS) if each["ts"] == reply["ts"])
    assert (changed["text"], changed["thread_ts"]) == ("changed", head["ts"])


async def test_edits_are_refused_where_slack_refuses_them(slack: Slack) -> None:
    """A message in an archived channel stays as it is, and so does one in a channel that the app has left."""
    for channel in (STATUS, OWNERS):
        ts = (await slack.api("chat.postMessage", channel=channel, text="hi"))["ts"]
        place = slack.server.workspace.conversations[channel]
        place.is_archived = True
        assert (await slack.api("chat.update", channel=channel, ts=ts, text="x"))["error"] == "is_inactive"
        place.is_archived = False
        place.members.remove(slack.server.workspace.bot_user)
        refusal = "channel_not_found" if place.is_private else "no_permission"
        assert (await slack.api("chat.update", channel=channel, ts=ts, text="x"))["error"] == refusal


@pytest.mark.parametrize(("last", "seen"), [("1", ["3"]), ("2", ["2", "3"]), ("9", ["1", "2", "3"]), ("0", [])])
async def test_the_newest_messages_alone_can_be_looked_at(slack: Slack, last: str, seen: list[str]) -> None:
    """Whoever asks for the last ones has as many of the newest as there are, oldest first."""
    for text in ("1", "2", "3"):
        await slack.api("chat.postMessage", channel=STATUS, text=text)
    shown = await slack.look("messages", user=MIA, channel=STATUS, last=last)
    assert [message["text"] for message in shown["messages"]] == seen


async def test_how_many_of_the_last_messages_is_a_number(slack: Slack) -> None:
    """Anything else is refused with a sentence."""
    refused = await slack.http.get("/sandbox/messages", params={"user": MIA, "channel": STATUS, "last": "-1"})
    assert refused.status_code == 400
    assert refused.json() == {"error": "How many of the last messages is a number."}
