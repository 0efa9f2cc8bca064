"""A Statuspage of one page that fails at will, before it does what it is asked for or after: in a thread of its own.

It keeps incidents as the real one does, as far as deliveries are concerned. What is right and wrong to send, a second
Keydesk says in other tests.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from desk.clock import Clock
from desk.identifiers import new_id

PAGE = "pppppppppppp"
API = "cccccccccccc"
"""Its component."""


@dataclass(slots=True)
class StatuspageFault:
    """What it does with the next writes in whose path or body `match` stands, instead of taking them."""

    match: str
    times: int = 1
    status: int = 0
    """Answers so; 0: cuts the line."""
    body: Any = None
    seconds: float = 0
    """Answers only after so long."""
    takes_it: bool = False
    """Takes the write all the same."""
    takes_it_after: float = 0
    """Takes it once so many seconds are over, whoever waits."""
    refuses_key: bool = False
    """And says of the key that it is none."""
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "7"})


@dataclass(slots=True)
class FailingStatuspage:
    """Listens at `url` between `start()` and `stop()`; takes any key that is not among `refused`."""

    clock: Clock | None = None
    page_name: str = "Acme"
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, in the order in which they were opened."""
    states: dict[str, str] = field(default_factory=dict)
    """Of components."""
    postmortems: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[tuple[str, str, str]] = field(default_factory=list)
    """Key, method and path of each, whatever became of it."""
    reads: list[str] = field(default_factory=list)
    faults: list[StatuspageFault] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    url: str = ""
    _keys_refused: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a free port of this machine."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready.set,), name="statuspage")
        self._thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        """Stop listening, whatever is held."""
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)

    def reset(self) -> None:
        """Nothing there, nothing wrong."""
        for kept in (
            self.incidents,
            self.states,
            self.postmortems,
            self.writes,
            self.reads,
            self.faults,
            self.refused,
        ):
            kept.clear()
        self._keys_refused = 0

    def open(self, incident_id: str, *, name: str = "Slow", **fields: Any) -> None:
        """Somebody opened an incident there."""
        self.incidents[incident_id] = self._made(incident_id, {"name": name, **fields})

    def said(self, incident_id: str) -> list[str]:
        """The words of an incident, the oldest first."""
        return [row["body"] for row in reversed(self.incidents.get(incident_id, {}).get("incident_updates", []))]

    def _run(self, ready: Callable[[], None]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], None]) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        serving = web.AppRunner(app, shutdown_timeout=0)
        await serving.setup()
        site = web.TCPSite(serving, "127.0.0.1", 0)
        await site.start()
        host, port = serving.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        ready()
        await self._stopping.wait()
        await serving.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Authorization"].removeprefix("OAuth ")
        if request.method == "GET":
            self.reads.append(request.path_qs)
            if key in self.refused or self._keys_refused:
                self._keys_refused = max(self._keys_refused - 1, 0)
                return web.json_response({"error": "Could not authenticate"}, status=401)
            return self._done("GET", request.path, {})
        text = (await request.read()).decode()
        self.writes.append((key, request.method, request.path))
        if key in self.refused:
            return web.json_response({"error": "Could not authenticate"}, status=401)
        fault = next((one for one in self.faults if one.match in f"{request.path} {text}"), None)
        fields = await request.json() if text else {}
        if fault is None:
            return self._done(request.method, request.path, fields)
        return await self._fail(fault, request, fields)

    async def _fail(self, fault: StatuspageFault, request: web.Request, fields: Any) -> web.StreamResponse:
        fault.times -= 1
        if not fault.times:
            self.faults.remove(fault)
        self._keys_refused += fault.refuses_key
        if fault.takes_it_after:
            later = (request.method, request.path, fields)
            self._loop.call_later(fault.takes_it_after, lambda: self._done(*later))
        elif fault.takes_it:
            self._done(request.method, request.path, fields)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if not fault.status and request.transport is not None:
            request.transport.abort()
        return web.json_response(fault.body or {}, status=fault.status or 200, headers=fault.headers)

    def _done(self, method: str, path: str, fields: Any) -> web.Response:
        _, version, *parts = path.split("/")
        assert version == "v1", path
        if parts == ["pages"]:
            return web.json_response([{"id": PAGE, "name": self.page_name}])
        assert parts[:2] == ["pages", PAGE], path
        if parts[2] == "components" and method == "GET":
            return web.json_response([])
        if parts[2] == "components":
            self.states[parts[3]] = fields["component"]["status"]
            return web.json_response({"id": parts[3]})
        if len(parts) == 3:
            return self._list_or_open(method, fields)
        incident = self.incidents.get(parts[3])
        if incident is None:
            return web.json_response({"error": "not found"}, status=404)
        if parts[4:5] == ["postmortem"]:
            return self._postmortem(method, parts[3], parts[5:], fields.get("postmortem", {}))
        if parts[4:5] == ["incident_updates"]:
            update = next(row for row in incident["incident_updates"] if row["id"] == parts[5])
            update |= fields["incident_update"]
            return web.json_response(update)
        if method == "DELETE":
            del self.incidents[parts[3]]
        elif method == "PATCH":
            self._change(incident, fields["incident"])
        return web.json_response(incident)

    def _list_or_open(self, method: str, fields: Any) -> web.Response:
        if method == "GET":
            return web.json_response(list(reversed(self.incidents.values())))
        incident = self._made(new_id(), fields["incident"])
        self.incidents[incident["id"]] = incident
        return web.json_response(incident, status=201)

    def _made(self, incident_id: str, fields: dict[str, Any]) -> dict[str, Any]:
        made = {"id": incident_id, "shortlink": f"https://stspg.io/{incident_id}", "incident_updates": [], **fields}
        if self.clock is not None:
            made["created_at"] = self.clock.now().isoformat()
        made.setdefault("status", "scheduled" if "scheduled_for" in fields else "investigating")
        self._change(made, fields)
        return made

    def _change(self, incident: dict[str, Any], fields: dict[str, Any]) -> None:
        incident |= {name: value for name, value in fields.items() if name not in ("body", "deliver_notifications")}
        self.states |= fields.get("components", {})
        if "body" in fields or "status" in fields:
            said = {"id": new_id(), "status": incident["status"], "body": fields.get("body", "")}
            if self.clock is not None:
                said["created_at"] = self.clock.now().isoformat()
            incident["incident_updates"] = [said, *incident["incident_updates"]]

    def _postmortem(self, method: str, incident_id: str, deed: list[str], fields: dict[str, Any]) -> web.Response:
        there = self.postmortems.setdefault(incident_id, {"body": None, "body_draft": None, "published_at": None})
        if deed == ["publish"]:
            there |= {"body": there["body_draft"], "published_at": "2026-03-02T09:00:00Z", **fields}
            there["published"] = there.get("published", 0) + 1
        elif deed == ["revert"]:
            there |= {"body": None, "published_at": None}
        elif method == "DELETE":
            del self.postmortems[incident_id]
        else:
            there |= fields
        return web.json_response(there)
