"""What is in upstream's answers and not for every key that may read them."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from desk.keys.ring import RingKey
from desk.keys.scopes import allows
from handlers.http.answers import Header, find_header
from handlers.http.gateway import faults
from handlers.http.gateway.replies import Reply

MOST_SEARCHED = 4 * 1024 * 1024
"""A longer answer is not passed on to a key from which something is hidden."""

_ADDRESS = "automation_email"
"""Who writes to it brings the component into a state: it is as good as a key that may."""
_IN_BYTES = _ADDRESS.encode()
_PACKED = frozenset({b"accept-encoding", b"range", b"if-range"})


def is_hidden_from(key: RingKey) -> bool:
    """Whether something is hidden from the key."""
    return key.components is not None or not allows(key.scopes, resource="component_status", write=True)


def asking_openly(headers: Sequence[Header]) -> Sequence[Header]:
    """The headers of a call whose answer is to be looked through: whole, and not compressed."""
    return [(name, value) for name, value in headers if name not in _PACKED]


def hide(reply: Reply, key: RingKey, base_url: str) -> Reply:
    """The answer without what is not for the key."""
    if reply.answer is not None:
        return reply
    if reply.rest is not None or find_header(reply.headers, b"content-encoding") not in (b"", b"identity"):
        return Reply.of(faults.unsearchable(base_url), was_done=reply.was_done)
    if _IN_BYTES not in reply.body:
        return reply
    may_move = allows(key.scopes, resource="component_status", write=True)
    try:
        shown = _without(json.loads(reply.body), (key.components or ()) if may_move else ())
    except (ValueError, RecursionError):
        return Reply.of(faults.unsearchable(base_url), was_done=reply.was_done)
    body = json.dumps(shown, ensure_ascii=False).encode(errors="surrogatepass")
    headers = [(name, value) for name, value in reply.headers if name not in (b"content-length", b"etag")]
    return Reply(reply.status, [*headers, (b"content-length", b"%d" % len(body))], body, was_done=reply.was_done)


def _without(value: Any, shown: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_without(one, shown) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _without(one, shown) for name, one in value.items()}
    if _ADDRESS in found and found.get("id") not in shown:
        found[_ADDRESS] = None
    return found
