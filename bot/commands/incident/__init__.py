"""`keydesk incident`: what `/incident` is in Slack, also when Slack is down."""

import typer

from bot.commands.incident import looking, mending, past, writing


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Say that something is wrong, say more and end it; look at what is open. Works without Slack.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="incident")
    for part in (writing, past, mending, looking):
        part.register(family)
