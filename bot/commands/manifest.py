"""`keydesk manifest`: the Slack app's manifest, to be given to Slack."""

from typing import Annotated

import typer

from bot.commands.console import console_of, say


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def manifest(
        context: typer.Context,
        http: Annotated[
            bool,
            typer.Option(
                "--http/--socket",
                help="Slack calls Keydesk at KEYDESK_BASE_URL, or Keydesk opens a socket to Slack (Socket Mode).",
            ),
        ] = False,
    ) -> None:
        """Print the manifest of the Slack app, with the name and the command prefix that are set."""
        # Loaded here, so that other commands start without Slack's libraries.
        from bot.manifest import render_manifest

        say(render_manifest(console_of(context).settings(), over_http=http).removesuffix("\n"))
