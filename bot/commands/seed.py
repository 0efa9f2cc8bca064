"""`keydesk seed`: pages and components from a file."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import LONG_SECONDS, console_of, operator, say
from desk.configuration.pruning import Pruned, prune_seed
from desk.errors import KeydeskError
from desk.seeds import Seed, plant_seed, read_seed
from desk.transaction import Desk, Transaction

_DONE, _TO_DO = ("made", "changed", "retired"), ("make", "change", "retire")


class _RehearsalError(Exception):
    """Nothing of it is kept; it was only to be seen."""

    def __init__(self, seen: Pruned) -> None:
        self.seen = seen


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def seed(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="A YAML file with the organization, its pages and components.")],
        prune: Annotated[
            bool, typer.Option("--prune", help="Retire what its pages have and the file does not name.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do what --prune otherwise only shows.")] = False,
    ) -> None:
        """Make the organization, pages and components that a file describes.

        Can be repeated: what is there is brought up to date, and nothing is removed. With --prune, components and
        groups that the file does not name are retired, all or nothing. Pages stay, and so do the components of a
        page of which the file names none.
        """
        wanted = _read(file)
        with console_of(context).desk(organization_id=wanted.organization_id, seconds=LONG_SECONDS) as desk:
            done = _carry_out(desk, wanted, prune=prune, yes=yes)
        _print(done, is_done=yes or not prune)
        if prune and not yes:
            say("Nothing was changed. Type it again with --yes to do it.")


def _read(file: Path) -> Seed:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise KeydeskError(f"The file {file} cannot be read: {reason}.") from error
    return read_seed(text, str(file))


def _carry_out(desk: Desk, seed: Seed, *, prune: bool, yes: bool) -> Pruned:
    def work(tx: Transaction) -> Pruned:
        done = prune_seed(tx, seed) if prune else Pruned(plant_seed(tx, seed), [], [])
        if prune and not yes:
            raise _RehearsalError(done)
        return done

    try:
        return desk.write_now(operator(), work)
    except _RehearsalError as rehearsal:
        return rehearsal.seen


def _print(done: Pruned, *, is_done: bool) -> None:
    planted = done.planted
    for word, things in zip(_DONE if is_done else _TO_DO, (planted.made, planted.changed, done.retired), strict=True):
        for thing in things:
            say(f"{word.ljust(9)}{thing}")
    for page in done.other_pages:
        say(f"left     page {page}, which the file does not name")
    retired = f"{len(done.retired)} retired, " if done.retired else ""
    counted = f"{len(planted.made)} made, {len(planted.changed)} changed, {retired}{planted.left} as they were"
    say(f"{counted}." if is_done else f"It would be: {counted}.")
