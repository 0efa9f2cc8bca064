"""`keydesk templates`."""

import json
from datetime import datetime

import pytest
from sqlalchemy import select

from desk.transaction import Desk
from storage.models import Incident, IncidentTemplate, IncidentUpdate, Page
from tests.factories import add_component
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = ("templates", "new", "outage", "--title", "{{what}} is down", "--body", "In {{where}}.", "-c", "search")


@pytest.fixture
def page(seeded: Desk, now: datetime) -> Desk:
    """A page with the component Search."""
    with seeded.database.write() as session:
        add_component(session, session.scalars(select(Page)).one(), now, name="Search")
    return seeded


def all_templates(desk: Desk) -> list[IncidentTemplate]:
    """All of them."""
    with desk.database.read() as session:
        return list(session.scalars(select(IncidentTemplate)))


def test_kept_shown_and_used(keydesk_on: Run, page: Desk) -> None:
    """Its placeholders are filled in when an incident is made from it; what is left open is refused."""
    assert keydesk_on("templates", "list").stdout == "No template.\n"
    assert keydesk_on(*NEW).stdout.startswith("Kept as the template “outage”")
    [listed] = json.loads(keydesk_on("templates", "list", "--json").stdout)
    assert (listed["name"], listed["page"], listed["title"]) == ("outage", "Acme", "{{what}} is down")
    assert "to be filled in  what, where\n" in keydesk_on("templates", "show", "Outage").stdout
    use = ("incident", "new", "--template", "outage", "--set", "what=Mail", "--yes")
    refused = keydesk_on(*use)
    assert (refused.exit_code, "Still to be filled in: where." in refused.stderr) == (1, True)
    assert keydesk_on(*use, "--set", "where=Europe", "-c", "search=down").exit_code == 0
    with page.database.read() as session:
        assert session.scalars(select(Incident.name)).one() == "Mail is down"
        assert session.scalars(select(IncidentUpdate.body)).one() == "In Europe."


def test_changed_and_deleted(keydesk_on: Run, page: Desk) -> None:
    """What is not said stays as it is; a name is there once."""
    keydesk_on(*NEW)
    assert keydesk_on(*NEW).exit_code == 1
    assert keydesk_on("templates", "edit", "outage", "--status", "identified", "--rename", "down").exit_code == 0
    [changed] = all_templates(page)
    assert (changed.name, changed.body, changed.update_status) == ("down", "In {{where}}.", "identified")
    assert len(changed.component_ids) == 1
    assert "“slow” is no status." in keydesk_on("templates", "edit", "down", "--status", "slow").stderr
    assert keydesk_on("templates", "delete", "down").stdout == "The template “down” is deleted.\n"
    assert all_templates(page) == []


def test_saved_from_an_incident(keydesk_on: Run, page: Desk) -> None:
    """What it first said, and its components."""
    keydesk_on("incident", "new", "Search slow", "-c", "search=degraded", "--body", "We look.", "--yes")
    assert keydesk_on("templates", "save", "search slow", "--as", "slow").exit_code == 0
    [kept] = all_templates(page)
    assert (kept.title, kept.body, len(kept.component_ids)) == ("Search slow", "We look.", 1)
