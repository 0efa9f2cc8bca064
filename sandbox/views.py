"""Showing modal stacks on the open pages."""

from __future__ import annotations

from sandbox.workspace import Workspace


def publish_stack(workspace: Workspace, user: str) -> None:
    """Tell this person's open pages what is on their screen now."""
    workspace.live.publish("views", user, views=list(workspace.modals.list_stack(user)))
