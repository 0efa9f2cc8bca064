"""What the families of Web API methods have in common."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.bodies import Args
from sandbox.conversations import Conversation
from sandbox.errors import SlackError
from sandbox.scopes import conversation_scope
from sandbox.workspace import Workspace

Json = dict[str, Any]
Method = Callable[[Workspace, Args], Json]


def require_scope(workspace: Workspace, scope: str | None) -> None:
    """Raise SlackError `missing_scope` unless the manifest asks for this scope."""
    if scope is not None and scope not in workspace.manifest.bot_scopes:
        provided = ",".join(workspace.manifest.bot_scopes)
        raise SlackError("missing_scope", needed=scope, provided=provided)


def get_conversation(workspace: Workspace, args: Args, ability: str) -> Conversation:
    """The conversation that the argument `channel` names, when the app may `read` it or its `history`.

    Raises SlackError `channel_not_found` or `missing_scope`.
    """
    args.require("channel")
    conversation = workspace.conversations.get(args.text("channel"))
    if conversation is None:
        raise SlackError("channel_not_found")
    require_scope(workspace, conversation_scope(conversation.kind, conversation.is_private, ability))
    if conversation.is_private and workspace.bot_user not in conversation.members:
        raise SlackError("channel_not_found")
    return conversation


def page_of(items: Sequence[Any], args: Args, *, default: int, largest: int = 1000) -> tuple[list[Any], Json]:
    """One page of a list and the answer's `response_metadata`.

    Raises SlackError `invalid_cursor` or `invalid_limit`.
    """
    limit = args.number("limit", default)
    if not 1 <= limit <= largest:
        raise SlackError("invalid_limit")
    start = 0
    if args.text("cursor"):
        try:
            start = int(base64.b64decode(args.text("cursor"), validate=True).decode().removeprefix("next:"))
        except ValueError:
            raise SlackError("invalid_cursor") from None
    rest = start + limit
    cursor = base64.b64encode(f"next:{rest}".encode()).decode() if rest < len(items) else ""
    return list(items[start:rest]), {"next_cursor": cursor}
