"""`keydesk people`: everything that is kept of somebody, and how it goes; and people as one types them."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.console import LONG_SECONDS, complain, console_of, operator, say
from bot.commands.terminal import require_sure
from desk.directory.forgetting import forget_member, list_person_data
from desk.errors import ConflictError, InvalidInputError
from desk.people import get_subject, member_name, subject_word
from desk.transaction import Transaction
from storage.models import SubjectKind

_WHOM = "A Slack user id, or the name or handle of somebody."


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(help="See everything that is kept of a person, and forget who left.", no_args_is_help=True)
    cli.add_typer(family, name="people")
    _register_export(family)
    _register_forget(family)


def _register_export(family: typer.Typer) -> None:
    @family.command()
    def export(
        context: typer.Context,
        person: Annotated[str, typer.Argument(help=_WHOM)],
        target: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    ) -> None:
        """Write everything that names a person into a file, a JSON object a line: what they are called, roles,
        requests, keys without secrets, drafts, messages and audit events. Only you can read it.
        """
        with console_of(context).desk(seconds=LONG_SECONDS) as desk:

            def work(tx: Transaction) -> int:
                user_id = get_user_id(tx.session, person)
                return _write_lines(target, (dict(row) for row in list_person_data(tx, user_id)))

            count = desk.read_now(operator(), work)
        say(f"{count} rows are in {target}.")
        complain("What people wrote in Slack itself is Slack's to tell; backups hold what they held.")


def _write_lines(target: Path, rows: Iterable[dict[str, Any]]) -> int:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(f"{target} is there already.", "Name another place: nothing is written over.") from None
    except OSError as error:
        raise InvalidInputError(
            f"{target} cannot be written: {error.strerror}.", "Name a place in a folder that is there and yours."
        ) from error
    count = 0
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for row in rows:
                # Instants stand in their own form, as do the words of enumerations.
                file.write(json.dumps(row, default=str, ensure_ascii=False) + "\n")
                count += 1
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return count


def _register_forget(family: typer.Typer) -> None:
    @family.command()
    def forget(
        context: typer.Context,
        person: Annotated[str, typer.Argument(help=_WHOM)],
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    ) -> None:
        """Delete what somebody was called who left Slack. What they decided stays, under an id that leads nowhere."""
        with console_of(context).desk() as desk:
            user_id = desk.read_now(operator(), lambda tx: get_user_id(tx.session, person))
            name = desk.read_now(operator(), lambda tx: member_name(tx.session, user_id))
            require_sure(f"Forget {name} ({user_id})?", yes=yes, done="Nothing was deleted.")
            desk.write_now(operator(), lambda tx: forget_member(tx, user_id))
        say(f"{user_id} has no name here any more.")
        complain("Backups and exports that were made before have it still, and so has Slack.")


def get_user_id(session: Session, text: str) -> str:
    """The Slack id of the person that the text means. Raises InvalidInputError for nobody and for groups."""
    subject = get_subject(session, subject_word(text))
    if subject.kind != SubjectKind.USER:
        raise InvalidInputError(f"{subject.name} is a group.", "Name one person.")
    return subject.id
