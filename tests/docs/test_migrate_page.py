"""The page about moving from keys of Statuspage: each command on it is typed, and says what the page shows."""

import asyncio
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import create_cli
from desk.incidents.templates import create_template
from desk.requests.import_files import COLUMNS
from desk.secret import Secret
from desk.transaction import Desk, Transaction, keys_changed
from storage.database import Database
from storage.models import Organization
from tests.docs.typed_pages import Typed, find_typed, matches
from tests.factories import OLIVIA, add_key, add_owner
from tests.public_story import ACTOR, write_story
from tests.serving import serving

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migrate-from-statuspage-keys.md").read_text(encoding="utf-8")
ABOUT_KEYS, _, ABOUT_THE_PAGE = PAGE.partition("## The page itself")
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


def say(each: Typed, *more: str, key: str = "") -> None:
    """Type a line of the page, and hold what is said to what is shown: line by line, but for ids and days."""
    result = CliRunner().invoke(create_cli(), [*shlex.split(each.line)[1:], *more], input=key)
    assert result.exit_code == 0, (each.line, result.output)
    said = result.output.splitlines()
    assert len(said) == len(each.shown), (each.line, said)
    for shown, real in zip(each.shown, said, strict=True):
        assert matches(shown, real) is not None, (each.line, shown, real)


def test_what_is_typed_says_what_is_shown(place: None) -> None:
    """About keys."""
    typed = list(find_typed(ABOUT_KEYS))
    assert len(typed) >= 4
    for each in typed:
        say(each)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_page_is_taken_along_as_is_shown(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a Statuspage, into a Keydesk that has nothing yet; both commands of the page."""
    story, secret = write_story(desk), Secret.generate()

    def prepare(tx: Transaction) -> None:
        create_template(tx, story.page, name="outage", title="Outage", body="We look.")
        keys_changed(tx, add_key(tx.session, tx.now, sha256=secret.sha256).id)

    desk.write_now(ACTOR, prepare)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYDESK_DATABASE_URL", f"sqlite:///{tmp_path}/here.db")
    assert CliRunner().invoke(create_cli(), ["db", "upgrade"]).exit_code == 0
    moved, exported = find_typed(ABOUT_THE_PAGE)
    async with serving(desk) as there:
        await asyncio.to_thread(say, moved, there.url, key=f"{secret.reveal()}\n")
    say(exported)


def test_the_page_names_every_column() -> None:
    """And no other."""
    table = PAGE.partition("## Columns of the file")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(COLUMNS)
