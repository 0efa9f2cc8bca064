"""Property tests that count how often examples come to the branch that they are for, and fail where they hardly do.

Examples of a property may leave it early, because what they drew is refused. When nearly all do, it holds for want of
anything to look at.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


class Branch:
    """The branch of a property test: put it above `@given`, and call `reached()` in the branch."""

    def __init__(self, least: float) -> None:
        self._least = least
        self._examples = self._reached = 0

    def reached(self) -> None:
        """An example came here."""
        self._reached += 1

    def __call__(self, test: Test) -> Test:
        """The test, failing as well when fewer than this share of its examples came here."""
        handle: Any = test.hypothesis  # type: ignore[attr-defined]
        inner = handle.inner_test

        @wraps(inner)
        def counted(*arguments: Any, **named: Any) -> None:
            self._examples += 1
            inner(*arguments, **named)

        handle.inner_test = counted

        @wraps(test)
        def checked(*arguments: Any, **named: Any) -> None:
            self._examples = self._reached = 0
            test(*arguments, **named)
            share = self._reached / self._examples
            assert share >= self._least, f"{self._reached} of {self._examples} examples came to the branch"

        return checked  # type: ignore[return-value]
