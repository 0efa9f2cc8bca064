"""How many calls a server elsewhere takes, and whose turn it is.

Statuspage takes one call a second from each of its keys, counted over any sixty seconds. What is here shares that
out: Keydesk's own calls come first, callers take turns, and none of them gets all of it while others come.
"""

import asyncio
import math
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

WINDOW = 60.0
"""Seconds."""
OWN_SHARE = 0.1
"""The part that is kept for Keydesk's own calls."""
NEW_SHARE = 0.1
"""The part that is kept for callers who have had less than others."""
MOST_WAITING = 1000
MOST_OF_ONE = 100
"""Of those that wait, so many are one caller's: who asks most does not take the others' places too."""


class NoTurnError(Exception):
    """It is not this caller's turn within the time that it waits."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after
        """Whole seconds after which it may be."""


@dataclass(frozen=True, slots=True)
class _Taken:
    at: float
    caller: str
    key: str


@dataclass(frozen=True, slots=True)
class Load:
    """How much of a budget is in use."""

    used: Mapping[str, int]
    """Calls within the last minute, by key."""
    limits: Mapping[str, int | None]
    waiting: int


@dataclass(slots=True)
class _Waiter:
    turn: asyncio.Future[str]
    besides: frozenset[str]


OWN = ""
"""The caller that is Keydesk itself."""


class Budget:
    """Turns at one server. `keys` says how many calls within a minute each of its keys is good for; None: any number.

    `monotonic` tells seconds and never goes back.
    """

    def __init__(
        self, keys: Mapping[str, int | None], *, wait_seconds: float, monotonic: Callable[[], float]
    ) -> None:
        self._keys = dict(keys)
        self._wait_seconds = wait_seconds
        self._monotonic = monotonic
        self._taken: deque[_Taken] = deque()
        self._by_caller: Counter[str] = Counter()
        self._by_key: Counter[str] = Counter()
        self._paused: dict[str, float] = {}
        # In the order of their turns.
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self._alarm: asyncio.TimerHandle | None = None

    def use(self, keys: Mapping[str, int | None]) -> None:
        """From now on these are its keys; calls that were made count on."""
        self._keys = dict(keys)
        self._give_turns()

    def find_load(self) -> Load:
        """What it was lately, and who waits."""
        self._forget()
        return Load(dict(self._by_key), dict(self._keys), sum(map(len, self._waiting.values())))

    def pause(self, key: str, seconds: float) -> None:
        """Give no turn with the key for so long: its server wants none."""
        self._paused[key] = max(self._paused.get(key, 0.0), self._monotonic() + seconds)

    def resume(self, key: str) -> None:
        """The key is good: give turns with it again."""
        self._paused.pop(key, None)
        self._give_turns()

    def charge(self, caller: str, key: str) -> None:
        """Count a call that is made with this key, whoever's turn it is."""
        self._note(caller, key)

    def count(self, caller: str) -> int:
        """How many calls the caller has had within the window."""
        self._forget()
        return self._by_caller[caller]

    async def take(self, caller: str, *, besides: frozenset[str] = frozenset()) -> str:
        """The key to call with, when it is the caller's turn. Raises NoTurnError.

        `besides`: keys that were tried in vain. What is taken is used, whatever becomes of the call.
        """
        self._forget()
        if caller not in self._waiting and (key := self._find_key(caller, besides)) is not None:
            return self._note(caller, key)
        if self._is_full(caller) or not self._keys.keys() - besides:
            raise NoTurnError(self._seconds_to_next())
        waiter = _Waiter(asyncio.get_running_loop().create_future(), besides)
        self._waiting.setdefault(caller, deque()).append(waiter)
        self._set_alarm()
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await waiter.turn
        except TimeoutError:
            raise NoTurnError(self._seconds_to_next()) from None
        finally:
            self._leave(caller, waiter)

    def _is_full(self, caller: str) -> bool:
        if caller == OWN:
            return False
        of_all = sum(map(len, self._waiting.values()))
        return of_all >= MOST_WAITING or len(self._waiting.get(caller, ())) >= MOST_OF_ONE

    def _find_key(self, caller: str, besides: frozenset[str]) -> str | None:
        now = self._monotonic()
        usable: dict[str, int] = {}
        for key, most in self._keys.items():
            if self._paused.get(key, 0.0) > now:
                continue
            if most is None and key not in besides:
                return key
            usable[key] = most or 0
        free = sum(max(most - self._by_key[key], 0) for key, most in usable.items())
        if free <= self._kept_from(caller, sum(usable.values())):
            return None
        left = {key: most - self._by_key[key] for key, most in usable.items() if key not in besides}
        best = max(left, key=lambda key: left[key], default=None)
        return best if best is not None and left[best] > 0 else None

    def _kept_from(self, caller: str, most: int) -> int:
        """How many calls are for others than this caller."""
        if caller == OWN:
            return 0
        kept = math.floor(most * OWN_SHARE)
        callers = (
            {one for one in self._by_caller if one != OWN} | {one for one in self._waiting if one != OWN} | {caller}
        )
        others = sum(count for one, count in self._by_caller.items() if one not in (OWN, caller))
        had = self._by_caller[caller]
        is_behind = had == 0 or (len(callers) > 1 and had * (len(callers) - 1) < others)
        return kept if is_behind else kept + math.floor(most * NEW_SHARE)

    def _note(self, caller: str, key: str) -> str:
        if self._keys.get(key) is None:
            return key
        self._taken.append(_Taken(self._monotonic(), caller, key))
        self._by_caller[caller] += 1
        self._by_key[key] += 1
        return key

    def _forget(self) -> None:
        ended = self._monotonic() - WINDOW
        while self._taken and self._taken[0].at <= ended:
            one = self._taken.popleft()
            for counter, name in ((self._by_caller, one.caller), (self._by_key, one.key)):
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]

    def _give_turns(self) -> None:
        self._alarm = None
        self._forget()
        given = True
        while given:
            given = False
            # Our own first; then everybody's next in turn, and whoever had one goes to the end.
            for caller in sorted(self._waiting, key=lambda one: one != OWN):
                waiter = self._waiting[caller][0]
                key = self._find_key(caller, waiter.besides)
                if key is None:
                    continue
                self._note(caller, key)
                self._leave(caller, waiter)
                if caller in self._waiting:
                    self._waiting.move_to_end(caller)
                if not waiter.turn.done():
                    waiter.turn.set_result(key)
                given = True
                break
        if self._waiting:
            self._set_alarm()

    def _leave(self, caller: str, waiter: _Waiter) -> None:
        queue = self._waiting.get(caller)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[caller]

    def _set_alarm(self) -> None:
        if self._alarm is None:
            wait = self._next_change() - self._monotonic()
            self._alarm = asyncio.get_running_loop().call_later(max(wait, 0.01), self._give_turns)

    def _next_change(self) -> float:
        """When more is free than now."""
        now = self._monotonic()
        instants = [until for until in self._paused.values() if until > now]
        if self._taken:
            instants.append(self._taken[0].at + WINDOW)
        return min(instants, default=now + 1.0)

    def _seconds_to_next(self) -> int:
        return max(math.ceil(self._next_change() - self._monotonic()), 1)
