"""How many calls a key has within a minute, counted in this process's memory."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WINDOW = 60.0
"""Seconds, rolling: as many calls as a key has may come at once."""
MOST_KEYS = 10_000
"""Whose calls are remembered; of more, those that called longest ago begin anew."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """Who has how many calls within a minute."""

    calls: int = 0
    """Of every key; 0: as many as it likes."""
    of_keys: Mapping[str, int] = field(default_factory=dict)
    """Of these keys, by id, instead; 0 as well."""
    code: int = 420
    """What a call too many is answered: 420, as Statuspage does, or 429."""

    def of(self, key_id: str) -> int:
        """How many calls a key has; 0: as many as it likes."""
        return self.of_keys.get(key_id, self.calls)


class CallCounter:
    """Counts calls that were let through. `monotonic` tells seconds and never goes back."""

    def __init__(self, budgets: Budgets, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.budgets = budgets
        self._monotonic = monotonic
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Of how many keys it remembers calls."""
        return len(self._calls)

    def take(self, key_id: str) -> int:
        """Count a call of a key. In how many whole seconds its next one is let through, if this one is not; 0: it is.

        What is not let through is not counted: who goes on calling does not wait for ever.
        """
        budget = self.budgets.of(key_id)
        if not budget:
            return 0
        now = self._monotonic()
        calls = self._calls.setdefault(key_id, deque())
        self._calls.move_to_end(key_id)
        if len(self._calls) > MOST_KEYS:
            self._calls.popitem(last=False)
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= budget:
            return max(math.ceil(calls[0] + WINDOW - now), 1)
        calls.append(now)
        return 0
