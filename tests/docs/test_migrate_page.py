"""The page about moving from keys of Statuspage: each command on it is typed, and says what the page shows."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import create_cli
from desk.requests.import_files import COLUMNS
from storage.database import Database
from storage.models import Organization
from tests.docs.typed_pages import find_typed, matches
from tests.factories import OLIVIA, add_owner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migrate-from-statuspage-keys.md").read_text(encoding="utf-8")
_FILE = re.compile(r"^```csv\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's pages, an owner, and the file of the page."""
    monkeypatch.chdir(tmp_path)
    for line in ("db upgrade", f"seed {ROOT / 'desk' / 'seeds' / 'acme.yml'}"):
        assert CliRunner().invoke(create_cli(), line.split()).exit_code == 0
    database = Database.from_url(f"sqlite:///{tmp_path}/keydesk.db")
    with database.everywhere.read() as session:
        organization = session.query(Organization.id).scalar()
    with database.of(organization).write() as session:
        add_owner(session, OLIVIA, datetime.now(UTC), name="Olivia")
    database.close()
    found = _FILE.search(PAGE)
    assert found is not None
    (tmp_path / "keys.csv").touch(mode=0o600)
    (tmp_path / "keys.csv").write_text(found[1])


def test_what_is_typed_says_what_is_shown(place: None) -> None:
    """Line by line, but for ids and days."""
    typed = list(find_typed(PAGE))
    assert len(typed) >= 5
    for each in typed:
        result = CliRunner().invoke(create_cli(), shlex.split(each.line)[1:])
        assert result.exit_code == 0, (each.line, result.output)
        said = result.output.splitlines()
        assert len(said) == len(each.shown), (each.line, said)
        for shown, real in zip(each.shown, said, strict=True):
            assert matches(shown, real) is not None, (each.line, shown, real)


def test_the_page_names_every_column() -> None:
    """And no other."""
    table = PAGE.partition("## Columns of the file")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(COLUMNS)
