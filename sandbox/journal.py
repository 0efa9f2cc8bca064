"""What went over the wire, in order, for tests and for the page's protocol drawer."""

from __future__ import annotations

from collections import deque
from typing import Any

from sandbox.clock import Clock

_KEPT = 20_000


class Journal:
    """Entries numbered from 1; the oldest go when there are more than twenty thousand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._n = 0

    def record(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Add an entry. What it returns may be completed later, as a delivery is when it is answered."""
        self._n += 1
        entry = {"n": self._n, "at": round(self._clock.now(), 6), "kind": kind, **fields}
        self._entries.append(entry)
        return entry

    def violation(self, sentence: str, **fields: Any) -> None:
        """Note what Slack would not have accepted, or what it would punish."""
        self.record("violation", text=sentence, **fields)

    def list_entries(
        self, *, kind: str | None = None, method: str | None = None, after: int = 0
    ) -> list[dict[str, Any]]:
        """Entries with a number above `after`, of one kind or one Web API method when asked."""
        return [
            dict(entry)
            for entry in self._entries
            if entry["n"] > after
            and (kind is None or entry["kind"] == kind)
            and (method is None or entry.get("method") == method)
        ]

    def clear(self) -> None:
        """Forget the entries; numbering goes on, so that a reader's `after` stays valid."""
        self._entries.clear()
