"""views.*: modals and Home tabs; blocks.validate."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.content import build_view, check_message_content
from sandbox.errors import SlackError
from sandbox.triggers import Trigger
from sandbox.views import publish_stack, update_view
from sandbox.workspace import Workspace


def views_open(workspace: Workspace, args: Args) -> Json:
    """Open a modal for whoever's act gave the trigger."""
    trigger = _check_trigger(workspace, args)
    view = _build(workspace, args, "modal")
    _check_external_id(workspace, view, None)
    workspace.modals.open(trigger.user, view)
    trigger.exchanged = True
    workspace.live.publish("view_opened", trigger.user, view=view)
    publish_stack(workspace, trigger.user)
    return {"view": view}


def views_push(workspace: Workspace, args: Args) -> Json:
    """Put a modal on top of the one in which the trigger was given."""
    trigger = _check_trigger(workspace, args)
    view = _build(workspace, args, "modal")
    _check_external_id(workspace, view, None)
    workspace.modals.push(trigger.user, view)
    trigger.exchanged = True
    workspace.live.publish("view_opened", trigger.user, view=view)
    publish_stack(workspace, trigger.user)
    return {"view": view}


def views_update(workspace: Workspace, args: Args) -> Json:
    """Change an open modal, found by view_id or external_id; `hash` guards against a newer version."""
    if not args.text("view_id") and not args.text("external_id"):
        args.require("view_id")
    current = workspace.modals.find_view(args.text("view_id"), args.text("external_id"))
    if current is None:
        raise SlackError("not_found")
    if args.text("hash") and args.text("hash") != current["hash"]:
        raise SlackError("hash_conflict")
    built = _build(workspace, args, "modal")
    _check_external_id(workspace, built, current["id"])
    view = update_view(workspace, current, built)
    publish_stack(workspace, workspace.modals.get_owner(view["id"]))
    return {"view": view}


def views_publish(workspace: Workspace, args: Args) -> Json:
    """Show a Home tab to one person."""
    args.require("user_id")
    if not workspace.manifest.home_tab_enabled:
        raise SlackError("not_enabled")
    person = workspace.people.get(args.text("user_id"))
    if person is None or person.is_bot or person.is_stranger or person.deleted:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid `user_id`"]})
    built = _build(workspace, args, "home")
    current = workspace.home_views.get(person.id)
    if current is not None:
        if args.text("hash") and args.text("hash") != current["hash"]:
            raise SlackError("hash_conflict")
        built["id"] = built["root_view_id"] = current["id"]
    workspace.home_views[person.id] = built
    workspace.live.publish("home", person.id, view=built)
    return {"view": built}


def blocks_validate(workspace: Workspace, args: Args) -> Json:
    """Say whether blocks would be accepted in a message."""
    blocks = args.structure("blocks", "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    check_message_content({"blocks": blocks})
    return {}


def _check_trigger(workspace: Workspace, args: Args) -> Trigger:
    args.require("trigger_id")
    return workspace.triggers.check(args.text("trigger_id"))


def _build(workspace: Workspace, args: Args, kind: str) -> Json:
    args.require("view")
    view: Any = args.structure("view")
    return build_view(workspace, view, kind=kind)


def _check_external_id(workspace: Workspace, view: Json, own_id: str | None) -> None:
    taken = workspace.modals.find_view(external_id=view["external_id"])
    if taken is not None and taken["id"] != own_id:
        raise SlackError("duplicate_external_id")


METHODS: dict[str, Method] = {
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
    "blocks.validate": blocks_validate,
}
