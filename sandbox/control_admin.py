"""/sandbox/…: people and groups as an administrator changes them; journal, faults and reset."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control import Json, endpoint, read_body
from sandbox.endpoints import workspace_of
from sandbox.errors import RefusedError
from sandbox.events import Events
from sandbox.people import Person, UserGroup, render_usergroup
from sandbox.workspace import Workspace

_TEXTS = frozenset({"name", "real_name", "email", "title", "tz"})
_FLAGS = frozenset({"deleted", "is_admin", "is_owner", "is_restricted", "is_ultra_restricted"})


async def change_user(request: Request) -> Json:
    """Change, deactivate or reactivate a person."""
    workspace, body = workspace_of(request), await read_body(request)
    person = workspace.people.get(request.path_params["user"])
    if person is None:
        raise RefusedError("There is no such user.", 404)
    _apply(person, body)
    person.updated = int(workspace.clock.now())
    if person.deleted:
        _let_go(workspace, person)
    events: Events = request.app.state.events
    events.send_user_change(person)
    return _publish_user(workspace, person)


async def add_user(request: Request) -> Json:
    """Let somebody join the workspace; they are in the public channels unless they are a guest."""
    workspace, body = workspace_of(request), await read_body(request)
    if not body.get("name") or not body.get("real_name"):
        raise RefusedError("A user needs name and real_name.")
    id = str(body.pop("id", "") or workspace.ids.next_id("U"))
    if id in workspace.people or any(person.name == body["name"] for person in workspace.people.values()):
        raise RefusedError("There is such a user already.", 409)
    person = Person(id, "", "", updated=int(workspace.clock.now()))
    _apply(person, body)
    workspace.people[id] = person
    if not person.is_restricted:
        for conversation in workspace.conversations.values():
            if conversation.kind == "channel" and not conversation.is_private:
                conversation.members.append(id)
    events: Events = request.app.state.events
    events.send_team_join(person)
    return _publish_user(workspace, person)


def _apply(person: Person, body: Json) -> None:
    for field, value in body.items():
        if field in _FLAGS and isinstance(value, bool):
            setattr(person, field, value)
        elif field in _TEXTS and isinstance(value, str):
            if field == "tz":
                _check_zone(value)
            setattr(person, field, value)
        else:
            raise RefusedError(f"{field!r} cannot be set to {value!r}.")
    if person.is_ultra_restricted:
        person.is_restricted = True


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise RefusedError(f"There is no time zone {name!r}.") from None


def _let_go(workspace: Workspace, person: Person) -> None:
    # Slack takes a deactivated person out of channels, but leaves them in user groups.
    for conversation in workspace.conversations.values():
        if conversation.kind == "channel" and person.id in conversation.members:
            conversation.members.remove(person.id)
    workspace.modals.clear(person.id)


def _publish_user(workspace: Workspace, person: Person) -> Json:
    user = workspace.render_user(person, for_page=True)
    workspace.live.publish("user", user=user)
    return user


async def put_usergroup(request: Request) -> Json:
    """Set who is in a group, or disable it; an unknown id makes a new group."""
    workspace, body = workspace_of(request), await read_body(request)
    users = body.get("users", [])
    if not isinstance(users, list) or any(user not in workspace.people for user in users):
        raise RefusedError("users must be a list of known user ids.")
    events: Events = request.app.state.events
    id = request.path_params["group"]
    now = int(workspace.clock.now())
    group = workspace.groups.get(id)
    if group is None:
        if not body.get("handle"):
            raise RefusedError("A new group needs a handle.", 404)
        name = str(body.get("name") or body["handle"])
        group = UserGroup(id, str(body["handle"]), name, users=users, date_create=now, date_update=now)
        workspace.groups[id] = group
        events.send_subteam_created(group)
    else:
        before, previous = list(group.users), group.date_update
        if "users" in body:
            group.users = list(dict.fromkeys(users))
        group.date_delete = int(body.get("date_delete", group.date_delete))
        group.name = str(body.get("name", group.name))
        group.handle = str(body.get("handle", group.handle))
        group.date_update = now
        added = [user for user in group.users if user not in before]
        removed = [user for user in before if user not in group.users]
        events.send_subteam_change(group, added, removed, previous)
    rendered = render_usergroup(group, workspace.roster.team_id, users=True)
    workspace.live.publish("usergroup", usergroup=rendered)
    return rendered


async def put_app(request: Request) -> Json:
    """Take the app out of the workspace, or install it again: in between Slack knows its bot's token no more."""
    workspace, body = workspace_of(request), await read_body(request)
    was_installed, workspace.is_installed = workspace.is_installed, bool(body.get("installed", True))
    if was_installed and not workspace.is_installed:
        events: Events = request.app.state.events
        events.send_uninstalled()
    return {"installed": workspace.is_installed}


async def show_journal(request: Request) -> Json:
    """What went over the wire."""
    query = request.query_params
    try:
        after = int(query.get("after", "0"))
    except ValueError:
        raise RefusedError("after must be a number.") from None
    entries = workspace_of(request).entries
    return {"entries": entries.list_entries(kind=query.get("kind"), method=query.get("method"), after=after)}


async def arm_faults(request: Request) -> Response:
    """Arm a fault, or clear all."""
    workspace = workspace_of(request)
    try:
        body = await read_body(request)
        if body.get("clear"):
            workspace.faults.clear()
            workspace.rate_limits.clear()
        else:
            workspace.arm_fault(body)
    except RefusedError as refusal:
        return JSONResponse({"error": refusal.sentence}, refusal.status)
    faults: list[dict[str, Any]] = workspace.faults.list_faults()
    return JSONResponse({"faults": faults, "rate_limits": workspace.rate_limits.hold})


async def reset(request: Request) -> Json:
    """Go back to the seeded workspace."""
    await read_body(request)
    workspace_of(request).reset()
    return {"ok": True}


ADMIN_ROUTES = [
    Route("/users", endpoint(add_user), methods=["POST"]),
    Route("/users/{user}", endpoint(change_user), methods=["PATCH"]),
    Route("/usergroups/{group}", endpoint(put_usergroup), methods=["PUT"]),
    Route("/app", endpoint(put_app), methods=["PUT"]),
    Route("/journal", endpoint(show_journal)),
    Route("/faults", arm_faults, methods=["POST"]),
    Route("/reset", endpoint(reset), methods=["POST"]),
]
