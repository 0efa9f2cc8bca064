"""The list of an organization's pages, in which those that are kept elsewhere stand as they are there."""

import json
from collections.abc import Callable, Collection

from desk.keys.ring import RingKey
from handlers.http.answers import Answer, Header
from handlers.http.gateway.connections import ConnectionBook
from handlers.http.gateway.forwarding import Forward
from handlers.http.gateway.hiding import MOST_SEARCHED
from handlers.http.gateway.reads import Reads
from handlers.http.v1.documents import json_array, json_document

_LIST = "/v1/pages"
_ASKING: tuple[Header, ...] = ((b"accept", b"application/json"),)


class PagesThere:
    """Asks for them. `list_elsewhere` gives the pages that are kept elsewhere."""

    def __init__(
        self, connections: ConnectionBook, reads: Reads, list_elsewhere: Callable[[], Collection[str]]
    ) -> None:
        self._connections = connections
        self._reads = reads
        self._list_elsewhere = list_elsewhere

    async def fill_in(self, key: RingKey, answer: Answer) -> Answer:
        """The answer to a key that lists its pages, with what upstream says of them instead of copies; upstream's own
        where that is no list."""
        elsewhere = self._list_elsewhere()
        own = json.loads(answer.body)
        connection = self._connections.find(key.organization_id)
        if connection is None or not any(row["id"] in elsewhere for row in own):
            return answer
        call = Forward(key, "GET", _LIST, _ASKING, None, must_be_whole=MOST_SEARCHED)
        reply = await self._reads.open(connection, call)
        await reply.close()
        found = _read(reply.body) if reply.status == 200 and reply.is_whole else None
        if found is None:
            if reply.answer is not None or reply.is_whole:
                after = tuple(one for one in reply.headers if one[0] == b"retry-after")
                return reply.answer or Answer(reply.status, reply.body, after)
            return answer
        # What is gone there is not shown any more, and what is new there is not known here yet, nor whose it is.
        there = {row.get("id"): row for row in found}
        rows = [there.get(row["id"]) if row["id"] in elsewhere else row for row in own]
        return Answer(200, json_array([json_document(row) for row in rows if row is not None]))


def _read(body: bytes) -> list[dict[str, object]] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else None
