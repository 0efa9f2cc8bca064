"""`keydesk config`: every setting, its value and where that comes from."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from bot.commands.console import Console, console_of, operator
from bot.database import database_address
from bot.settings import list_settings, load_settings, render_env_example
from desk.errors import KeydeskError
from desk.upstreams.troubles import list_expiring
from storage.database import AWAY

_PATIENCE = 2.0
"""Seconds: the settings are shown whatever the database does."""


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
        for warning in _list_warnings(console_of(context)):
            typer.echo(typer.style(f"{warning[0].upper()}{warning[1:]}.", fg="yellow"))


def _list_warnings(console: Console) -> Sequence[str]:
    """Of keys that a Statuspage elsewhere knows Keydesk by, where there is a database that knows of one."""
    address = make_url(database_address(console.settings()))
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        return []
    try:
        with console.desk(seconds=_PATIENCE) as desk:
            return [one.in_words for one in desk.read_now(operator(), list_expiring)]
    except (KeydeskError, *AWAY):
        # What is wrong with the database is said elsewhere.
        return []
