"""`keydesk audit`: the audit trail, proved and exported."""

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bot.commands.console import LONG_SECONDS, complain, console_of, operator, say
from desk.audit.chain import Extract, Head, export_csv, export_json_lines, verify
from desk.errors import InvalidInputError
from desk.transaction import Transaction


class ExportFormat(StrEnum):
    """How an export looks."""

    JSONL = "jsonl"
    CSV = "csv"


Since = Annotated[datetime | None, typer.Option(help="From this UTC date or time on.")]
Until = Annotated[datetime | None, typer.Option(help="Up to, but not with, this UTC date or time.")]


def register(cli: typer.Typer) -> None:
    """Add the family."""
    family = typer.Typer(help="Prove that the audit trail is whole, or export it.", no_args_is_help=True)
    cli.add_typer(family, name="audit")

    @family.command("verify")
    def verify_(
        context: typer.Context,
        noted: Annotated[
            str | None,
            typer.Option(help="A head noted down earlier, as 'number:hash'; the trail must still run through it."),
        ] = None,
    ) -> None:
        """Read the whole trail and report every event that was edited, removed, added or moved.

        Ends with 1 when something was. Note the head that it prints somewhere else: whoever could rewrite the whole
        trail in the database could not change your note.
        """
        head = parse_head(noted) if noted else None
        with console_of(context).desk(seconds=LONG_SECONDS) as desk:
            verdict = desk.read_now(operator(), partial(verify, noted=head))
        for problem in verdict.problems:
            complain(f"Event {problem.seq}: {problem.what}")
        if not verdict.is_intact:
            complain("The audit trail is broken.")
            raise typer.Exit(1)
        say(f"The audit trail is whole: {verdict.events} events.")
        say(f"head {verdict.head.seq}:{verdict.head.hash}")

    @family.command()
    def export(
        context: typer.Context,
        form: Annotated[
            ExportFormat, typer.Option("--format", help="jsonl holds all that the hashes cover; csv is for reading.")
        ] = ExportFormat.JSONL,
        output: Annotated[Path | None, typer.Option(help="File to write; without it, standard output.")] = None,
        since: Since = None,
        until: Until = None,
        action: Annotated[str | None, typer.Option(help="Only this action, like key.revoked.")] = None,
        subject: Annotated[str | None, typer.Option(help="Only events of the thing with this id.")] = None,
    ) -> None:
        """Write the audit trail as JSON Lines or CSV, oldest event first."""
        extract = Extract(since=_utc(since), until=_utc(until), action=action, subject_id=subject)
        lines = export_csv if form is ExportFormat.CSV else export_json_lines

        def work(tx: Transaction, stream: TextIO) -> None:
            stream.writelines(lines(tx, extract))

        with console_of(context).desk(seconds=LONG_SECONDS) as desk:
            if output is None:
                desk.read_now(operator(), partial(work, stream=sys.stdout))
                return
            with open(output, "w", encoding="utf-8", newline="", opener=_for_owner) as stream:
                desk.read_now(operator(), partial(work, stream=stream))


def _for_owner(path: str, flags: int) -> int:
    # What was done, by whom and why, is not for everybody on the machine.
    return os.open(path, flags, 0o600)


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given is not None and given.tzinfo is None else given


def parse_head(noted: str) -> Head:
    """A head as `verify` prints it. Raises InvalidInputError."""
    number, _, digest = noted.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise InvalidInputError(
            f"“{noted}” is not a head.", "Give the words after 'head' that an earlier 'keydesk audit verify' printed."
        )
    return Head(int(number), digest)
