"""The command line: each command reads its arguments, calls the desk and prints the answer."""

import io
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from bot.commands import (
    audit,
    backups,
    components,
    config,
    db,
    deliveries,
    demo,
    digest,
    doctor,
    drafts,
    exporting,
    incident,
    info,
    keys,
    maintenance,
    manifest,
    moving,
    pages,
    people,
    requests,
    roles,
    run,
    seed,
    templates,
    upstream,
)
from bot.commands.console import Console, KeydeskGroup, say, tell_uncaught
from bot.settings import ENV_FILE
from desk.errors import KeydeskError

_HELP = (
    "The Slack front desk of a status page: incidents and maintenances, API keys by request and approval, and roles."
    "\n\nSettings come from the environment and from .env; 'keydesk config' lists them. To try Keydesk without a "
    "Slack account, type 'keydesk demo'."
)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"keydesk {version_of('keydesk')}")
        raise typer.Exit


def create_cli() -> typer.Typer:
    """The command `keydesk` with all its families."""
    cli = typer.Typer(
        name="keydesk",
        help=_HELP,
        cls=KeydeskGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Paragraphs are filled to the width of the terminal, instead of keeping the lines of the source.
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @cli.callback()
    def keydesk(
        context: typer.Context,
        env_file: Annotated[
            Path, typer.Option(help="File with settings; variables of the environment come before it.")
        ] = ENV_FILE,
        version: Annotated[
            bool, typer.Option("--version", help="Print the release and exit.", is_eager=True, callback=_show_version)
        ] = False,
    ) -> None:
        if env_file != ENV_FILE and not env_file.is_file():
            raise KeydeskError(f"There is no file {env_file}.", "Name the file that holds the settings of Keydesk.")
        context.obj = Console(env_file)

    run.register(cli)
    demo.register(cli)
    doctor.register(cli)
    config.register(cli)
    manifest.register(cli)
    db.register(cli)
    backups.register(cli)
    seed.register(cli)
    pages.register(cli)
    components.register(cli)
    incident.register(cli)
    maintenance.register(cli)
    drafts.register(cli)
    templates.register(cli)
    requests.register(cli)
    keys.register(cli)
    roles.register(cli)
    people.register(cli)
    digest.register(cli)
    deliveries.register(cli)
    info.register(cli)
    audit.register(cli)
    upstream.register(cli)
    moving.register(cli)
    exporting.register(cli)
    return cli


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # What was done is done, also where the terminal cannot show every sign of the answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.excepthook = tell_uncaught
    create_cli()(prog_name="keydesk")
