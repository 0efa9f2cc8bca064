"""How commands are called where people read of them.

The desk and the handlers say which command they mean. What it is called depends on where that is read: in Slack it
bears the prefix that was set, on a terminal it is Keydesk's own command line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

Naming = Callable[[str], str]
"""From a command's line without a slash, such as `keys show kd_7f3a`, to what people type."""


@dataclass(frozen=True, slots=True)
class SlackNames:
    """The names in a workspace in which each command begins with the prefix."""

    prefix: str = ""

    def __call__(self, line: str) -> str:
        """A command with what follows it."""
        return f"/{self.prefix}{line}"


UNPREFIXED = SlackNames()
_naming: ContextVar[Naming] = ContextVar("naming", default=UNPREFIXED)


def slash(line: str) -> str:
    """A command with what follows it, as `keys list`, as its reader types it."""
    return _naming.get()(line)


@contextmanager
def named(naming: Naming) -> Iterator[None]:
    """Inside, commands are called so: in each transaction of a desk, and around each answer to Slack."""
    token = _naming.set(naming)
    try:
        yield
    finally:
        _naming.reset(token)
