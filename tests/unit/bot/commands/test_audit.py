"""`keydesk audit`."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from desk.transaction import Desk
from tests.databases import url_on_both
from tests.unit.bot.commands.conftest import Run

database_url = url_on_both


@pytest.fixture
def trail(keydesk_on: Run, seeded: Desk) -> Run:
    """Three events: a role granted twice and revoked once."""
    keydesk_on("roles", "grant", "mia", "incident_manager")
    keydesk_on("roles", "grant", "mia", "page_configuration")
    keydesk_on("roles", "revoke", "mia", "incident_manager")
    return keydesk_on


def forge(desk: Desk) -> None:
    """Do what somebody does who owns the database: switch its guard off and rewrite an event."""
    with desk.database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit_event SET actor = 'operator:mallory' WHERE seq = 2"))


def test_a_whole_trail_is_proved(trail: Run) -> None:
    """The number of events and the head are printed, for noting down."""
    result = trail("audit", "verify")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "The audit trail is whole: 3 events."
    assert lines[1].startswith("head 3:")
    assert trail("audit", "verify", "--noted", lines[1].removeprefix("head ")).exit_code == 0


def test_a_forged_event_is_found(trail: Run, seeded: Desk) -> None:
    """The event is named, and the exit status says that something is wrong."""
    forge(seeded)
    result = trail("audit", "verify")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "Event 2: It was changed after it was recorded."
    assert result.stderr.splitlines()[-1] == "The audit trail is broken."


def test_a_note_of_another_trail_does_not_fit(trail: Run) -> None:
    """A head that was noted down shows a trail that was rewritten as a whole."""
    result = trail("audit", "verify", "--noted", f"2:{'0' * 64}")
    assert result.exit_code == 1
    assert "Event 2: It is not the event that was noted down earlier." in result.stderr
    assert "is not a head" in trail("audit", "verify", "--noted", "2").stderr


def test_the_trail_is_exported_as_json_lines(trail: Run) -> None:
    """One event a line, oldest first, with all that the hashes cover."""
    events = [json.loads(line) for line in trail("audit", "export").stdout.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[1]["previous_hash"] == events[0]["hash"]
    assert events[2]["action"] == "role.revoked"


def test_the_trail_is_exported_as_csv_into_a_file(trail: Run, tmp_path: Path) -> None:
    """With a heading, narrowed to one action. It is for its owner alone."""
    result = trail("audit", "export", "--format", "csv", "--action", "role.granted", "--output", "trail.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "trail.csv").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "trail.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["seq"], row["action"]) for row in rows] == [("1", "role.granted"), ("2", "role.granted")]


def test_an_export_can_be_narrowed_by_time(trail: Run) -> None:
    """A day that has not come yet has no events."""
    assert trail("audit", "export", "--since", "2999-01-01").stdout == ""
    assert len(trail("audit", "export", "--until", "2999-01-01").stdout.splitlines()) == 3
