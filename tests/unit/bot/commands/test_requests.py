"""`keydesk requests`."""

import json
from datetime import datetime

import pytest
from sqlalchemy import select

from desk.transaction import Desk
from storage.models import Approval, Component, KeyRequest, Page, Role, Ticket
from tests.factories import MIA, OLIVIA, add_component, add_grant, add_request
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def asked(seeded: Desk, now: datetime) -> str:
    """A request of Mia's; its id."""
    with seeded.database.write() as session:
        add_grant(session, MIA, Role.INTEGRATOR, now)
        return add_request(session, now, name="ci", scopes=["read"], lifetime_days=90).id


def status(desk: Desk, request_id: str) -> str:
    """That of the request."""
    with desk.database.read() as session:
        return session.get_one(KeyRequest, request_id).status


def test_listed_and_shown(keydesk_on: Run, seeded: Desk, asked: str) -> None:
    """What a decision needs, in both forms."""
    [listed] = json.loads(keydesk_on("requests", "list", "--json").stdout)
    assert (listed["id"], listed["asked_by"], listed["scopes"], listed["days"]) == (asked, "Mia", ["read"], 90)
    shown = keydesk_on("requests", "show", "CI").stdout
    assert f"id                {asked}\n" in shown
    assert "It reaches all pages, those to come included." in shown
    assert json.loads(keydesk_on("requests", "show", asked, "--json").stdout)["approvals_needed"] == 1


def test_approved(keydesk_on: Run, seeded: Desk, asked: str) -> None:
    """Under the operator's login; who asked can collect the key, and nobody else."""
    assert keydesk_on("requests", "approve", "ci").stdout == "Approved: Mia can collect “ci” in Slack.\n"
    assert status(seeded, asked) == "approved"
    with seeded.database.read() as session:
        assert session.scalars(select(Ticket.collector_id)).one() == MIA
        assert session.scalars(select(Approval.approver_id)).one().startswith("operator:")
    assert keydesk_on("requests", "list").stdout == "No request waits for a decision.\n"


def test_approved_for_less(keydesk_on: Run, seeded: Desk, asked: str) -> None:
    """Never for more."""
    assert "can only narrow" in keydesk_on("requests", "approve", "ci", "--scope", "incidents:write").stderr
    assert keydesk_on("requests", "approve", "ci", "--page", "acme", "--days", "30").exit_code == 0
    with seeded.database.read() as session:
        assert session.get_one(KeyRequest, asked).granted_lifetime_days == 30


def test_narrowed_to_components_and_addresses(keydesk_on: Run, seeded: Desk, now: datetime) -> None:
    """Asked for by name, shown, and narrowed further; what is not said of either stays as it was asked."""
    with seeded.database.write() as session:
        add_grant(session, MIA, Role.INTEGRATOR, now)
        [page] = session.scalars(select(Page).where(Page.subdomain == "acme"))
        for name in ("One", "Two"):
            add_component(session, page, now, name=name)
    said = ("--for", "Mia", "--purpose", "Because.", "--scope", "component_status:write", "--page", "acme")
    narrow = ("--component", "one", "--component", "two", "--from", "10.0.0.0/8")
    assert "“three”" in keydesk_on("requests", "ask", "bot", *said, "--component", "three").stderr
    assert "no range" in keydesk_on("requests", "ask", "bot", *said, "--from", "home").stderr
    assert keydesk_on("requests", "ask", "bot", *said, *narrow).exit_code == 0
    shown = json.loads(keydesk_on("requests", "show", "bot", "--json").stdout)
    assert (shown["only_the_components"], shown["only_from"]) == ("One, Two", "10.0.0.0/8")
    assert "can only narrow" in keydesk_on("requests", "approve", "bot", "--from", "11.0.0.1").stderr
    assert keydesk_on("requests", "approve", "bot", "--component", "Two", "--days", "5").exit_code == 0
    with seeded.database.read() as session:
        request = session.scalars(select(KeyRequest)).one()
        names = [session.get_one(Component, one).name for one in request.granted_components or ()]
    assert (names, request.granted_networks) == (["Two"], ["10.0.0.0/8"])


def test_one_of_two_approvals(keydesk_on: Run, seeded: Desk, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each login counts once; two make it two people."""
    monkeypatch.setenv("KEYDESK_APPROVALS_NEEDED", "2")
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "ann")
    assert keydesk_on("requests", "approve", "ci").stdout == "Your approval of “ci” counts: 1 of 2.\n"
    assert "already" in keydesk_on("requests", "approve", "ci").stderr
    assert "approved by       operator ann\n" in keydesk_on("requests", "show", "ci").stdout
    monkeypatch.setattr("bot.commands.console.login_name", lambda: "bob")
    assert keydesk_on("requests", "approve", "ci").exit_code == 0
    assert status(seeded, asked) == "approved"


def test_denied(keydesk_on: Run, seeded: Desk, asked: str, now: datetime) -> None:
    """With a reason; of several that are called the same, one is named by id."""
    with seeded.database.write() as session:
        add_request(session, now, name="ci", requester_id=OLIVIA, holder_id=OLIVIA)
    refused = keydesk_on("requests", "deny", "ci", "--reason", "Use the other one.")
    assert (refused.exit_code, f"{asked} by Mia" in refused.stderr) == (1, True)
    assert keydesk_on("requests", "deny", asked).exit_code == 2
    denied = keydesk_on("requests", "deny", asked, "--reason", "Use the other one.")
    assert (denied.stdout, status(seeded, asked)) == ("The request for “ci” is denied.\n", "denied")


def test_asked_for_in_somebodys_name(keydesk_on: Run, seeded: Desk) -> None:
    """They are told and collect."""
    ask = ("requests", "ask", "ci", "--purpose", "We build.", "--scope", "read", "--page", "acme", "--days", "30")
    assert "I know nobody called “gus”." in keydesk_on(*ask, "--for", "@gus").stderr
    assert keydesk_on(*ask, "--for", "@mia").stdout.startswith("Owners are asked for “ci” (id ")
    with seeded.database.read() as session:
        request = session.scalars(select(KeyRequest)).one()
    assert (request.requester_id, request.holder_id, request.lifetime_days) == (MIA, MIA, 30)
    assert keydesk_on("requests", "approve", "ci").exit_code == 0
