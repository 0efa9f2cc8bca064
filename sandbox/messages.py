"""Posting, changing and deleting messages, and telling the open pages about it."""

from __future__ import annotations

from typing import Any

from sandbox.conversations import Conversation, is_reply
from sandbox.people import Person
from sandbox.workspace import Workspace

Json = dict[str, Any]
_EARLIER_KEPT = 20
_REPLY_COUNTS = ("reply_count", "latest_reply", "reply_users", "reply_users_count")


def app_message(workspace: Workspace, content: Json) -> Json:
    """A message of the app with a new ts; `content` holds text, blocks and the like."""
    return {
        "type": "message",
        "user": workspace.bot_user,
        "ts": workspace.ids.next_ts(),
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "team": workspace.roster.team_id,
        "bot_profile": {
            "id": workspace.bot_id,
            "app_id": workspace.app_id,
            "user_id": workspace.bot_user,
            "name": workspace.manifest.name,
            "deleted": False,
            "updated": 1_700_000_000,
            "team_id": workspace.roster.team_id,
        },
        **content,
    }


def person_message(workspace: Workspace, person: Person, text: str, thread_ts: str | None = None) -> Json:
    """A message that a person typed."""
    message = {
        "type": "message",
        "user": person.id,
        "ts": workspace.ids.next_ts(),
        "client_msg_id": workspace.ids.next_id("m").lower(),
        "text": text,
        "team": person.team_id,
    }
    return message | {"thread_ts": thread_ts} if thread_ts else message


def post_message(workspace: Workspace, conversation: Conversation, message: Json) -> Json:
    """Put a message into a conversation."""
    fill_block_ids(workspace, message)
    conversation.messages[message["ts"]] = message
    if is_reply(message):
        _count_replies(conversation, message["thread_ts"])
    workspace.live.publish(
        "message",
        lambda user: workspace.can_see(user, conversation),
        channel=conversation.id,
        message=without_metadata(message),
    )
    return message


def post_ephemeral(workspace: Workspace, conversation: Conversation, user: str, content: Json) -> Json:
    """Show a message of the app to one person only; it is in no history."""
    message = app_message(workspace, content) | {"is_ephemeral": True}
    fill_block_ids(workspace, message)
    conversation.ephemerals[message["ts"]] = (user, message)
    workspace.live.publish("message", user, channel=conversation.id, message=message)
    return message


def change_message(workspace: Workspace, conversation: Conversation, message: Json, changes: Json) -> Json:
    """Replace the contents of a message; keys with None are removed."""
    # A click may be on its way while the message changes: what was clickable before is kept for it.
    earlier = workspace.earlier_blocks.setdefault(message["ts"], [])
    earlier.append(message.get("blocks", []))
    del earlier[:-_EARLIER_KEPT]
    for key, value in changes.items():
        if value is None:
            message.pop(key, None)
        else:
            message[key] = value
    fill_block_ids(workspace, message)
    message["edited"] = {"user": workspace.bot_user, "ts": workspace.ids.next_ts()}
    _publish_change(workspace, conversation, "message_changed", message["ts"], message=without_metadata(message))
    return message


def delete_message(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    """Remove a message. One with replies leaves a tombstone, to which they belong."""
    if message["ts"] in conversation.messages and conversation.list_replies(message["ts"]):
        _bury(workspace, conversation, message)
        return
    _publish_change(workspace, conversation, "message_deleted", message["ts"], ts=message["ts"])
    conversation.messages.pop(message["ts"], None)
    conversation.ephemerals.pop(message["ts"], None)
    if is_reply(message):
        _count_replies(conversation, message["thread_ts"])


def _bury(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    kept = {name: message[name] for name in ("type", "ts", "thread_ts", *_REPLY_COUNTS) if name in message}
    message.clear()
    message |= kept | {
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "hidden": True,
        "text": "This message was deleted.",
    }
    _publish_change(workspace, conversation, "message_changed", message["ts"], message=dict(message))


def _publish_change(workspace: Workspace, conversation: Conversation, kind: str, of_ts: str, **fields: Any) -> None:
    reader = conversation.ephemerals.get(of_ts, (None, None))[0]
    audience = reader or (lambda user: workspace.can_see(user, conversation))
    workspace.live.publish(kind, audience, channel=conversation.id, **fields)


def without_metadata(message: Json) -> Json:
    """The message as it is shown to whoever did not ask for its metadata."""
    return {key: value for key, value in message.items() if key != "metadata"}


def fill_block_ids(workspace: Workspace, content: Json) -> None:
    """Give blocks and their elements the ids that the app left out, as Slack does."""
    for block in content.get("blocks") or []:
        if not block.get("block_id"):
            block["block_id"] = workspace.ids.next_block_id()
        for element in list_elements(block):
            if element.get("type") != "image" and not element.get("action_id"):
                element["action_id"] = workspace.ids.next_block_id()


def list_elements(block: Json) -> list[Json]:
    """The elements of a block that a person can act on."""
    kind = block.get("type")
    if kind in ("actions", "context_actions"):
        return list(block.get("elements") or [])
    if kind == "section" and isinstance(block.get("accessory"), dict):
        return [block["accessory"]] if block["accessory"].get("type") != "image" else []
    if kind == "input" and isinstance(block.get("element"), dict):
        return [block["element"]]
    return []


def _count_replies(conversation: Conversation, root: str) -> None:
    parent = conversation.messages.get(root)
    if parent is None:
        return
    replies = conversation.list_replies(root)
    for name in ("thread_ts", *_REPLY_COUNTS):
        parent.pop(name, None)
    if replies:
        authors = sorted({reply["user"] for reply in replies})
        counted = {"reply_count": len(replies), "latest_reply": replies[-1]["ts"]}
        parent |= {"thread_ts": root, **counted, "reply_users": authors, "reply_users_count": len(authors)}
