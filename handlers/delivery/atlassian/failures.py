"""What can go wrong with a call to a Statuspage elsewhere, and what each failure means for a delivery."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from handlers.delivery.deliverer import SHORTEST_WAIT, DeliveryError, Trouble
from handlers.http.answers import Header
from handlers.upstream.client import Fault, UpstreamError

_MOST_WORDS = 500
_LIMITED = frozenset({420, 429})
_DEFAULT_WAIT = timedelta(seconds=60)
_FAULTS: Mapping[Fault, str] = {
    Fault.UNREACHED: "unreachable",
    Fault.CROWDED: "crowded",
    Fault.SILENT: "timeout",
    Fault.CUT: "connection_lost",
}
UNKNOWN_ANSWER = "not_understood"
"""It was answered as Statuspage does not answer."""


class RefusedCallError(DeliveryError):
    """A call that was answered with anything but success; `status` says with what."""

    def __init__(self, status: int, trouble: Trouble, call: str, error: str, **values: Any) -> None:
        super().__init__(trouble, call, error, **values)
        self.status = status


def failure_on_the_way(call: str, error: UpstreamError) -> DeliveryError:
    """What it means that a call was not answered."""
    return DeliveryError(Trouble.OUTAGE, call, _FAULTS[error.fault], uncertain=not error.is_harmless)


def refusal(call: str, status: int, headers: Sequence[Header], body: bytes) -> RefusedCallError:
    """What it means that a call was answered with anything but success."""
    code, words = f"http_{status}", read_words(body)
    if status in _LIMITED:
        return RefusedCallError(status, Trouble.WAIT, call, code, wait=read_wait(headers))
    if status >= 500:
        return RefusedCallError(status, Trouble.OUTAGE, call, code, uncertain=True)
    if status >= 400:
        return RefusedCallError(status, Trouble.MESSAGE, call, words or code)
    # It leads elsewhere, or means nothing: what was asked for may have been done.
    return RefusedCallError(status, Trouble.UNKNOWN, call, code, uncertain=True)


def read_wait(headers: Sequence[Header]) -> timedelta:
    """How long a limited call is to wait, as its answer says."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    return max(timedelta(seconds=int(value)), SHORTEST_WAIT) if value.isascii() and value.isdigit() else _DEFAULT_WAIT


def read_words(body: bytes) -> str:
    """What an answer says against a call, in whichever form Statuspage says it; empty where it says nothing."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    if isinstance(said, dict):
        said = said.get("error") or said.get("message") or ""
    return "; ".join(_texts(said))[:_MOST_WORDS]


def _texts(said: Any, name: str = "") -> Iterator[str]:
    if isinstance(said, str) and said.strip():
        yield f"{name} {' '.join(said.split())}".strip()
    elif isinstance(said, list):
        for one in said:
            yield from _texts(one, name)
    elif isinstance(said, dict):
        for field, one in said.items():
            yield from _texts(one, f"{name} {field}".strip())
