"""`keydesk run`: the bot itself."""

from typing import Annotated

import typer

from bot.commands.console import console_of


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def run(
        context: typer.Context,
        host: Annotated[str | None, typer.Option(help="Address to listen on, instead of KEYDESK_HOST.")] = None,
        port: Annotated[
            int | None, typer.Option(min=0, max=65535, help="Port to listen on, instead of KEYDESK_PORT.")
        ] = None,
    ) -> None:
        """Answer Slack and API clients until stopped (SIGTERM, Ctrl+C).

        With SLACK_APP_TOKEN Keydesk opens a socket to Slack; without it, Slack calls BASE_URL/slack/events. The
        database is brought up to date at the start.
        """
        # Loaded here, so that other commands start without Slack's libraries.
        from bot.serve import serve

        settings = console_of(context).settings()
        given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
        serve(settings.model_copy(update=given))
