"""What may be said of incidents and maintenances, as the arguments and options of commands."""

from collections.abc import Sequence
from typing import Annotated

import typer

from desk.errors import InvalidInputError

Which = Annotated[
    str | None,
    typer.Argument(help="The one that is meant, by its name, id or link; it can be left out where only one is open."),
]
OnPage = Annotated[str | None, typer.Option("--page", help="A page's id, subdomain or name, if there are several.")]
Components = Annotated[
    list[str] | None,
    typer.Option(
        "--component",
        "-c",
        help="A component and the state that it takes on, like search=partial_outage; without one it stays as it "
        "is. Can be repeated.",
    ),
]
Template = Annotated[str, typer.Option(help="Words kept for such a case, by name.")]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", help="A value for a placeholder of the template, like region=eu-west. Can be repeated."),
]
ImpactWord = Annotated[str, typer.Option("--impact", help="none, minor, major or critical, instead of what follows.")]
Remind = Annotated[
    str | None,
    typer.Option(help='When to remind of an update: after which hours, like "[1,3]", every how many, or "[]".'),
]

From = Annotated[str, typer.Option("--from", help="When it begins, like 'tomorrow 22:00' or 'Dec 1 22:00 UTC'.")]
Until = Annotated[str, typer.Option(help="When it ends, like 23:30 or 'Dec 2 01:00 UTC'.")]
For = Annotated[str, typer.Option("--for", help="How long it takes, like 3h.")]


def read_values(given: Sequence[str] | None) -> dict[str, str]:
    """What stands for placeholders. Raises InvalidInputError for what is not `name=value`."""
    values = {}
    for one in given or ():
        name, mark, value = one.partition("=")
        if not mark or not name.strip():
            raise InvalidInputError(f"“{one}” does not say for what it stands.", "Write --set name=value.")
        values[name.strip()] = value.strip()
    return values
