"""Changing open modals, and showing modal stacks on the open pages."""

from __future__ import annotations

from typing import Any

from sandbox.content import view_changes
from sandbox.inputs import keep_state
from sandbox.workspace import Workspace

Json = dict[str, Any]


def update_view(workspace: Workspace, current: Json, built: Json) -> Json:
    """Give an open view the contents of a newly built one, and show it to its person."""
    modals = workspace.modals
    entered = keep_state(current["blocks"], built["blocks"], modals.entered.get(current["id"], {}))
    view = modals.update(current, view_changes(built), entered)
    workspace.live.publish("view_updated", modals.get_owner(view["id"]), view=view)
    return view


def publish_stack(workspace: Workspace, user: str) -> None:
    """Tell this person's open pages what is on their screen now."""
    workspace.live.publish("views", user, views=list(workspace.modals.list_stack(user)))
