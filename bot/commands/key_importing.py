"""`keydesk keys import`: keys that people hold already go on working, from a file."""

import asyncio
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import LONG_SECONDS, Console, complain, console_of, operator
from bot.commands.tables import AsJson, Cell, Day, print_list
from bot.settings import Settings
from desk.errors import InvalidInputError, KeydeskError
from desk.keys.rules import state_of
from desk.pages.pages import page_names
from desk.people import member_name
from desk.requests.held_keys import HeldKey
from desk.requests.import_files import read_held_keys
from desk.requests.importing import CheckedKey, import_keys, list_imported
from desk.transaction import Desk, Transaction

_HEADINGS = ("line", "id", "name", "begins", "answers", "scopes", "pages", "expires")
_CHECKED = ("line", "id", "name", "state", "first used", "last used", "reads", "writes", "refused")
_LARGEST = 8 * 1024 * 1024
_MOST_SAID = 50

File = Annotated[
    str | None,
    typer.Argument(help="CSV with a line of headings, or JSON Lines; - for standard input.", metavar="FILE"),
]


def register(family: typer.Typer) -> None:
    """Add the command."""

    @family.command("import")
    def import_(
        context: typer.Context,
        file: File = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")] = False,
        verify: Annotated[
            bool, typer.Option("--verify", help="Change nothing, and tell which imported keys were ever used.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Let keys that people hold already work here too: all of a file, or none. Their values are kept as digests.

        Columns are key, and email or name; and, where they are wanted, purpose, scopes (without any it reads; 'all'
        is what a key of Statuspage may), pages (without any, all), from (addresses), expires and holder. Owners are
        told in Slack, and whoever answers for one from now on.
        """
        console = console_of(context)
        if verify:
            rows = _read(file) if file else None
            with console.desk() as desk:
                _say_checked(desk, rows, as_json=as_json)
            return
        if file is None:
            raise InvalidInputError(
                "Which file?", "Write: keydesk keys import FILE. With --verify, it may be left out."
            )
        rows = _read(file)
        with console.desk(seconds=LONG_SECONDS) as desk:
            people = _find_people(console, desk, rows)
            _import(desk, rows, people, dry_run=dry_run, as_json=as_json)
        if not dry_run and file != "-":
            complain(
                f"{file} still holds the values: delete it. Delete the keys at Statuspage too, where they work on."
            )


def _read(file: str) -> Sequence[HeldKey]:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(file).open("rb") as opened:
                if os.fstat(opened.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
                    complain(f"Others on this machine can read {file}, which holds keys: chmod 600 {file}")
                raw = opened.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}.",
            "Name the file with the keys, or - for what is piped in.",
        ) from None
    if len(raw) > _LARGEST:
        raise InvalidInputError("The file is larger than any that holds keys.", "Import it in parts.")
    try:
        return read_held_keys(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidInputError("The file is not in UTF-8.", "Save it so, and try again.") from None
    except InvalidInputError as error:
        raise _all_of(error) from None


def _all_of(error: InvalidInputError) -> InvalidInputError:
    """All that is wrong is said; the last as the refusal."""
    *others, last = error.together[:_MOST_SAID]
    for one in others:
        complain(str(one))
    if len(error.together) > _MOST_SAID:
        complain(f"… and {len(error.together) - _MOST_SAID} more.")
    return last


def _find_people(console: Console, desk: Desk, rows: Sequence[HeldKey]) -> Mapping[str, str]:
    addresses = [row.email for row in rows if row.email and not row.holder]
    settings = console.settings()
    if not settings.match_emails or not addresses:
        return {}
    if settings.slack_bot_token is None:
        raise KeydeskError(
            "KEYDESK_MATCH_EMAILS is true, and there is no SLACK_BOT_TOKEN to ask Slack with.",
            "Set SLACK_BOT_TOKEN, or name holders by their Slack ids in the file.",
        )
    return asyncio.run(_ask_slack(settings, desk, addresses))


async def _ask_slack(settings: Settings, desk: Desk, addresses: Sequence[str]) -> Mapping[str, str]:
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.slack_link import make_client, make_session
    from handlers.slack.directory.emails import find_people

    async with make_session() as session:
        return await find_people(make_client(settings, session), desk, addresses)


class _OnlyTriedError(Exception):
    """Ends a transaction of which nothing is kept."""


def _import(desk: Desk, rows: Sequence[HeldKey], people: Mapping[str, str], *, dry_run: bool, as_json: bool) -> None:
    shown: list[tuple[Cell, ...]] = []
    notes: list[str] = []

    def work(tx: Transaction) -> None:
        done = import_keys(tx, rows, people)
        for one in done:
            key = one.key
            holder = member_name(tx.session, key.holder_id) if key.holder_id else "owners"
            pages = page_names(tx.session, key.pages)
            identity = "" if dry_run else key.id
            shown.append((one.line, identity, key.name, key.start, holder, key.scopes, pages, Day(key.expires_at)))
        notes.extend(f"Line {one.line}: {one.why_nobody}, so owners answer." for one in done if one.why_nobody)
        reading = sum(one.only_reads for one in done)
        if reading:
            notes.append(f"{reading} may only read, as nothing was said of their scopes.")
        if dry_run:
            raise _OnlyTriedError

    try:
        with suppress(_OnlyTriedError):
            desk.write_now(operator(), work)
    except InvalidInputError as error:
        raise _all_of(error) from None
    print_list(_HEADINGS, shown, nothing="", as_json=as_json)
    for note in notes:
        complain(note)
    complain(f"{len(shown)} would be imported. Nothing was changed." if dry_run else f"{len(shown)} imported.")


def _say_checked(desk: Desk, rows: Sequence[HeldKey] | None, *, as_json: bool) -> None:
    def work(tx: Transaction) -> tuple[int, int, list[tuple[Cell, ...]]]:
        checked = list_imported(tx, rows)
        there = [one for one in checked if one.key is not None]
        used = [one for one in there if one.use is not None and one.use.last_used_at is not None]
        return len(used), len(there), [_checked(tx, one) for one in checked]

    try:
        used, there, cells = desk.read_now(operator(), work)
    except InvalidInputError as error:
        raise _all_of(error) from None
    print_list(_CHECKED, cells, nothing="No key was imported.", as_json=as_json)
    if cells:
        complain(f"{used} of {there} were used since they were imported.")


def _checked(tx: Transaction, one: CheckedKey) -> tuple[Cell, ...]:
    if one.key is None:
        return (one.line, "", "", "not imported", Day(None), Day(None), 0, 0, 0)
    use, state = one.use, str(state_of(one.key, tx.now))
    if use is None:
        return (one.line, one.key.id, one.key.name, state, Day(None), Day(None), 0, 0, 0)
    days = Day(use.first_used_at), Day(use.last_used_at)
    return (one.line, one.key.id, one.key.name, state, *days, use.reads, use.writes, use.refused)
