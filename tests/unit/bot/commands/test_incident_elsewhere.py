"""`keydesk incident` on a page that a Statuspage elsewhere keeps: queued, shown, and tried again."""

import json
from datetime import datetime

import pytest
from sqlalchemy import select

from desk.transaction import Desk
from storage.models import Backend, Delivery, DeliveryStatus, Page, UpstreamChange
from tests.factories import add_component
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = ("incident", "new", "Checkout errors", "-c", "checkout=partial_outage", "--body", "We look.", "--yes")


@pytest.fixture
def far(seeded: Desk, now: datetime) -> Desk:
    """The page is kept elsewhere."""
    with seeded.database.write() as session:
        page = session.scalars(select(Page)).one()
        page.backend = Backend.ATLASSIAN
        add_component(session, page, now, name="Checkout")
    return seeded


def refuse(desk: Desk, words: str) -> None:
    """The Statuspage did not take what it was told."""
    with desk.database.write() as session:
        row = session.scalars(select(Delivery).where(Delivery.channel == "atlassian")).one()
        row.status, row.last_error = DeliveryStatus.DEAD, words


def test_what_was_published_is_queued_and_shown_so(far: Desk, keydesk_on: Run) -> None:
    """It is on its way; what the Statuspage says of it is shown with the incident, also as JSON."""
    said = keydesk_on(*NEW)
    assert (said.exit_code, "is queued for Statuspage" in said.output) == (0, True), said.output
    assert "1 queued" in keydesk_on("incident", "show", "Checkout errors").output
    refuse(far, "Name is odd")
    assert "failed: Name is odd" in keydesk_on("incident", "show", "Checkout errors").output
    shown = json.loads(keydesk_on("incident", "show", "Checkout errors", "--json").output)
    assert shown["statuspage"] == [{"what": "create", "state": "failed", "error": "Name is odd"}]


def test_what_was_refused_is_tried_again(far: Desk, keydesk_on: Run) -> None:
    """As it is, or with another name and other words; where nothing was refused, that is said."""
    keydesk_on(*NEW)
    nothing = keydesk_on("incident", "retry", "Checkout errors")
    assert (nothing.exit_code, "was given up" in nothing.output) == (1, True), nothing.output
    refuse(far, "Name is odd")
    assert "is tried again now" in keydesk_on("incident", "retry", "Checkout errors").output
    refuse(far, "Name is odd")
    again = keydesk_on("incident", "retry", "Checkout errors", "--name", "Slow checkout", "--body", "We look on.")
    assert again.output == "“Slow checkout” is tried again now.\n"
    with far.database.read() as session:
        change = session.scalars(select(UpstreamChange)).one()
        status = session.scalars(select(Delivery.status).where(Delivery.subject == change.id)).one()
    assert (change.body["name"], change.body["body"], status) == ("Slow checkout", "We look on.", "pending")
