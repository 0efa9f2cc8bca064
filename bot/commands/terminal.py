"""What somebody types at a terminal or hands in: texts for everybody to read, and whether they are sure."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from sqlalchemy.exc import OperationalError

from bot.commands.console import complain
from desk.errors import InvalidInputError, KeydeskError
from desk.masking import mask
from storage.deadline import TooLateError

Body = Annotated[
    str | None,
    typer.Option(help="What everybody reads, in Markdown; '-' reads standard input. Without it, $EDITOR is opened."),
]
BodyFile = Annotated[Path | None, typer.Option(help="A file with what everybody reads.")]
_MOST_BYTES = 8 << 20
_MARK = "<!-- keydesk: "


def has_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Whether they say yes; no is what a mere Enter says."""
    return typer.confirm(question, err=True)


def read_text(body: str | None, body_file: Path | None, *, left_empty: str = "", text: str = "") -> str:
    """What is said, from wherever it is to come. `left_empty` says what is published where it is empty, and `text` is
    what stands there already. Raises InvalidInputError for a file that cannot be read."""
    if body is not None and body_file is not None:
        raise InvalidInputError("Both --body and --body-file say what to publish.", "Give one of them.")
    if body == "-":
        return _checked(read_at_most(sys.stdin.buffer), "Standard input")
    if body is not None:
        return body
    if body_file is not None:
        try:
            with body_file.open("rb") as opened:
                return _checked(read_at_most(opened), f"The file {body_file}")
        except OSError as error:
            raise InvalidInputError(
                f"The file {body_file} cannot be read: {error.strerror}.",
                "Name one with the words, or type --body - for what is piped in.",
            ) from error
    return _edit(text, left_empty) if has_terminal() and _editor() else text


def read_at_most(stream: BinaryIO) -> bytes:
    """What somebody hands in. Raises InvalidInputError where it is more than anybody writes: a device has no end."""
    read = stream.read(_MOST_BYTES + 1)
    if len(read) > _MOST_BYTES:
        raise InvalidInputError(f"That is more than {_MOST_BYTES >> 20} MB.", "Is it what you meant to hand in?")
    return read


@contextmanager
def kept_when_refused(text: str) -> Iterator[None]:
    """Whoever is refused finds again what they wrote: it is in a file of theirs, without what looks like a secret."""
    try:
        yield
    except (KeydeskError, TooLateError, OperationalError):
        _keep(text)
        raise


def require_sure(question: str, *, yes: bool, done: str) -> None:
    """Go on only for whoever is sure; `done` says what is left undone. Raises typer.Exit, or Abort after a no."""
    if yes:
        return
    if not has_terminal():
        complain(f"{done} There is no terminal to ask at: add --yes to do it without a question.")
        raise typer.Exit(1)
    if not ask(question):
        complain(done)
        raise typer.Exit(1)


def _keep(text: str) -> None:
    if not text.strip():
        return
    try:
        handle, path = tempfile.mkstemp(prefix="keydesk-", suffix=".md")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(mask(text))
    except OSError:
        # Where no file can be written, the terminal still shows it.
        complain(f"You wrote:\n{text}")
        return
    complain(f"What you wrote is in {path}: give it with --body-file.")


def _checked(read: bytes, where: str) -> str:
    try:
        return read.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{where} is not UTF-8 text.", "Save it as UTF-8, and try again.") from error


def _editor() -> str:
    return os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""


def _edit(text: str, left_empty: str) -> str:
    empty = f" Left empty: “{left_empty}”" if left_empty else ""
    hint = f"{_MARK}everybody reads what stands above this line.{empty} -->"
    handle, name = tempfile.mkstemp(prefix="keydesk-", suffix=".md")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"{text}\n\n{hint}\n")
    try:
        # Whose editor it is chose it; no shell reads its name.
        ended = subprocess.call([*shlex.split(_editor()), name])  # noqa: S603
        written = Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"The editor “{_editor()}” did not work: {error}.", "Use --body.") from error
    if ended:
        raise InvalidInputError(f"The editor ended with {ended}, so nothing was done.", f"Your words are in {name}.")
    Path(name).unlink()
    return written.partition(_MARK)[0].strip()
