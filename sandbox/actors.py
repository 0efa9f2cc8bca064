"""Who acts, and on what: the checks before a person may do something."""

from __future__ import annotations

from typing import Any

from sandbox.conversations import Conversation
from sandbox.errors import RefusedError
from sandbox.interactions import Surface
from sandbox.people import Person
from sandbox.workspace import Workspace

Json = dict[str, Any]


def get_person(workspace: Workspace, user: Any) -> Person:
    """The person who acts. Raises RefusedError for somebody unknown, deactivated or a bot."""
    person = workspace.people.get(user) if isinstance(user, str) else None
    if person is None:
        raise RefusedError(f"There is no user {user!r}.", 404)
    if person.deleted:
        raise RefusedError(f"{person.real_name} is deactivated.", 403)
    if person.is_bot:
        raise RefusedError(f"{person.real_name} is a bot.", 403)
    return person


def get_joined(workspace: Workspace, person: Person, channel: Any) -> Conversation:
    """The conversation in which the person acts. Raises RefusedError unless they are in it."""
    conversation = workspace.conversations.get(channel) if isinstance(channel, str) else None
    if conversation is None or not workspace.can_see(person.id, conversation):
        raise RefusedError(f"There is no channel {channel!r}.", 404)
    if person.id not in conversation.members:
        raise RefusedError(f"{person.real_name} is not in #{conversation.name}.", 403)
    return conversation


def get_writable(workspace: Workspace, person: Person, channel: Any) -> Conversation:
    """The conversation in which the person types. Raises RefusedError where Slack shows no composer."""
    conversation = get_joined(workspace, person, channel)
    if conversation.kind == "im" and workspace.manifest.messages_tab_read_only:
        raise RefusedError(f"Sending messages to {workspace.manifest.name} has been turned off.", 403)
    return conversation


def find_first_person(workspace: Workspace) -> str | None:
    """The first active member, who is taken when nobody said who they are."""
    for person in workspace.people.values():
        if not (person.deleted or person.is_bot or person.is_stranger or person.is_restricted):
            return person.id
    return None


def get_view(workspace: Workspace, person: Person, view_id: Any) -> Json:
    """An open modal of this person. Raises RefusedError."""
    for view in workspace.modals.list_stack(person.id):
        if view["id"] == view_id:
            return view
    raise RefusedError("This modal is not open.", 404)


def find_surface(workspace: Workspace, body: Json) -> Surface:
    """The message, modal or Home tab that `container` names, as seen by `user`. Raises RefusedError."""
    person = get_person(workspace, body.get("user"))
    container = body.get("container") or {}
    kind = container.get("type")
    if kind == "message":
        conversation = get_joined(workspace, person, container.get("channel"))
        message = conversation.find_message(str(container.get("ts")), person.id)
        if message is None:
            raise RefusedError("There is no such message.", 404)
        return Surface(person, message=message, conversation=conversation)
    if kind == "view":
        return Surface(person, view=get_view(workspace, person, container.get("view_id")))
    if kind == "home":
        home = workspace.home_views.get(person.id)
        if home is None:
            raise RefusedError("This Home tab is empty.", 404)
        return Surface(person, view=home)
    raise RefusedError(f"There is no container of type {kind!r}.")
