"""`keydesk keys import`: a file of keys that people hold already, tried, imported, and looked at afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.manifest import render_manifest
from bot.settings.table import GivenSettings
from desk.transaction import Desk
from sandbox.server import SandboxServer
from storage.models import ApiKey, SlackMessage
from tests.factories import MIA, add_use
from tests.unit.bot.commands.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ONE = "89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77"
TWO = "5f3c9b0a7d1e4862" * 2 + "c0ffee1234567890" * 2
FILE = f"key,email,scopes\n{ONE},mia@acme.example,all\n{TWO},ida@acme.example,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two keys, for the eyes of whoever imports them alone."""
    path = tmp_path / "keys.csv"
    path.touch(mode=0o600)
    path.write_text(FILE)
    return path


def keys(seeded: Desk) -> dict[str, ApiKey]:
    """The keys that there are, by name."""
    with seeded.database.read() as session:
        return {key.name: key for key in session.scalars(select(ApiKey))}


def test_it_is_tried_imported_and_looked_at(keydesk_on: Run, seeded: Desk, file: Path) -> None:
    """A dry run says what would be and changes nothing; the import says the same, and that the file still holds the
    values; the same file once more is refused as a whole; afterwards it is told which keys were used."""
    tried = keydesk_on("keys", "import", str(file), "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "2 would be imported. Nothing was changed." in tried.output
    assert keys(seeded) == {}
    done = keydesk_on("keys", "import", str(file))
    assert done.exit_code == 0, done.output
    assert "Key migrated from mia@acme.example" in done.output
    assert "1 may only read, as nothing was said of their scopes." in done.output
    assert "Line 3: nobody at Slack was found by the address, so owners answer." in done.output
    assert "delete it" in done.output
    again = keydesk_on("keys", "import", str(file))
    assert (again.exit_code, again.output.count("is here already")) == (1, 2)
    with seeded.database.write() as session:
        key = session.scalars(select(ApiKey).where(ApiKey.name.contains("mia@"))).one()
        add_use(session, key, first_used_at=key.created_at, last_used_at=key.created_at, reads=7)
    looked = keydesk_on("keys", "import", "--verify", "--json")
    shown = json.loads(looked.stdout)
    assert [(row["name"], row["reads"], row["last_used"] is None) for row in shown] == [
        ("Key migrated from ida@acme.example", 0, True),
        ("Key migrated from mia@acme.example", 7, False),
    ]
    assert "1 of 2 were used since they were imported." in looked.stderr
    of_file = keydesk_on("keys", "import", str(file), "--verify")
    assert "1 of 2 were used" in of_file.output
    for answer in (tried, done, again, looked, of_file):
        assert ONE[:8] not in answer.output
        assert TWO[:8] not in answer.output


def test_a_file_with_a_fault_changes_nothing(keydesk_on: Run, seeded: Desk, file: Path) -> None:
    """Each fault is a line of its own."""
    file.write_text(f"{FILE}tooshort,max@acme.example,\n{ONE},nothing,\n")
    result = keydesk_on("keys", "import", str(file))
    assert result.exit_code == 1
    said = [line.partition(":")[0] for line in result.output.splitlines() if line.startswith("Line")]
    assert said == ["Line 4, key", "Line 5, key", "Line 5, email"]
    assert (keys(seeded), ONE[:8] in result.output) == ({}, False)


def test_a_file_that_others_can_read_is_said_to_be(keydesk_on: Run, seeded: Desk, file: Path) -> None:
    """It is imported all the same."""
    file.chmod(0o644)
    result = keydesk_on("keys", "import", str(file))
    assert (result.exit_code, "chmod 600" in result.output, len(keys(seeded))) == (0, True, 2)


def test_standard_input_leaves_no_file(keydesk_on: Run, seeded: Desk) -> None:
    """As JSON Lines, say of a password manager's export."""
    line = json.dumps({"key": ONE, "name": "ci", "holder": "Mia", "expires": None})
    result = keydesk_on("keys", "import", "-", input=f"{line}\n")
    assert (result.exit_code, "delete it" in result.output) == (0, False), result.output
    assert keys(seeded)["ci"].holder_id == MIA


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"key\n\xff\xfe\n", "not in UTF-8"),
        (b"x" * (8 * 1024 * 1024 + 1), "larger than any"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_file_of_keys_is_refused(
    keydesk_on: Run, seeded: Desk, file: Path, content: bytes | None, words: str
) -> None:
    """In a sentence."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    result = keydesk_on("keys", "import", str(file))
    assert (result.exit_code, words in result.output) == (1, True), result.output


@pytest.fixture
def slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[SandboxServer]:
    """A workspace whose app may see e-mail addresses, unless told otherwise, and settings by which it is asked."""
    manifest = tmp_path / "manifest.yml"
    manifest.write_text(render_manifest(GivenSettings(match_emails=getattr(request, "param", True))))
    with SandboxServer(manifest=manifest) as server:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-sandbox")
        monkeypatch.setenv("KEYDESK_SLACK_API_URL", server.api_url)
        monkeypatch.setenv("KEYDESK_MATCH_EMAILS", "true")
        yield server


def test_who_answers_is_found_by_address(keydesk_on: Run, seeded: Desk, file: Path, slack: SandboxServer) -> None:
    """Slack is asked for each address once; whoever it does not know is nobody. They are told in Slack."""
    file.write_text(FILE.replace("mia@", "MIA@").replace("ida@", "nobody@"))
    result = keydesk_on("keys", "import", str(file))
    assert result.exit_code == 0, result.output
    found = {name: key.holder_id for name, key in keys(seeded).items()}
    assert found == {"Key migrated from MIA@acme.example": MIA, "Key migrated from nobody@acme.example": None}
    with seeded.database.read() as session:
        told = session.scalars(select(SlackMessage).where(SlackMessage.kind == "key.imported")).all()
        assert MIA in {message.conversation for message in told}


@pytest.mark.parametrize("slack", [False], indirect=True)
def test_an_app_that_may_not_see_addresses_is_said_to_be_one(
    keydesk_on: Run, seeded: Desk, file: Path, slack: SandboxServer
) -> None:
    """Nothing is imported then, rather than everything without anybody who answers."""
    result = keydesk_on("keys", "import", str(file))
    assert (result.exit_code, "does not let Keydesk see e-mail addresses" in result.output) == (1, True), (
        result.output
    )
    assert keys(seeded) == {}
