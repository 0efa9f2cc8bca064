"""The sandbox as an ASGI application, and as a server in the background."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox import endpoints
from sandbox.commands import Commands
from sandbox.control import ROUTES
from sandbox.control_admin import ADMIN_ROUTES
from sandbox.delivery import Deliverer
from sandbox.events import Events
from sandbox.guard import Guard
from sandbox.interactions import Interactions
from sandbox.live_socket import serve_live
from sandbox.manifest import load_manifest
from sandbox.ratelimits import Hold
from sandbox.submissions import Submissions
from sandbox.transports import protocol_for
from sandbox.webapi import WebApi
from sandbox.workspace import Workspace

STATIC = Path(__file__).parent / "static"
_TICK_SECONDS = 1.0
_IDLE_SECONDS = 75
"""As long as clients keep a connection, and longer: one that is closed just as it is taken up again fails a call."""
_LOOK_SECONDS = 0.002
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class PageFiles(StaticFiles):
    """The page's own files, under its policy."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, never from a stale cache."""
        response = await super().get_response(path, scope)
        response.headers.update(PAGE_HEADERS)
        return response


async def serve_page(request: Request) -> Response:
    """The browser page."""
    index = STATIC / "index.html"
    if not index.is_file():
        return PlainTextResponse("The sandbox runs, but its page is not here.", headers=PAGE_HEADERS)
    return FileResponse(index, headers=PAGE_HEADERS)


def create_sandbox(*, manifest: Path, request_url: str | None = None, seed: Workspace | None = None) -> Starlette:
    """The sandbox as an ASGI application; its state is `app.state.workspace`.

    `seed` is a workspace of one's own instead of "Acme Inc". Raises OSError or ValueError for a manifest that
    cannot be read.
    """
    workspace = seed or Workspace(load_manifest(manifest), request_url=request_url)
    deliverer = Deliverer(workspace)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        workspace.loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            workspace.interrupt()
            await deliverer.close()
            workspace.loop = None

    app = Starlette(
        routes=[
            Mount("/api", app=WebApi(workspace)),
            WebSocketRoute("/socket/{ticket}", endpoints.serve_socket),
            Route("/response/{id}/{secret}", endpoints.answer_response_url, methods=["POST"]),
            Route("/upload/{id}", endpoints.take_upload, methods=["POST", "PUT"]),
            Route("/files/{id}", endpoints.serve_file),
            Route("/avatars/{user}-{size:int}.svg", endpoints.serve_avatar),
            Route("/archives/{channel}/{message}", endpoints.follow_permalink),
            WebSocketRoute("/sandbox/live", serve_live),
            Mount("/sandbox", routes=[*ROUTES, *ADMIN_ROUTES]),
            Route("/", serve_page),
            Mount("/static", app=PageFiles(directory=STATIC, check_dir=False)),
        ],
        middleware=[Middleware(Guard, workspace=workspace)],
        lifespan=lifespan,
    )
    app.state.workspace = workspace
    app.state.deliverer = deliverer
    app.state.events = Events(workspace, deliverer)
    app.state.interactions = Interactions(workspace, deliverer)
    app.state.submissions = Submissions(workspace, deliverer)
    app.state.commands = Commands(workspace, deliverer)
    return app


def server_config(app: Starlette, *, log_level: str = "warning") -> uvicorn.Config:
    """How uvicorn serves a sandbox, connections that faults can cut included."""
    workspace: Workspace = app.state.workspace
    return uvicorn.Config(
        app,
        http=protocol_for(workspace.transports),
        ws="websockets-sansio",
        log_level=log_level,
        access_log=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=1,
    )


class PromptServer(uvicorn.Server):
    """A server that ends as soon as `leave()` is called; uvicorn's own looks ten times a second whether it should."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def leave(self) -> None:
        """Take no more connections, finish what is in hand and end. May be called from any thread."""
        self.should_exit = True
        if self._told is not None:
            loop, told = self._told
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(told.set)

    async def main_loop(self) -> None:
        """Serve until somebody says `leave()`."""
        told = asyncio.Event()
        self._told = asyncio.get_running_loop(), told
        # A tick brings the Date header up to date.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle at once, and the rest when it is answered or has had its time."""
        state = self.server_state
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while state.connections or state.tasks:  # noqa: ASYNC110 - connections tell nobody when they close
                    await asyncio.sleep(_LOOK_SECONDS)
        for task in state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


class SandboxServer:
    """Runs a sandbox on 127.0.0.1 in a background thread, from `with` until its end or `stop()`.

    Port 0 picks a free one; `url` has it. `hold`: to which rate limits it holds the app.
    """

    def __init__(
        self,
        *,
        manifest: Path,
        port: int = 0,
        request_url: str | None = None,
        seed: Workspace | None = None,
        hold: Hold = Hold.TIERS,
    ) -> None:
        app = create_sandbox(manifest=manifest, request_url=request_url, seed=seed)
        self.workspace: Workspace = app.state.workspace
        self.workspace.rate_limits.usual = self.workspace.rate_limits.hold = hold
        self._socket = _listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.api_url = f"{self.url}/api/"
        self.workspace.base_url = self.url
        self._server = PromptServer(server_config(app))
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> SandboxServer:
        """Begin to serve; connections are taken from here on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close what is open and wait until the thread has ended."""
        if self._thread.is_alive():
            self._server.leave()
            self._thread.join(timeout=10)
        self._socket.close()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener
