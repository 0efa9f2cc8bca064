"""`keydesk maintenance`: what `/maintenance` is in Slack, also when Slack is down."""

import typer

from bot.commands.maintenance import looking, planning, running


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Announce maintenances, begin and end them, move them or call them off. Works without Slack.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="maintenance")
    for part in (planning, running, looking):
        part.register(family)
