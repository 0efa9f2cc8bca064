"""Rows in columns, for people and for `grep`; or, with `--json`, for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from bot.commands.console import say

_GAP = "  "
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with instants in ISO 8601.")]


@dataclass(frozen=True, slots=True)
class Day:
    """An instant of which a table shows the day alone."""

    instant: datetime | None


Cell = str | int | bool | datetime | Day | Sequence[str] | None


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, as_json: bool = False) -> None:
    """Print rows under their headings, each column as wide as it needs to be; the last one is not padded."""
    if as_json:
        print_json([_named(zip(headings, row, strict=True)) for row in rows])
        return
    shown = [tuple(map(_shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *shown, strict=True)]
    for row in (tuple(heading.upper() for heading in headings), *shown):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        say(_GAP.join(cells).rstrip())


def print_list(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, nothing: str, as_json: bool = False
) -> None:
    """A table or, where there is no row, what that means."""
    if rows or as_json:
        print_table(headings, rows, as_json=as_json)
    else:
        say(nothing)


def print_facts(facts: Sequence[tuple[str, Cell]], *, as_json: bool = False) -> None:
    """Print names and values, one a line; what is empty is left out."""
    if as_json:
        print_json(_named(facts))
        return
    shown = [(name, text) for name, value in facts if (text := _shown(value))]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        say(f"{name.ljust(width)}{_GAP}{value}")


def print_json(value: object) -> None:
    """Print something as JSON."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def day(instant: datetime | None) -> str:
    """A date in UTC, `never` for none."""
    return instant.strftime("%Y-%m-%d") if instant else "never"


def moment(instant: datetime | None) -> str:
    """A date and time in UTC; empty for none."""
    return instant.strftime("%Y-%m-%d %H:%M UTC") if instant else ""


def _shown(cell: Cell) -> str:
    match cell:
        case Day():
            return day(cell.instant)
        case datetime():
            return moment(cell)
        case bool():
            return "yes" if cell else "no"
        case None:
            return ""
        case str() | int():
            return str(cell)
        case _:
            return " ".join(cell)


def _named(facts: "Sequence[tuple[str, Cell]] | zip[tuple[str, Cell]]") -> dict[str, object]:
    return {name.replace(" ", "_"): value for name, value in facts}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    assert isinstance(value, Day)
    return value.instant
