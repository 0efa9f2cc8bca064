"""Identifiers and message timestamps in Slack's forms."""

from __future__ import annotations

import itertools
import secrets

from sandbox.clock import Clock

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Ids:
    """Makes Slack-shaped identifiers that never repeat within one workspace."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = itertools.count(1)
        self._last_micros = 0

    def next_id(self, prefix: str) -> str:
        """An identifier such as `V0AB12CD34E`: prefix, then ten upper-case characters."""
        number, digits = next(self._count), ""
        for _ in range(4):
            number, rest = divmod(number, 36)
            digits = _ALPHABET[rest] + digits
        noise = "".join(secrets.choice(_ALPHABET) for _ in range(5))
        return f"{prefix}0{noise}{digits}"

    def next_ts(self) -> str:
        """A message timestamp such as `1732345678.000100`, later than every one before it."""
        micros = int(self._clock.now() * 1_000_000) // 100 * 100
        self._last_micros = max(micros, self._last_micros + 100)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def next_hash(self) -> str:
        """The version mark of a view, such as `1732345678.aB3x9QzL`."""
        return f"{int(self._clock.now())}.{secrets.token_urlsafe(6)}"

    def next_event_id(self) -> str:
        """An Events API identifier, by which an app recognises a redelivery."""
        return self.next_id("Ev")

    def next_block_id(self) -> str:
        """What Slack puts where an app left out a block_id or action_id."""
        return secrets.token_urlsafe(4).replace("-", "x").replace("_", "y")[:5] + f"{next(self._count):x}"
