"""`keydesk config`: every setting, its value and where that comes from."""

import textwrap
from typing import Annotated

import typer

from bot.commands.console import console_of
from bot.settings import list_settings, load_settings, render_env_example


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def config(
        context: typer.Context,
        example: Annotated[bool, typer.Option("--example", help="Print a commented .env file instead.")] = False,
        brief: Annotated[bool, typer.Option("--brief", help="Leave out the help of each setting.")] = False,
    ) -> None:
        """Show every setting, its value and where it comes from. Secrets are masked.

        Ends with 1 when a setting is wrong, and says what is.
        """
        if example:
            typer.echo(render_env_example(), nl=False)
            return
        env_file = console_of(context).env_file
        group = ""
        for entry in list_settings(env_file):
            if entry.group != group:
                typer.echo(typer.style(entry.group, bold=True))
                group = entry.group
            value = entry.shown or typer.style("not set", dim=True)
            typer.echo(f"  {entry.variable} = {value}  ({entry.source})")
            if not brief:
                for line in textwrap.wrap(entry.help, width=90):
                    typer.echo(typer.style(f"      {line}", dim=True))
        load_settings(env_file)
