"""What an incident is, where a call gives only its id: of which kind, in which state, and about which components."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from desk.keys.ring import RingKey
from handlers.http.errors import error_answer
from handlers.http.gateway.connections import Connection
from handlers.http.gateway.forwarding import Forward, Forwarder
from handlers.http.gateway.replies import Reply

_MOST_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 600.0

_OF_NO_KIND = error_answer(
    502, "Statuspage does not say whether this is an incident or a maintenance, so nothing was done."
)


class Told(NamedTuple):
    """An incident, as upstream tells of it now."""

    is_maintenance: bool
    status: str
    about: frozenset[str]
    """The ids of its components."""


class UnsaidError(Exception):
    """Upstream does not say what has to be known; `reply` is what the caller is to hear, since nobody may change what
    might be something else."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Kinds:
    """Asks upstream, and remembers kinds for a while. `monotonic` tells seconds and never goes back."""

    def __init__(self, forwarder: Forwarder, monotonic: Callable[[], float]) -> None:
        self._forwarder = forwarder
        self._monotonic = monotonic
        self._known: OrderedDict[tuple[str, str], tuple[bool, float]] = OrderedDict()

    async def is_maintenance(self, connection: Connection, key: RingKey, path: Mapping[str, str]) -> bool:
        """Whether an incident is a maintenance, which never changes. Raises UnsaidError."""
        kind, until = self._known.get((path["page_id"], path["incident_id"]), (False, 0.0))
        if until > self._monotonic():
            return kind
        return (await self.look(connection, key, path)).is_maintenance

    async def look(self, connection: Connection, key: RingKey, path: Mapping[str, str]) -> Told:
        """The incident as it is now. Raises UnsaidError."""
        incident = (path["page_id"], path["incident_id"])
        target = f"/v1/pages/{incident[0]}/incidents/{incident[1]}"
        reply = await self._forwarder.open(connection, Forward(key, "GET", target, (), None))
        await reply.close()
        told = _read(reply)
        if told is None:
            # Some answers have no end.
            is_error = reply.status >= 400 and reply.rest is None
            raise UnsaidError(reply if is_error else Reply.of(_OF_NO_KIND))
        self._known[incident] = (told.is_maintenance, self._monotonic() + _REMEMBERED_SECONDS)
        self._known.move_to_end(incident)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return told


def _read(reply: Reply) -> Told | None:
    try:
        found = json.loads(reply.body) if reply.is_whole and reply.status == 200 else None
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    components = found.get("components") or []
    rows = [one for one in components if isinstance(one, dict)] if isinstance(components, list) else []
    about = frozenset(str(one.get("id")) for one in rows)
    return Told(bool(found.get("scheduled_for")), str(found.get("status")), about)
