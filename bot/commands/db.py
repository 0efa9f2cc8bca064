"""`keydesk db`: the schema of the database, and the way into another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bot.backups import copy_database
from bot.commands.backups import require_whole
from bot.commands.console import console_of, say
from bot.commands.progress import Progress
from bot.database import make_desk, open_address, require_schema, upgrade_schema
from bot.settings import GivenSettings
from desk.errors import KeydeskError
from storage import schema
from storage.database import Database


def register(cli: typer.Typer) -> None:
    """Add the family."""
    db = typer.Typer(help="Prepare the database, or check it.", no_args_is_help=True)
    cli.add_typer(db, name="db")

    @db.command()
    def upgrade(context: typer.Context) -> None:
        """Bring the database to the schema of this release. Safe to run at any time, from any replica."""
        console = console_of(context)
        with console.database(console.settings()) as database:
            before, now = upgrade_schema(database)
        if before == now:
            say(f"The database is up to date (schema {now}).")
        else:
            say(f"The database was brought from {before or 'nothing'} to schema {now}.")

    @db.command("copy")
    def copy_(
        source: Annotated[str, typer.Argument(help="The address of the database that is read.")],
        target: Annotated[str, typer.Argument(help="The address of an empty one, of either kind.")],
    ) -> None:
        """Copy everything into another database, and compare it there, row by row. Stop Keydesk first.

        A password is better left to PGPASSWORD or ~/.pgpass: what is typed here, others on the machine can see.
        """
        with _opened(source) as here, _opened(target) as there:
            require_schema(here)
            upgrade_schema(there)
            with Progress("copied and compared") as progress:
                count = copy_database(here, there, progress, quiet=True)
            head = require_whole(make_desk(GivenSettings(), there)).head
        say(f"{count:,} rows are there, each as it is here, and the audit trail is whole.")
        say(f"head {head.seq}:{head.hash}")

    @db.command()
    def check(context: typer.Context) -> None:
        """Compare the database with what this release needs. Changes nothing; ends with 1 when they differ."""
        console = console_of(context)
        with console.database(console.settings()) as database:
            require_schema(database)
            differences = schema.list_differences(database.engine)
        for difference in differences:
            say(difference)
        if differences:
            raise KeydeskError(
                f"The database is not what schema {schema.newest_revision()} says: {len(differences)} difference(s).",
                "Somebody or something has changed its tables by hand; restore them or a backup.",
            )
        say(f"The database is up to date (schema {schema.newest_revision()}).")


@contextmanager
def _opened(address: str) -> Iterator[Database]:
    database = open_address(address)
    try:
        yield database
    finally:
        database.close()
