"""conversations.*: channels, direct messages and what was said in them."""

from __future__ import annotations

from sandbox.api.method import Json, Method, get_conversation, page_of, require_scope
from sandbox.bodies import Args
from sandbox.conversations import is_in_channel, is_reply, render_conversation
from sandbox.errors import SlackError
from sandbox.messages import without_metadata
from sandbox.scopes import conversation_scope
from sandbox.workspace import Workspace

_TYPES = {
    "public_channel": ("channel", False),
    "private_channel": ("channel", True),
    "im": ("im", True),
    "mpim": ("mpim", True),
}


def conversations_open(workspace: Workspace, args: Args) -> Json:
    """Open the direct message with one person, or find it again."""
    if args.text("channel"):
        conversation = workspace.conversations.get(args.text("channel"))
        if conversation is None or conversation.kind != "im":
            raise SlackError("channel_not_found")
        return {"no_op": True, "already_open": True, "channel": {"id": conversation.id}}
    users = args.list_of_text("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        # Group direct messages need mpim:write, and nobody here has asked for them.
        raise SlackError("method_not_supported_for_channel_type")
    person = workspace.get_person(users[0])
    if person.is_bot or person.id == "USLACKBOT":
        raise SlackError("cannot_dm_bot")
    if person.is_stranger:
        raise SlackError("user_not_visible")
    if person.deleted:
        raise SlackError("user_disabled")
    known = f"D{person.id[1:]}" in workspace.conversations
    conversation = workspace.ensure_im(person)
    channel: Json = {"id": conversation.id}
    if args.flag("return_im"):
        channel = render_conversation(conversation, workspace.bot_user, workspace.roster.team_id)
    return {"no_op": known, "already_open": known, "channel": channel}


def conversations_info(workspace: Workspace, args: Args) -> Json:
    """One conversation."""
    conversation = get_conversation(workspace, args, "read")
    channel = render_conversation(conversation, workspace.bot_user, workspace.roster.team_id)
    if not args.flag("include_num_members"):
        channel.pop("num_members", None)
    return {"channel": channel}


def conversations_list(workspace: Workspace, args: Args) -> Json:
    """The channels that the app can see, of the kinds asked for."""
    wanted = args.list_of_text("types") or ["public_channel"]
    kinds = set()
    for name in wanted:
        if name not in _TYPES:
            raise SlackError("invalid_types")
        kind, is_private = _TYPES[name]
        require_scope(workspace, "mpim:read" if kind == "mpim" else conversation_scope(kind, is_private, "read"))
        kinds.add((kind, is_private))
    seen = [
        conversation
        for conversation in workspace.conversations.values()
        if (conversation.kind, conversation.is_private or conversation.kind == "im") in kinds
        and (not conversation.is_private or workspace.bot_user in conversation.members)
        and not (args.flag("exclude_archived") and conversation.is_archived)
    ]
    page, metadata = page_of(seen, args, default=100)
    team_id = workspace.roster.team_id
    channels = [render_conversation(conversation, workspace.bot_user, team_id) for conversation in page]
    return {"channels": channels, "response_metadata": metadata}


def conversations_members(workspace: Workspace, args: Args) -> Json:
    """Who is in a conversation."""
    conversation = get_conversation(workspace, args, "read")
    page, metadata = page_of(conversation.members, args, default=100)
    return {"members": page, "response_metadata": metadata}


def conversations_join(workspace: Workspace, args: Args) -> Json:
    """Put the app into a public channel."""
    args.require("channel")
    conversation = workspace.conversations.get(args.text("channel"))
    if conversation is None or conversation.is_private:
        raise SlackError("channel_not_found")
    if conversation.kind == "im":
        raise SlackError("method_not_supported_for_channel_type")
    if conversation.is_archived:
        raise SlackError("is_archived")
    answer: Json = {}
    if workspace.bot_user in conversation.members:
        answer = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        conversation.members.append(workspace.bot_user)
    channel = render_conversation(conversation, workspace.bot_user, workspace.roster.team_id)
    return answer | {"channel": channel}


def conversations_history(workspace: Workspace, args: Args) -> Json:
    """Messages of a conversation, newest first, without what is in threads alone."""
    conversation = get_conversation(workspace, args, "history")
    if workspace.bot_user not in conversation.members:
        raise SlackError("not_in_channel")
    top_level = [message for message in conversation.messages.values() if is_in_channel(message)]
    return _history_page(_within(top_level, args)[::-1], args, default=100)


def conversations_replies(workspace: Workspace, args: Args) -> Json:
    """A thread: its first message, then the replies, oldest first."""
    conversation = get_conversation(workspace, args, "history")
    args.require("ts")
    if workspace.bot_user not in conversation.members:
        raise SlackError("not_in_channel")
    parent = conversation.messages.get(args.text("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    root: str = parent["thread_ts"] if is_reply(parent) else parent["ts"]
    head = conversation.messages.get(root)
    author = {"parent_user_id": head["user"]} if head is not None else {}
    replies = [reply | author for reply in _within(conversation.list_replies(root), args)]
    return _history_page([*([head] if head is not None else []), *replies], args, default=1000)


def _within(messages: list[Json], args: Args) -> list[Json]:
    oldest, latest = args.text("oldest") or "0", args.text("latest") or "9999999999"
    inclusive = args.flag("inclusive")
    low, high = float(oldest), float(latest)

    def fits(ts: str) -> bool:
        # Exact texts are compared first: a float cannot tell neighbouring microseconds apart.
        if ts in (oldest, latest):
            return inclusive
        return low < float(ts) < high

    return [message for message in messages if fits(message["ts"])]


def _history_page(messages: list[Json], args: Args, *, default: int) -> Json:
    page, metadata = page_of(messages, args, default=default, largest=999 if default < 1000 else 1000)
    if not args.flag("include_all_metadata"):
        page = [without_metadata(message) for message in page]
    answer: Json = {"messages": page, "has_more": bool(metadata["next_cursor"]), "pin_count": 0}
    return answer | ({"response_metadata": metadata} if metadata["next_cursor"] else {})


METHODS: dict[str, Method] = {
    "conversations.open": conversations_open,
    "conversations.info": conversations_info,
    "conversations.list": conversations_list,
    "conversations.members": conversations_members,
    "conversations.join": conversations_join,
    "conversations.history": conversations_history,
    "conversations.replies": conversations_replies,
}
