"""The page for when Slack is down: each command on it is typed, in order, and says what the page shows."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.commands import terminal
from bot.commands.drafts import publishing
from storage.database import Database
from storage.models import Organization, Page, SecondPerson
from tests.command_line import type_keydesk
from tests.factories import OLIVIA, OMAR, add_owner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "when-slack-is-down.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"(?:(\w+))?\$ (keydesk .+)")
_VARIES = {
    r"\b(?=\w*\d)[a-z0-9]{12}\b": r"[a-z0-9]{12}",
    r"\d{4}-\d\d-\d\d \d\d:\d\d": r"\d{4}-\d\d-\d\d \d\d:\d\d",
    r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d [A-Z]+": r"\w{3} \d{1,2} \w{3} \d{4} \d\d:\d\d [A-Z]+",
}
"""What is another each time: ids, instants, and instants by a page's clock → what stands in their place."""
_ANY = re.compile("|".join(f"({seen})" for seen in reversed(list(_VARIES))))
_ID = re.compile(next(iter(_VARIES)))


@dataclass(slots=True)
class Typed:
    """A command on the page, by whom it is typed, and what is shown below it."""

    login: str
    line: str
    shown: list[str] = field(default_factory=list)


def _typed() -> Iterator[Typed]:
    for block in _BLOCK.findall(PAGE):
        current: Typed | None = None
        for line in block.splitlines():
            if prompt := _PROMPT.fullmatch(line):
                if current:
                    yield current
                current = Typed(prompt[1] or "ann", prompt[2])
            else:
                assert current is not None, line
                current.shown.append(line)
        assert current is not None
        yield current


def _pattern(line: str) -> str:
    """A line of the page as a pattern, whose groups are its ids."""

    def vary(found: re.Match[str]) -> str:
        seen = next(seen for seen in _VARIES if re.fullmatch(seen, found[0]))
        return f"\0{'(' if seen == _ID.pattern else '(?:'}{_VARIES[seen]})\0"

    pieces = _ANY.sub(vary, line).split("\0")
    return "".join(piece if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))


def _with_ids(line: str, ids: Mapping[str, str]) -> str:
    """A line of the page with the ids that there are this time."""
    return _ID.sub(lambda found: ids.get(found[0], found[0]), line)


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
    typed = list(_typed())
    assert len(typed) > 10
    for each in typed:
        asks = any(line.startswith("Publish it?") for line in each.shown)
        monkeypatch.setattr("bot.commands.console.login_name", lambda login=each.login: login)
        for module in (terminal, publishing):
            monkeypatch.setattr(module, "has_terminal", lambda asks=asks: asks)
        line = _with_ids(each.line, ids)
        result = type_keydesk(*shlex.split(line)[1:], input="y\n" if asks else None)
        assert result.exit_code == 0, (line, result.output)
        said = result.output.splitlines()
        assert len(said) == len(each.shown), (line, said)
        for shown, real in zip(each.shown, said, strict=True):
            matched = re.fullmatch(_pattern(shown), real)
            assert matched, (line, shown, real)
            ids |= dict(zip(_ID.findall(shown), matched.groups(), strict=True))
