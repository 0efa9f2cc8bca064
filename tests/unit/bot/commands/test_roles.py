"""`keydesk roles`."""

import re

import pytest

from desk.transaction import Desk
from storage.models import DirectorySync, Grant, SyncStatus
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA
from tests.postgresql_proxy import Cut, proxied
from tests.unit.bot.commands.conftest import Run


def open_grants(desk: Desk, user_id: str) -> list[Grant]:
    """What a person was granted and has still."""
    with desk.database.read() as session:
        return session.query(Grant).filter(Grant.subject_id == user_id, Grant.ended_at.is_(None)).all()


def test_a_role_is_granted_listed_and_revoked(keydesk_on: Run, seeded: Desk) -> None:
    """The way of a grant, with the person by handle and the page by subdomain."""
    granted = keydesk_on("roles", "grant", "@mia", "incident-manager", "--page", "acme", "--until", "8h")
    assert re.fullmatch(
        r"Mia is now incident_manager on Acme until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.\n", granted.stdout
    )
    (grant,) = open_grants(seeded, MIA)
    assert (grant.role, grant.expires_at is not None) == ("incident_manager", True)
    assert grant.created_by.startswith("operator:")
    assert [line.split()[:3] for line in keydesk_on("roles", "list", "--of", "mia").stdout.splitlines()[1:]] == [
        ["Mia", "incident_manager", "Acme"]
    ]
    revoked = keydesk_on("roles", "revoke", "mia", "incident_manager")
    assert revoked.stdout == "Mia was incident_manager by that grant and is not any more.\n"
    assert open_grants(seeded, MIA) == []
    assert keydesk_on("roles", "list", "--of", "mia").stdout == "No grants.\n"


def test_granting_again_says_what_became_of_it(keydesk_on: Run, seeded: Desk) -> None:
    """The same wish changes nothing, another end changes the grant."""
    grant = ("roles", "grant", MIA, "page_configuration")
    assert keydesk_on(*grant).stdout == "Mia is now page_configuration on all pages for good.\n"
    assert keydesk_on(*grant).stdout == "Mia was already page_configuration on all pages for good.\n"
    assert (
        "with another end, and is now page_configuration on all pages until"
        in keydesk_on(*grant, "--until", "2d").stdout
    )
    assert len(open_grants(seeded, MIA)) == 1


def test_who_has_a_role(keydesk_on: Run, seeded: Desk) -> None:
    """Holders are listed by name with the grants that make them so."""
    lines = keydesk_on("roles", "who", "owner").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [[OLIVIA, "Olivia"], ["U0OMAR0001", "Omar"]]
    assert lines[1].endswith("all pages, for good")
    assert keydesk_on("roles", "who", "maintenance manager").stdout == "Nobody.\n"


def test_the_last_owner_stays(keydesk_on: Run, seeded: Desk) -> None:
    """An operator cannot leave the organization without an owner either."""
    assert keydesk_on("roles", "revoke", "omar", "owner").exit_code == 0
    result = keydesk_on("roles", "revoke", "olivia", "owner")
    assert result.exit_code == 1
    assert len(open_grants(seeded, OLIVIA)) == 1


@both_databases
def test_what_cannot_be_is_told(keydesk_on: Run, seeded: Desk) -> None:
    """Unknown roles, people and pages are refused in a sentence that says what there is."""
    for arguments, told in (
        (("mia", "king"), "Roles are: owner"),
        (("nobody", "integrator"), "I know nobody called “nobody”"),
        (("U0NOBODY00", "integrator"), "If they joined just now, use keydesk roles sync first."),
        (("mia", "incident_manager", "--page", "nowhere"), "nowhere"),
    ):
        result = keydesk_on("roles", "grant", *arguments)
        assert result.exit_code == 1
        assert told in result.stderr
    assert open_grants(seeded, MIA) == []


def test_before_slack_was_read_nobody_is_known(keydesk_on: Run) -> None:
    """Who sets Keydesk up is told that it has not read from Slack who is there, not that the name is wrong."""
    told = keydesk_on("roles", "grant", "olivia", "owner").stderr
    assert "I know nobody called “olivia”." in told
    assert "Nobody was read from Slack yet" in told


@both_databases
def test_a_sync_is_asked_for(keydesk_on: Run, seeded: Desk) -> None:
    """The command line does not talk to Slack: the running Keydesk finds the wish in the database."""
    assert keydesk_on("roles", "sync").stdout == "Asked for. A running Keydesk reads Slack within a minute.\n"
    with seeded.database.read() as session:
        assert session.query(DirectorySync).one().status == SyncStatus.REQUESTED


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("when", "code"), [("after", 0), ("before", 1)])
def test_a_grant_whose_commit_was_not_answered(
    keydesk_on: Run, seeded: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch, when: Cut, code: int
) -> None:
    """The connection dies at the commit: it is looked, and said as it is, what was done and what was not."""
    with proxied(database_url) as proxy:
        monkeypatch.setenv("KEYDESK_DATABASE_URL", proxy.url)
        proxy.cut_next_commit(when)
        said = keydesk_on("roles", "grant", MIA, "page_configuration")
    assert (proxy.commits_cut, said.exit_code) == (1, code)
    assert ("is now page_configuration" in said.stdout) == (when == "after")
    assert len(open_grants(seeded, MIA)) == (when == "after")
