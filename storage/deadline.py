"""Until when somebody waits: one instant for all that a request does, whatever it waits for.

Whoever takes a request sets it (`answer_within`); Slack's client, the database's transactions and every other wait
ask what is left of it. Work that nobody waits for has none.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_FOR_COMMIT = 0.12
"""The share of the time in which nothing new begins, and a commit that has begun may come to its end."""


class TooLateError(Exception):
    """The time was over before anything was kept, and nothing of it will be."""


@dataclass(eq=False, slots=True)
class Deadline:
    """Until when a request is to be answered, on the monotonic clock, and whether it has changed something yet."""

    until: float
    """Waits end then, and no commit begins later."""
    answer: float
    """The answer leaves then at the latest."""
    changed: bool = False
    """Whether a change that its person asked for was kept."""
    request: str | None = None
    """What the request is called, alike in each delivery of it; None where it has no name."""


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def find_deadline() -> Deadline | None:
    """That of the request in hand, or None."""
    return _current.get()


def find_seconds_left(*, most: float | None = None) -> float | None:
    """How long may still be waited, `most` at most and never less than nothing; None: as long as it takes."""
    deadline = _current.get()
    if deadline is None:
        return most
    left = max(deadline.until - time.monotonic(), 0.0)
    return left if most is None else min(left, most)


def require_time() -> None:
    """Raises TooLateError when the time is over."""
    if find_seconds_left() == 0:
        raise TooLateError


@contextmanager
def answer_within(seconds: float) -> Iterator[Deadline]:
    """Give what happens within the block this long. What stands within another deadline's block keeps that one."""
    now = time.monotonic()
    deadline = _current.get() or Deadline(now + seconds * (1 - _FOR_COMMIT), now + seconds)
    with _as_current(deadline):
        yield deadline


@contextmanager
def until_the_answer() -> Iterator[None]:
    """Within the block, for a commit that has begun, the time ends with the answer."""
    deadline = _current.get()
    with _as_current(deadline and Deadline(deadline.answer, deadline.answer)):
        yield


@contextmanager
def without_deadline() -> Iterator[None]:
    """Within the block nobody waits."""
    with _as_current(None):
        yield


@contextmanager
def _as_current(deadline: Deadline | None) -> Iterator[None]:
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)
