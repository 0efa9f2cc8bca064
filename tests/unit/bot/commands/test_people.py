"""`keydesk people`."""

import json
from pathlib import Path

from desk.transaction import Desk
from storage.models import Member
from tests.factories import MIA
from tests.unit.bot.commands.conftest import Run


def test_a_person_is_exported(keydesk_on: Run, seeded: Desk, tmp_path: Path) -> None:
    """Into a file that nobody else can read, row by row; nothing is written over."""
    target = tmp_path / "mia.jsonl"
    keydesk_on("roles", "grant", "@mia", "integrator")
    assert keydesk_on("people", "export", "@mia", str(target)).exit_code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert {"member", "role_grant", "audit_event"} <= {row["table"] for row in rows}
    assert next(row["name"] for row in rows if row["table"] == "member") == "Mia"
    assert target.stat().st_mode & 0o777 == 0o600
    again = keydesk_on("people", "export", "@mia", str(target))
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    nowhere = keydesk_on("people", "export", "@mia", str(tmp_path / "missing" / "mia.jsonl"))
    assert "cannot be written" in nowhere.stderr


def test_who_left_is_forgotten(keydesk_on: Run, seeded: Desk) -> None:
    """After a question, and only once they are gone from Slack."""
    assert "is in the workspace" in keydesk_on("people", "forget", MIA, "--yes").stderr
    with seeded.database.write() as session:
        session.get_one(Member, MIA).is_deleted = True
    asked = keydesk_on("people", "forget", MIA)
    assert "add --yes" in asked.stderr
    done = keydesk_on("people", "forget", MIA, "--yes")
    assert done.stdout == f"{MIA} has no name here any more.\n"
    with seeded.database.read() as session:
        assert session.get_one(Member, MIA).name == "Somebody who left"
