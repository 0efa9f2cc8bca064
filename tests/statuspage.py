"""A Statuspage on a socket that keeps incidents, and may do what it is asked and not say so."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.hostile_server import Behaviour, json_answer, length_of


@dataclass(slots=True)
class Statuspage:
    """It answers properly, but for the next POSTs, one for each word in `faults`:

    It does it and breaks off (`lost`), says 502 (`busy`), says something else (`odd`) or nothing (`mute`), or does it
    when `late` is set (`slow`). Or it does nothing and breaks off (`unread`), is silent (`held`), says 429 (`limit`)
    or 422 (`wrong`).
    """

    faults: list[str] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    late: asyncio.Event = field(default_factory=asyncio.Event)
    posts: int = 0
    """How many it got."""
    keys: list[bytes] = field(default_factory=list)
    """The names (`Idempotency-Key`) by which POSTs came."""

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await reader.readexactly(length_of(head))
        method, target = head.split()[:2]
        if method == b"GET":
            found = self._find(target.decode())
            status = b"200 OK" if found is not None else b"404 Not Found"
            await json_answer(json.dumps(found).encode(), status)(b"", reader, writer)
            return
        self.keys += [line for line in head.split(b"\r\n") if line.lower().startswith(b"idempotency-key")]
        answer = await self._post(json.loads(body)["incident"])
        if answer is None:
            writer.close()
        else:
            await answer(b"", reader, writer)

    async def _post(self, fields: dict[str, Any]) -> Behaviour | None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in _UNDONE:
            self.posts += 1
            return _UNDONE[fault]
        if fault == "slow":
            await self.late.wait()
        self.incidents.insert(0, self._make(fields))
        self.posts += 1
        return _DONE[fault] if fault in _DONE else json_answer(json.dumps(self.incidents[0]).encode(), b"201 Created")

    def _make(self, fields: dict[str, Any]) -> dict[str, Any]:
        number = len(self.incidents) + 1
        update = {"id": f"update{number:06}", "body": fields.get("body"), "status": "investigating"}
        made = {"id": f"made{number:08}", "status": "investigating", "incident_updates": [update]}
        return {**fields, **made, "created_at": "2030-01-01T00:00:00Z"}

    def _find(self, target: str) -> Any:
        if "?" in target:
            return self.incidents
        wanted = target.rsplit("/", 1)[-1]
        return next((one for one in self.incidents if one["id"] == wanted), None)


async def _keep_silent(_head: bytes, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


_UNDONE: Mapping[str, Behaviour | None] = {
    "unread": None,
    "held": _keep_silent,
    "limit": json_answer(b'{"error":"slow down"}', b"429 Slow", b"Retry-After: 1"),
    "wrong": json_answer(b'{"error":["Name can\'t be blank"]}', b"422 No"),
}
_DONE: Mapping[str, Behaviour | None] = {
    "lost": None,
    "mute": _keep_silent,
    "busy": json_answer(b"{}", b"502 Bad"),
    "odd": json_answer(b"<html>", b"201 Created"),
}
