"""Which OAuth scope each Web API method and event needs."""

from __future__ import annotations

from collections.abc import Iterable

METHOD_SCOPES: dict[str, str | None] = {
    "api.test": None,
    "auth.test": None,
    "apps.connections.open": None,
    "blocks.validate": None,
    "bots.info": "users:read",
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.getPermalink": None,
    "views.open": None,
    "views.push": None,
    "views.update": None,
    "views.publish": None,
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "team.info": "team:read",
    "conversations.open": "im:write",
    "conversations.join": "channels:join",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    # These depend on the kind of conversation: see `conversation_scope`.
    "conversations.info": None,
    "conversations.list": None,
    "conversations.members": None,
    "conversations.history": None,
    "conversations.replies": None,
}

EVENT_SCOPES: dict[str, str | None] = {
    "app_home_opened": None,
    "app_uninstalled": None,
    "tokens_revoked": None,
    "user_change": "users:read",
    "team_join": "users:read",
    "user_profile_changed": "users:read",
    "subteam_created": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "subteam_members_changed": "usergroups:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "app_mention": "app_mentions:read",
    "member_joined_channel": "channels:read",
}


def conversation_scope(kind: str, is_private: bool, ability: str) -> str:
    """The scope for `ability` (`read` or `history`) on this kind of conversation."""
    if kind == "im":
        return f"im:{ability}"
    return f"groups:{ability}" if is_private else f"channels:{ability}"


def list_unauthorised_events(events: Iterable[str], scopes: Iterable[str]) -> list[tuple[str, str]]:
    """Subscribed events that would never come, each with the scope that it lacks."""
    held = set(scopes)
    lacking = ((event, EVENT_SCOPES.get(event)) for event in events)
    return [(event, scope) for event, scope in lacking if scope is not None and scope not in held]
