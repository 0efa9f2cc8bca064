"""`keydesk drafts`: what is written and not yet public."""

import typer

from bot.commands.drafts import deciding, looking


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(
        help="Look at what is written and not yet public; publish it, send it back or throw it away.",
        no_args_is_help=True,
    )
    cli.add_typer(family, name="drafts")
    looking.register(family)
    deciding.register(family)
