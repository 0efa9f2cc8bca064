"""chat.*: messages of the app."""

from __future__ import annotations

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.content import UPDATE_TEXT_LIMIT, read_content, read_metadata, read_thread
from sandbox.conversations import Conversation, is_reply
from sandbox.errors import SlackError
from sandbox.messages import (
    app_message,
    change_message,
    delete_message,
    post_ephemeral,
    post_message,
    without_metadata,
)
from sandbox.workspace import Workspace


def chat_post_message(workspace: Workspace, args: Args) -> Json:
    """Post to a channel by id or name, to a direct message, or to a person by their id."""
    args.require("channel")
    conversation = _get_target(workspace, args.text("channel"))
    content = read_content(args) | read_thread(workspace, conversation, args)
    if not content.get("metadata", True):
        del content["metadata"]
    message = post_message(workspace, conversation, app_message(workspace, content))
    return {"channel": conversation.id, "ts": message["ts"], "message": message}


def chat_post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """Show a message to one member of the conversation."""
    args.require("channel", "user")
    conversation = _get_target(workspace, args.text("channel"))
    person = workspace.people.get(args.text("user"))
    if person is None or person.deleted or person.id not in conversation.members:
        raise SlackError("user_not_in_channel")
    content = without_metadata(read_content(args) | read_thread(workspace, conversation, args))
    content.pop("subtype", None)
    message = post_ephemeral(workspace, conversation, person.id, content)
    return {"message_ts": message["ts"]}


def chat_update(workspace: Workspace, args: Args) -> Json:
    """Change one of the app's own messages. Text without blocks takes the blocks away."""
    args.require("channel", "ts")
    conversation, message = _get_own_message(workspace, args, "cant_update_message")
    _require_editable(workspace, conversation)
    if len(args.text("text")) > UPDATE_TEXT_LIMIT:
        raise SlackError("msg_too_long")
    content = read_content(args)
    changes: Json = {"blocks": None, "attachments": None} | content
    if "metadata" in args:
        changes["metadata"] = read_metadata(args) or None
    if args.flag("reply_broadcast") and is_reply(message):
        changes["subtype"] = "thread_broadcast"
    change_message(workspace, conversation, message, changes)
    return {"channel": conversation.id, "ts": message["ts"], "text": message["text"], "message": message}


def _require_editable(workspace: Workspace, conversation: Conversation) -> None:
    """Raises SlackError in an archived channel, and in one that the app has left."""
    if conversation.is_archived:
        raise SlackError("is_inactive")
    if conversation.kind == "channel" and workspace.bot_user not in conversation.members:
        raise SlackError("channel_not_found" if conversation.is_private else "no_permission")


def chat_delete(workspace: Workspace, args: Args) -> Json:
    """Delete one of the app's own messages."""
    args.require("channel", "ts")
    conversation, message = _get_own_message(workspace, args, "cant_delete_message")
    delete_message(workspace, conversation, message)
    return {"channel": conversation.id, "ts": message["ts"]}


def chat_get_permalink(workspace: Workspace, args: Args) -> Json:
    """The address of a message."""
    args.require("channel", "message_ts")
    conversation = workspace.conversations.get(args.text("channel"))
    if conversation is None:
        raise SlackError("channel_not_found")
    ts = args.text("message_ts")
    message = conversation.messages.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    link = f"{workspace.base_url}/archives/{conversation.id}/p{ts.replace('.', '')}"
    if message.get("thread_ts", ts) != ts:
        link += f"?thread_ts={message['thread_ts']}&cid={conversation.id}"
    return {"channel": conversation.id, "permalink": link}


def _get_target(workspace: Workspace, reference: str) -> Conversation:
    """Where a message goes. Raises SlackError when the app may not post there."""
    if reference.startswith(("U", "W")) and reference in workspace.people:
        return _get_im(workspace, reference)
    conversation = workspace.find_conversation(reference)
    if conversation is None:
        raise SlackError("channel_not_found")
    if conversation.kind == "im" and conversation.user is not None:
        return _get_im(workspace, conversation.user)
    if conversation.is_archived:
        raise SlackError("is_archived")
    if workspace.bot_user in conversation.members:
        return conversation
    if conversation.is_private:
        raise SlackError("channel_not_found")
    if "chat:write.public" not in workspace.manifest.bot_scopes:
        raise SlackError("not_in_channel")
    return conversation


def _get_im(workspace: Workspace, user: str) -> Conversation:
    person = workspace.people[user]
    # A deactivated person is no error here: Slack takes the message, and nobody reads it.
    if person.is_bot or person.is_stranger or person.id == "USLACKBOT":
        raise SlackError("channel_not_found")
    if not workspace.manifest.messages_tab_enabled:
        raise SlackError("messages_tab_disabled")
    return workspace.ensure_im(person)


def _get_own_message(workspace: Workspace, args: Args, refusal: str) -> tuple[Conversation, Json]:
    conversation = workspace.conversations.get(args.text("channel"))
    if conversation is None:
        raise SlackError("channel_not_found")
    message = conversation.messages.get(args.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.get("bot_id") != workspace.bot_id:
        raise SlackError(refusal)
    return conversation, message


METHODS: dict[str, Method] = {
    "chat.postMessage": chat_post_message,
    "chat.postEphemeral": chat_post_ephemeral,
    "chat.update": chat_update,
    "chat.delete": chat_delete,
    "chat.getPermalink": chat_get_permalink,
}
