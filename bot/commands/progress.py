"""How far long work is, on standard error: a line that changes at a terminal, and a line for each part in a log."""

import sys
from types import TracebackType

import typer

_CLEAR = "\r\x1b[K"


class Progress:
    """Call it with a part's name, how much of it is done, and how much there is. Leave the block at the end."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._is_seen = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_seen:
            typer.echo(_CLEAR, nl=False, err=True)

    def __call__(self, part: str, done: int, total: int) -> None:
        """So far it is now."""
        told = f"{self._verb} {part}: {done:,} of {total:,}"
        if self._is_seen:
            typer.echo(_CLEAR + told, nl=False, err=True)
        elif done == total:
            typer.echo(told, err=True)
