"""Rows in columns, for people and for `grep`."""

from collections.abc import Sequence
from datetime import datetime

from bot.commands.console import say

_GAP = "  "


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their headings, each column as wide as it needs to be; the last one is not padded."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (tuple(heading.upper() for heading in headings), *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        say(_GAP.join(cells).rstrip())


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one a line; what is empty is left out."""
    shown = [(name, value) for name, value in facts if value]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        say(f"{name.ljust(width)}{_GAP}{value}")


def day(instant: datetime | None) -> str:
    """A date in UTC, `never` for none."""
    return instant.strftime("%Y-%m-%d") if instant else "never"


def moment(instant: datetime | None) -> str:
    """A date and time in UTC; empty for none."""
    return instant.strftime("%Y-%m-%d %H:%M UTC") if instant else ""
