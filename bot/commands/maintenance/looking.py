"""`keydesk maintenance list` and `show`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bot.commands.console import console_of, operator
from bot.commands.incident.looking import HEADINGS, incident_row, show_incident
from bot.commands.incident.options import OnPage
from bot.commands.tables import AsJson, Cell, print_list
from desk.incidents.listing import list_current
from desk.pages.pages import get_page_by_word
from desk.transaction import Transaction


def register(family: typer.Typer) -> None:
    """Add the commands."""

    @family.command("list")
    def list_(context: typer.Context, page: OnPage = None, as_json: AsJson = False) -> None:
        """List what goes on and what is planned."""

        def work(tx: Transaction) -> list[Sequence[Cell]]:
            page_id = get_page_by_word(tx.session, page).id if page else None
            listed = [one for one in list_current(tx) if one.incident.scheduled_for is not None]
            return [incident_row(tx, one) for one in listed if page_id in (None, one.incident.page_id)]

        with console_of(context).desk() as desk:
            rows = desk.read_now(operator(), work)
        print_list(HEADINGS, rows, nothing="No maintenance is planned, and none is in progress.", as_json=as_json)

    @family.command()
    def show(
        context: typer.Context,
        maintenance: Annotated[str, typer.Argument(help="A maintenance, by its name, id or link.")],
        as_json: AsJson = False,
    ) -> None:
        """Show everything about a maintenance."""
        show_incident(context, maintenance, as_json=as_json)
