"""What the migration makes of the components that are there."""

from sqlalchemy import select

from storage import schema
from storage.database import Database
from storage.models import Component, Page
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import add_row, at_revision


def test_components_stay_on_their_page(empty_database_url: str) -> None:
    """Nothing is retired, nobody has changed anything yet, and incidents are reminded of as before."""
    own = {"organization_id": ORGANIZATION}
    with at_revision(empty_database_url, "0013") as connection:
        add_row(connection, "page", id="acmepage0001", subdomain="acme", **own)
        add_row(connection, "component", id="website00001", page_id="acmepage0001", name="Website", **own)
    database = Database.from_url(empty_database_url).of(ORGANIZATION)
    schema.upgrade(database.engine)
    with database.read() as session:
        row, page = session.scalars(select(Component)).one(), session.scalars(select(Page)).one()
    assert (row.name, row.retired_at, row.version) == ("Website", None, 1)
    assert (page.reminder_intervals, page.version) == (None, 1)
    database.close()
