"""Of which kind an incident is, where a call gives only its id."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping

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


class Kinds:
    """Asks upstream, and remembers what it said for a while. `monotonic` tells seconds and never goes back."""

    def __init__(self, forwarder: Forwarder, monotonic: Callable[[], float]) -> None:
        self._forwarder = forwarder
        self._monotonic = monotonic
        self._known: OrderedDict[tuple[str, str], tuple[bool, float]] = OrderedDict()

    async def find(self, connection: Connection, key: RingKey, path: Mapping[str, str]) -> "bool | Reply":
        """Whether an incident is a maintenance. Where upstream does not say: what the caller is to hear, since nobody
        may change what might be of the other kind."""
        incident = (path["page_id"], path["incident_id"])
        kind, until = self._known.get(incident, (False, 0.0))
        if until > self._monotonic():
            return kind
        target = f"/v1/pages/{incident[0]}/incidents/{incident[1]}"
        reply = await self._forwarder.open(connection, Forward(key, "GET", target, (), None))
        await reply.close()
        found = _kind_in(reply)
        if found is None:
            # Some answers have no end.
            is_error = reply.status >= 400 and reply.rest is None
            return reply if is_error else Reply.of(_OF_NO_KIND)
        self._known[incident] = (found, self._monotonic() + _REMEMBERED_SECONDS)
        self._known.move_to_end(incident)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return found


def _kind_in(reply: Reply) -> bool | None:
    try:
        found = json.loads(reply.body) if reply.is_whole and reply.status == 200 else None
    except ValueError:
        return None
    return bool(found.get("scheduled_for")) if isinstance(found, dict) else None
