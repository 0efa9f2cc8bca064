"""`keydesk demo`: the whole of Keydesk on this machine, without an account or a token."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import complain, say


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def demo(
        folder: Annotated[
            Path | None, typer.Option(help="Keep the database here; without it, everything goes when the demo ends.")
        ] = None,
        sandbox_port: Annotated[
            int | None,
            typer.Option(
                min=0, max=65535, help="Port of the local Slack workspace; 3100, or a free one where that is taken."
            ),
        ] = None,
        port: Annotated[
            int | None,
            typer.Option(
                min=0, max=65535, help="Port of Keydesk's own API; 3000, or a free one where that is taken."
            ),
        ] = None,
        gateway: Annotated[
            bool,
            typer.Option(
                "--gateway",
                help="Stand in front of a Statuspage, which a second Keydesk plays, and show what passes.",
            ),
        ] = False,
        tour: Annotated[
            bool,
            typer.Option(
                "--tour", help="Play the story by itself, print each step, and end with 0 only if all worked."
            ),
        ] = False,
        browser: Annotated[bool, typer.Option(help="Open the workspace in a browser, where there is one.")] = True,
        log_level: Annotated[str, typer.Option(help="The least important log lines to show.")] = "warning",
    ) -> None:
        """Try Keydesk: a local Slack workspace, the real bot and a status page. Needs no account and no token."""
        say("Starting Keydesk, with a Slack workspace of its own …\n")
        # Loaded here, so that other commands start without Slack's libraries and the sandbox.
        from bot.demo import DemoOptions, StepFailedError, run_demo

        options = DemoOptions(
            folder=folder,
            sandbox_port=sandbox_port,
            port=port,
            gateway=gateway,
            tour=tour,
            browser=browser,
            log_level=log_level,
        )
        try:
            run_demo(options, say)
        except StepFailedError as failure:
            complain(f"The tour ends here: {failure}")
            raise typer.Exit(1) from None
        if tour:
            say("Every step was seen to work.")
