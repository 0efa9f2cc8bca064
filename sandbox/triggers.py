"""trigger_id: the short right to open a modal that comes with a person's click."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sandbox.clock import Clock, Timing
from sandbox.errors import SlackError

_FORM = re.compile(r"\d+\.\d+\.[0-9a-f]{32}")


@dataclass
class Trigger:
    """A right that one person's act gave: who acted, in which modal if any, until when."""

    user: str
    view_id: str | None
    issued_at: float
    exchanged: bool = False


class Triggers:
    """Issues triggers and exchanges each one once, within three seconds."""

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._timing = timing
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """A new trigger_id for what this person has just done."""
        now = self._clock.now()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        if len(self._issued) > 10_000:
            self._issued = {key: kept for key, kept in self._issued.items() if now - kept.issued_at < 600}
        self._issued[trigger_id] = Trigger(user, view_id, now)
        return trigger_id

    def check(self, trigger_id: str) -> Trigger:
        """The trigger, if it can still be exchanged. Raises SlackError with Slack's code otherwise."""
        trigger = self._issued.get(trigger_id) if _FORM.fullmatch(trigger_id) else None
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.issued_at > self._timing.trigger_lifetime:
            raise SlackError("expired_trigger_id")
        return trigger
