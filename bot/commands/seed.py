"""`keydesk seed`: pages and components from a file."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import LONG_SECONDS, console_of, operator, say
from desk.errors import KeydeskError
from desk.seeds import plant_seed, read_seed


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def seed(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="A YAML file with the organization, its pages and components.")],
    ) -> None:
        """Make the organization, pages and components that a file describes.

        Can be repeated: what is there is brought up to date, and nothing is removed.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise KeydeskError(f"The file {file} cannot be read: {reason}.") from error
        wanted = read_seed(text, str(file))
        with console_of(context).desk(organization_id=wanted.organization_id, seconds=LONG_SECONDS) as desk:
            planted = desk.write_now(operator(), partial(plant_seed, seed=wanted))
        for thing in planted.made:
            say(f"made     {thing}")
        for thing in planted.changed:
            say(f"changed  {thing}")
        say(f"{len(planted.made)} made, {len(planted.changed)} changed, {planted.left} as they were.")
