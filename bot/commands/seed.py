"""`keydesk seed`: pages and components from a file."""

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import LONG_SECONDS, console_of, operator, say
from bot.commands.terminal import read_at_most
from desk.configuration.pruning import Pruned, prune_seed
from desk.errors import KeydeskError
from desk.seeds import Seed, plant_seed, read_seed
from desk.transaction import Desk, Transaction

_DONE, _TO_DO = ("made", "changed", "restored", "retired"), ("make", "change", "restore", "retire")


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
        restore: Annotated[
            bool, typer.Option("--restore", help="Bring back what the file names and was retired.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do what --prune otherwise only shows.")] = False,
    ) -> None:
        """Make the organization, pages and components that a file describes.

        Can be repeated: what is there is brought up to date, nothing is removed, and what was retired stays so unless
        --restore brings it back. With --prune, components and groups that the file does not name are retired, all or
        nothing. Pages stay, and so do the components of a page of which the file names none.
        """
        wanted = _read(file)
        with console_of(context).desk(organization_id=wanted.organization_id, seconds=LONG_SECONDS) as desk:
            done = _carry_out(desk, wanted, prune=prune, restores=restore, yes=yes)
        _print(done, is_done=yes or not prune)
        if prune and not yes:
            say("Nothing was changed. Type it again with --yes to do it.")


def _read(file: Path) -> Seed:
    try:
        with file.open("rb") as opened:
            text = read_at_most(opened).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise KeydeskError(
            f"The file {file} cannot be read: {reason}.", "Name a seed file in YAML: 'keydesk seed -h' says more."
        ) from error
    return read_seed(text, str(file))


def _carry_out(desk: Desk, seed: Seed, *, prune: bool, restores: bool, yes: bool) -> Pruned:
    def work(tx: Transaction) -> Pruned:
        if prune:
            done = prune_seed(tx, seed, restores=restores)
        else:
            done = Pruned(plant_seed(tx, seed, restores=restores), [], [])
        if prune and not yes:
            raise _RehearsalError(done)
        return done

    try:
        return desk.write_now(operator(), work)
    except _RehearsalError as rehearsal:
        return rehearsal.seen


def _print(done: Pruned, *, is_done: bool) -> None:
    planted = done.planted
    things = (planted.made, planted.changed, planted.restored, done.retired)
    for word, those in zip(_DONE if is_done else _TO_DO, things, strict=True):
        for thing in those:
            say(f"{word.ljust(9)}{thing}")
    for thing in planted.retired:
        say(f"left     {thing}, which was retired: --restore brings it back")
    for page in done.other_pages:
        say(f"left     page {page}, which the file does not name")
    more = "".join(
        f"{len(those)} {word}, "
        for those, word in ((planted.restored, "restored"), (done.retired, "retired"))
        if those
    )
    counted = f"{len(planted.made)} made, {len(planted.changed)} changed, {more}{planted.left} as they were"
    say(f"{counted}." if is_done else f"It would be: {counted}.")
