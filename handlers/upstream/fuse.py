"""Stops asking a server that does not answer, and tries again now and then."""

from collections import OrderedDict
from collections.abc import Callable

FAILURES = 5
"""So many calls in a row get no answer, and the next are not even tried."""
FIRST_SECONDS = 5.0
LONGEST_SECONDS = 60.0
_MOST_CALLERS = 1000


class Fuse:
    """Of one server. `monotonic` tells seconds and never goes back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._wait = FIRST_SECONDS
        self._blown_until: float | None = None
        self._is_tried = False

    def seconds_to_wait(self) -> float:
        """How long until a call may be tried; 0.0: now."""
        if self._blown_until is None:
            return 0.0
        return max(self._blown_until - self._monotonic(), self._wait if self._is_tried else 0.0)

    def begin(self) -> float:
        """As `seconds_to_wait`, for a call that is made at once where that is 0.0 and then says how it went. After a
        wait it is the only one until it does."""
        wait = self.seconds_to_wait()
        if not wait and self._blown_until is not None:
            self._is_tried = True
        return wait

    def answered(self) -> None:
        """A call was answered, whatever with."""
        self._failures, self._wait, self._blown_until, self._is_tried = 0, FIRST_SECONDS, None, False

    def given_up(self) -> None:
        """A call ended on this side, so that nobody knows whether it would have been answered."""
        self._is_tried = False

    def failed(self) -> None:
        """A call was not."""
        self._failures += 1
        was_tried, self._is_tried = self._is_tried, False
        if was_tried:
            self._wait = min(self._wait * 2, LONGEST_SECONDS)
        if was_tried or self._failures == FAILURES:
            self._blown_until = self._monotonic() + self._wait


class Fuses:
    """Of one server, for all who call it and for each of them.

    A call may be made so that it fails: whoever fails alone is left alone. `caller` is whose call it is.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._of_all = Fuse(monotonic)
        self._failing: set[str] = set()
        self._of_one: OrderedDict[str, Fuse] = OrderedDict()

    def seconds_to_wait(self, caller: str) -> float:
        """How long until the caller's next call may be tried; 0.0: now."""
        return max(one.seconds_to_wait() for one in self._about(caller))

    def begin(self, caller: str) -> float:
        """As `seconds_to_wait`, for a call that is made at once where that is 0.0 and then says how it went."""
        wait = self.seconds_to_wait(caller)
        if not wait:
            for one in self._about(caller):
                one.begin()
        return wait

    def answered(self, caller: str) -> None:
        """A call was answered, whatever with."""
        self._of_all.answered()
        self._failing.clear()
        self._of_one.pop(caller, None)

    def given_up(self, caller: str) -> None:
        """A call ended on this side."""
        for one in self._about(caller):
            one.given_up()

    def failed(self, caller: str, *, is_for_all: bool = False) -> None:
        """A call was not answered. `is_for_all`: it did not even get there, so it was nothing in the call."""
        own = self._of_one.setdefault(caller, Fuse(self._monotonic))
        self._of_one.move_to_end(caller)
        if len(self._of_one) > _MOST_CALLERS:
            self._of_one.popitem(last=False)
        own.failed()
        self._failing.add(caller)
        if is_for_all or len(self._failing) > 1:
            self._of_all.failed()
        else:
            self._of_all.given_up()

    def _about(self, caller: str) -> list[Fuse]:
        own = self._of_one.get(caller)
        return [self._of_all] if own is None else [self._of_all, own]
