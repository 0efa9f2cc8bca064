"""A channel or direct message and what was said in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Conversation:
    """A channel (`C…`) or a person's direct message with the app (`D…`)."""

    id: str
    name: str = ""
    kind: str = "channel"
    is_private: bool = False
    user: str | None = None
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    created: int = 1_700_000_000
    is_archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict)
    ephemerals: dict[str, tuple[str, Json]] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    def list_visible(self, user: str) -> list[Json]:
        """What this person sees, oldest first, with the ephemeral messages meant for them."""
        own = [message for reader, message in self.ephemerals.values() if reader == user]
        return sorted([*self.messages.values(), *own], key=lambda message: message["ts"])

    def find_message(self, ts: str, user: str | None = None) -> Json | None:
        """The message with this ts; an ephemeral one only for the person it was meant for."""
        if ts in self.messages:
            return self.messages[ts]
        reader, message = self.ephemerals.get(ts, (None, None))
        return message if reader is not None and reader == user else None

    def list_replies(self, root: str) -> list[Json]:
        """The replies to a message, oldest first."""
        return [message for message in self.messages.values() if is_reply(message) and message["thread_ts"] == root]

    def count_unread(self, user: str) -> int:
        """Messages of others since this person last looked; what is in threads alone does not count."""
        seen, unread = self.read.get(user, ""), 0
        for ts in reversed(self.messages):
            if ts <= seen:
                break
            unread += self.messages[ts].get("user") != user and is_in_channel(self.messages[ts])
        return unread


def is_reply(message: Json) -> bool:
    """Whether the message belongs to another one's thread."""
    return bool(message.get("thread_ts", message["ts"]) != message["ts"])


def is_in_channel(message: Json) -> bool:
    """Whether the message stands in the conversation itself: no reply, or one that was sent to the channel too."""
    return not is_reply(message) or message.get("subtype") == "thread_broadcast"


def render_conversation(conversation: Conversation, bot_user: str, team_id: str) -> Json:
    """The conversation as in conversations.info, seen by the app."""
    shared: Json = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.is_archived,
        "is_org_shared": False,
        "context_team_id": team_id,
        "updated": conversation.created * 1000,
    }
    if conversation.kind == "im":
        return shared | {"is_im": True, "user": conversation.user, "is_open": True, "priority": 0}
    return shared | {
        "name": conversation.name,
        "name_normalized": conversation.name,
        "is_channel": not conversation.is_private,
        "is_group": conversation.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": conversation.is_private,
        "is_general": conversation.name == "general",
        "is_member": bot_user in conversation.members,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "creator": conversation.members[0] if conversation.members else "",
        "unlinked": 0,
        "topic": {"value": conversation.topic, "creator": "", "last_set": 0},
        "purpose": {"value": conversation.purpose, "creator": "", "last_set": 0},
        "previous_names": [],
        "num_members": len(conversation.members),
    }
