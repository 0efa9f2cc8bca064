"""apps.connections.open: where the app connects for Socket Mode."""

from __future__ import annotations

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.errors import SlackError
from sandbox.workspace import Workspace


def apps_connections_open(workspace: Workspace, args: Args) -> Json:
    """A WebSocket address that works once."""
    if not workspace.manifest.socket_mode_enabled:
        raise SlackError("socket_mode_not_enabled")
    base = workspace.base_url.replace("http://", "ws://", 1)
    return {"url": f"{base}/socket/{workspace.sockets.issue_ticket()}?app_id={workspace.app_id}"}


METHODS: dict[str, Method] = {"apps.connections.open": apps_connections_open}
