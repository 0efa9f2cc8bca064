"""`keydesk backup` and `keydesk restore`: everything in one file, and back."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from bot.backups import copy_database, opened_backup, refuse_file, take_place, write_backup
from bot.commands.audit import parse_head
from bot.commands.console import complain, console_of, operator, say
from bot.commands.progress import Progress
from bot.commands.terminal import ask, has_terminal
from bot.database import database_address, make_desk, open_address, open_database, require_schema, upgrade_schema
from bot.settings import Settings
from desk.audit.chain import Head, Verdict, verify
from desk.errors import KeydeskError
from desk.restoring import Revived, Standing, begin_restored, compare_standings, end_again, read_standing
from desk.transaction import Desk, Transaction
from storage.database import Database
from storage.sqlite_file import find_file


def register(cli: typer.Typer) -> None:
    """Add both commands."""

    @cli.command()
    def backup(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="A file that is not there yet. Only its owner can read it.")],
    ) -> None:
        """Write everything into one file, as it is at this moment, while Keydesk runs.

        Note the head of the audit trail that it prints somewhere else: it proves later that the backup is whole.
        """
        console = console_of(context)
        settings = console.settings()
        refuse_file(file)
        with console.database(settings) as database:
            require_schema(database)
            with Progress("copied") as progress:
                write_backup(database, file, progress)
        with opened_backup(file, file.parent) as (written, _):
            verdict = require_whole(make_desk(settings, written))
        say(f"{file} has everything: {file.stat().st_size:,} bytes, {verdict.events:,} audit events.")
        say(f"head {verdict.head.seq}:{verdict.head.hash}")

    @cli.command()
    def restore(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="What 'keydesk backup' wrote.")],
        noted: Annotated[
            str | None, typer.Option(help="The head that was printed then, as 'number:hash': the file must have it.")
        ] = None,
        instead_of: Annotated[
            str | None,
            typer.Option(
                help="The address of the database whose place it takes, if not where the settings say. Its password "
                "is better left to PGPASSWORD or ~/.pgpass."
            ),
        ] = None,
        bring_back: Annotated[
            bool, typer.Option("--bring-back", help="Let keys and roles work again that have ended since.")
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Put a backup in the place of the database. Stop Keydesk first.

        Keys and roles that have ended since the backup was made end again. What waited to be sent is held back. An
        SQLite database that was there is kept beside the new one; one on PostgreSQL must be empty.
        """
        settings = console_of(context).settings()
        with _folder_for(settings) as folder, opened_backup(file, folder) as (database, copy):
            desk = make_desk(settings, database)
            head = require_whole(desk, noted).head
            replaced = _read_replaced(settings, instead_of)
            revived = _compare(desk, replaced)
            _tell(revived, names=desk.read_now(operator(), read_standing).names, bring_back=bring_back)
            if dry_run:
                return
            if not yes and not (has_terminal() and ask("Put the backup in the database's place?")):
                raise KeydeskError("Nothing was changed.", "Add --yes where nobody can be asked.")
            left = desk.write_now(
                operator(),
                partial(_apply, backup=head, replaced=replaced, revived=None if bring_back else revived),
            )
            for sentence in left:
                complain(f"A role could not be ended again: {sentence}")
            _put(settings, database, copy)


def _find_file(settings: Settings) -> Path | None:
    """Where the database is, when it is SQLite's."""
    return find_file(make_url(database_address(settings)))


@contextmanager
def _folder_for(settings: Settings) -> Iterator[Path]:
    """Where the backup is prepared: beside the database, so that it takes its place in one step."""
    file = _find_file(settings)
    if file is not None:
        if not file.parent.is_dir():
            raise KeydeskError(f"There is no folder {file.parent}.", "Make it, or correct KEYDESK_DATA_FOLDER.")
        yield file.parent
        return
    with tempfile.TemporaryDirectory(prefix="keydesk-restore-") as folder:
        yield Path(folder)


def require_whole(desk: Desk, noted: str | None = None) -> Verdict:
    """What the audit trail's verification found. Raises KeydeskError where it is broken, or does not run through what
    was noted."""
    verdict = desk.read_now(operator(), partial(verify, noted=parse_head(noted) if noted else None))
    if not verdict.is_intact:
        for problem in verdict.problems:
            complain(f"Event {problem.seq}: {problem.what}")
        raise KeydeskError("The audit trail in it is broken.", "Take another backup, if there is one.")
    return verdict


def _read_replaced(settings: Settings, instead_of: str | None) -> Standing | None:
    """What works in the database that is replaced; None where there is none, or it cannot be read."""
    if instead_of is not None:
        return _read_standing(settings, open_address(instead_of))
    file = _find_file(settings)
    if file is None or not file.exists() or not file.stat().st_size:
        return None
    try:
        return _read_standing(settings, open_database(settings))
    except (DatabaseError, KeydeskError) as error:
        complain(f"The database that is there cannot be read: {getattr(error, 'orig', error)}")
        return None


def _read_standing(settings: Settings, database: Database) -> Standing:
    try:
        require_schema(database)
        return make_desk(settings, database).read_now(operator(), read_standing)
    finally:
        database.close()


def _compare(desk: Desk, replaced: Standing | None) -> Revived | None:
    backup = desk.read_now(operator(), read_standing)
    return None if replaced is None else compare_standings(backup, replaced)


def _tell(revived: Revived | None, *, names: Mapping[str, str], bring_back: bool) -> None:
    if revived is None:
        say("There is no database to compare with: whatever has ended since the backup was made works again.")
        say(f"Look through the {len(names):,} keys that work in it: 'keydesk keys list'.")
        return
    what = "works again" if bring_back else "ends again"
    stays = "works again" if bring_back else "is suspended again"
    for key_id in revived.keys:
        say(f"key “{names[key_id]}” ({key_id}) has ended since: it {what}")
    for key_id in revived.suspended:
        say(f"key “{names[key_id]}” ({key_id}) was suspended since: it {stays}")
    for words in revived.grants.values():
        say(f"role {words} was taken away since: it {what}")
    for name in revived.unknown:
        say(f"key “{name}” was made since: it stops working")
    if not (revived.keys or revived.suspended or revived.grants or revived.unknown):
        say("Keys and roles are the same in both.")


def _apply(tx: Transaction, *, backup: Head, replaced: Standing | None, revived: Revived | None) -> Sequence[str]:
    held = begin_restored(tx, backup, None if replaced is None else replaced.head)
    if held:
        say(f"{held:,} messages waited to be sent, and may have gone out since: see 'keydesk deliveries list'.")
    return end_again(tx, revived) if revived is not None else ()


def _put(settings: Settings, backup: Database, copy: Path) -> None:
    file = _find_file(settings)
    if file is not None:
        backup.close()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        old = take_place(copy, file, f"{file.name}.replaced-{stamp}")
        say(f"The backup is in place at {file}." + (f" The old database is kept at {old}." if old else ""))
        return
    target = open_database(settings)
    try:
        upgrade_schema(target)
        with Progress("restored") as progress:
            count = copy_database(backup, target, progress)
    finally:
        target.close()
    say(f"The backup is in place: {count:,} rows.")
