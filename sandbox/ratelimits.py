"""Slack's rate limits: the tiers of methods, and one message a second for each channel."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from math import ceil
from typing import Any

from sandbox.clock import Clock

_TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
_METHODS = {
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "chat.delete": 3,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
    "users.info": 4,
    "users.list": 2,
    "users.lookupByEmail": 3,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "conversations.open": 3,
    "conversations.info": 3,
    "conversations.list": 2,
    "conversations.members": 4,
    "conversations.history": 3,
    "conversations.replies": 3,
    "conversations.join": 3,
    "team.info": 3,
    "bots.info": 3,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "apps.connections.open": 3,
}
# auth.test and the like are "special": hundreds a minute.
_SPECIAL = 300


class Hold(StrEnum):
    """To which of its limits Slack holds an app."""

    NONE = "none"
    TIERS = "tiers"
    """Those a minute, of each method."""
    ALL = "all"
    """One message a second for each channel, too: for whoever paces itself."""


class RateLimits:
    """Counts calls of the last minute; by `Hold.ALL`, chat.postMessage is also held to one a second per channel."""

    def __init__(self, clock: Clock, usual: Hold = Hold.TIERS) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self.usual = self.hold = usual

    def decide_retry_after(self, method: str, args: dict[str, Any]) -> int | None:
        """Seconds to wait if this call is one too many, else None and the call is counted."""
        if self.hold is Hold.NONE:
            return None
        if method == "chat.postMessage":
            if self.hold is not Hold.ALL:
                return None
            return self._count(f"{method}:{args.get('channel')}", limit=1, window=1.0)
        limit = _TIERS[_METHODS[method]] if method in _METHODS else _SPECIAL
        return self._count(method, limit=limit, window=60.0)

    def clear(self) -> None:
        """Forget the calls, and hold to what is usual."""
        self._calls.clear()
        self.hold = self.usual

    def _count(self, key: str, *, limit: int, window: float) -> int | None:
        now = self._clock.now()
        calls = self._calls.setdefault(key, deque())
        while calls and now - calls[0] >= window:
            calls.popleft()
        if len(calls) >= limit:
            return max(1, ceil(window - (now - calls[0])))
        calls.append(now)
        return None
