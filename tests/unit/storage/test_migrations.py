"""What migrations make of the rows that are there."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import schema
from storage.database import Database
from storage.models import Incident, SlackMessage
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import LONG_AGO, add_row, at_revision

INCIDENTS: dict[str, dict[str, object]] = {
    "open": {"status": "investigating"},
    "watched": {"status": "monitoring"},
    "over": {"status": "resolved"},
    "planned": {"status": "in_progress", "scheduled_for": LONG_AGO},
    "past": {"status": "identified", "backfilled": True},
}


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """A database of the first release with incidents of every kind, brought to the newest schema."""
    with at_revision(empty_database_url, "0001") as connection:
        add_row(connection, "page", id="acmepage0001", organization_id=ORGANIZATION, subdomain="acme")
        for number, (incident_id, values) in enumerate(INCIDENTS.items()):
            add_row(connection, "incident", id=incident_id, number=number, page_id="acmepage0001", **values)
    database = Database.from_url(empty_database_url).of(ORGANIZATION)
    schema.upgrade(database.engine)
    yield database
    database.close()


def test_incidents_that_were_open_are_reminded_of(database: Database) -> None:
    """Four hours after the migration; never what is over, scheduled or was written down afterwards."""
    with database.read() as session:
        due = dict(session.execute(select(Incident.id, Incident.update_due_at)).all())
    assert {incident_id for incident_id, at in due.items() if at is not None} == {"open", "watched"}
    in_four_hours = datetime.now(UTC) + timedelta(hours=4)
    assert all(timedelta() <= in_four_hours - at < timedelta(minutes=5) for at in due.values() if at is not None)


def test_messages_of_before_know_for_whom_they_were(empty_database_url: str) -> None:
    """What went to channels and is no incident and no digest was for owners; what went to a person was for them."""
    sent = {
        ("request.card", "C1"): "owners",
        ("delivery.dead", "G1"): "owners",
        ("digest.card", "C1"): "digest",
        ("incident.head", "C1"): None,
        ("incident.reminder", "C1"): None,
        ("request.card", "U1"): None,
        ("digest.card", "U1"): None,
    }
    with at_revision(empty_database_url, "0005") as connection:
        for number, (kind, place) in enumerate(sent):
            message = {"id": f"m{number}", "kind": kind, "subject_id": "s", "conversation": place}
            add_row(connection, "slack_message", organization_id=ORGANIZATION, **message)
    with closing(Database.from_url(empty_database_url)) as database:
        schema.upgrade(database.engine)
        with database.of(ORGANIZATION).read() as session:
            messages = session.scalars(select(SlackMessage)).all()
            assert {(each.kind, each.conversation): each.audience for each in messages} == sent
