"""The page for when Slack is down: each command on it is typed, in order, and says what the page shows."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.commands import terminal
from bot.commands.drafts import publishing
from storage.database import Database
from storage.models import Organization, Page, SecondPerson
from tests.command_line import type_keydesk
from tests.docs.typed_pages import find_typed, matches, with_ids
from tests.factories import OLIVIA, OMAR, add_owner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "when-slack-is-down.md").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The organization of the page: two owners, and a page on which somebody else must always publish."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYDESK_ANNOUNCEMENT_CHANNEL", "C024BE91L")
    monkeypatch.setenv("KEYDESK_BASE_URL", "https://status.acme.example")
    for name in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    for line in ("db upgrade", f"seed {ROOT / 'desk' / 'seeds' / 'acme.yml'}"):
        assert type_keydesk(*line.split()).exit_code == 0
    database = Database.from_url(f"sqlite:///{tmp_path}/keydesk.db")
    with database.everywhere.read() as session:
        organization = session.scalars(select(Organization.id)).one()
    with database.of(organization).write() as session:
        for user_id, name in ((OLIVIA, "Olivia"), (OMAR, "Omar")):
            add_owner(session, user_id, datetime.now(UTC), name=name)
        session.get_one(Page, "acmepage0002").second_person = SecondPerson.ALWAYS
    database.close()


def test_what_is_typed_says_what_is_shown(place: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line, but for ids and instants; questions are answered as on the page."""
    ids: dict[str, str] = {}
    typed = list(find_typed(PAGE))
    assert len(typed) > 10
    for each in typed:
        asks = any(line.startswith("Publish it?") for line in each.shown)
        monkeypatch.setattr("bot.commands.console.login_name", lambda login=each.login: login)
        for module in (terminal, publishing):
            monkeypatch.setattr(module, "has_terminal", lambda asks=asks: asks)
        line = with_ids(each.line, ids)
        result = type_keydesk(*shlex.split(line)[1:], input="y\n" if asks else None)
        assert result.exit_code == 0, (line, result.output)
        said = result.output.splitlines()
        assert len(said) == len(each.shown), (line, said)
        for shown, real in zip(each.shown, said, strict=True):
            found = matches(shown, real)
            assert found is not None, (line, shown, real)
            ids |= found
