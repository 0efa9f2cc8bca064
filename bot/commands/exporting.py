"""`keydesk export`: everything that pages have, in Statuspage's shapes, as files."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from bot.commands.console import LONG_SECONDS, complain, console_of, operator, say
from desk.errors import ConflictError, InvalidInputError
from desk.transaction import Transaction

Open = Callable[[str], IO[bytes]]
"""Opens a new file below the target."""


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def export(
        context: typer.Context,
        target: Annotated[
            Path, typer.Argument(help="A folder that is not there yet, or a file that ends with .zip.")
        ],
    ) -> None:
        """Write pages with components, groups, templates, incidents and postmortems into JSON files, in the shapes of
        Statuspage's API: what it would answer at this moment. Whoever runs this can read them, and nobody else.
        """
        # Loaded here, so that other commands start without the API.
        from handlers.http.v1.exporting import list_documents

        with _opened(target) as open_, console_of(context).desk(seconds=LONG_SECONDS) as desk:

            def work(tx: Transaction) -> int:
                return sum(_write(open_, path, pieces) for path, pieces in list_documents(tx))

            count = desk.read_now(operator(), work)
        say(f"{count} files are in {target}.")
        complain("Not in it: keys, whose values nobody has, people, and pages that Statuspage keeps.")


def _write(open_: Open, path: str, pieces: Iterable[bytes]) -> int:
    with open_(path) as file:
        for piece in pieces:
            file.write(piece)
    return 1


@contextmanager
def _opened(target: Path) -> Iterator[Open]:
    """What is written is there once it is whole, and not at all where it was not."""
    if target.exists() or target.is_symlink():
        raise ConflictError(f"{target} is there already.", "Name another place: nothing is written over.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.suffix == ".zip":
            with _new(unfinished) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield lambda path: archive.open(_member(path), "w", force_zip64=True)
        else:
            unfinished.mkdir(mode=0o700)
            yield lambda path: _new_below(unfinished, path)
        unfinished.rename(target)
    except OSError as error:
        raise InvalidInputError(
            f"{target} cannot be written: {error.strerror}.", "Name a place in a folder that is there and yours."
        ) from error
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)


def _member(path: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path)
    member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return member


def _new_below(folder: Path, path: str) -> IO[bytes]:
    place = folder / path
    for parent in reversed(place.relative_to(folder).parents[:-1]):
        (folder / parent).mkdir(mode=0o700, exist_ok=True)
    return _new(place)


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
