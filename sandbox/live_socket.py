"""WS /sandbox/live: the stream behind an open page."""

from __future__ import annotations

import asyncio
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.endpoints import workspace_of


async def serve_live(websocket: WebSocket) -> None:
    """Send every update that this page's person may see until the page closes."""
    workspace = workspace_of(websocket)
    user = websocket.query_params.get("user", "")
    if user not in workspace.people:
        await websocket.close(4004, "There is no such user.")
        return
    await websocket.accept()
    queue = workspace.live.subscribe(user)
    leaving = asyncio.ensure_future(_wait_until_closed(websocket))
    try:
        await websocket.send_text(json.dumps({"type": "connected", "connected": workspace.connected}))
        while not leaving.done():
            following = asyncio.ensure_future(queue.get())
            await asyncio.wait({leaving, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                return
            frame = following.result()
            if frame is None:
                await websocket.close(4008, "This page fell too far behind.")
                return
            await websocket.send_text(json.dumps(frame))
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        leaving.cancel()
        workspace.live.unsubscribe(queue)
        if websocket.client is not None:
            workspace.transports.remove((websocket.client.host, websocket.client.port))


async def _wait_until_closed(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
