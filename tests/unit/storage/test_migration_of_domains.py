"""What the migration makes of pages that have one domain."""

from datetime import timedelta

from sqlalchemy import select

from storage import schema
from storage.database import Database
from storage.models import Page
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision


def test_the_oldest_page_keeps_a_domain_that_several_have(empty_database_url: str) -> None:
    """However it is written; the others have none, and a page without one stays as it is."""
    domains = ("Status.ACME.example", "status.acme.example", "status.beta.example.", None)
    with at_revision(empty_database_url, "0010") as connection:
        for number, domain in enumerate(domains):
            made = {"organization_id": ORGANIZATION, "created_at": LONG_AGO + timedelta(days=number)}
            add_row(connection, "page", id=f"page{number}", domain=domain, **made)
    database = Database.from_url(empty_database_url).of(ORGANIZATION)
    schema.upgrade(database.engine)
    with database.read() as session:
        found = session.scalars(select(Page.domain).order_by(Page.created_at)).all()
    database.close()
    assert found == ["status.acme.example", None, "status.beta.example", None]
