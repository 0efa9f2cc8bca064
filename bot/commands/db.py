"""`keydesk db`: the schema of the database."""

import typer

from bot.commands.console import console_of, say
from bot.database import require_schema, upgrade_schema
from desk.errors import KeydeskError
from storage import schema


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
