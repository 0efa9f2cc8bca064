"""Lines for a shell on a page are typed as they stand there: `keydesk` in an empty folder, `curl` at the demo."""

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sandbox.player import Control, words_of
from storage.database import Database
from storage.models import Member, Organization
from tests.browser.demo import Demo, running_demo
from tests.command_line import type_keydesk
from tests.factories import OLIVIA, add_member, add_owner
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_KEYDESK = re.compile(r"(?:\.venv/bin/)?keydesk (.+?)(?:\s{2,}#.*)?")
SOMEBODY = "U0123456789"
ELSEWHERE: Mapping[str, str] = {
    "doctor": "asks Slack: tests/unit/bot/test_doctor.py",
    "run": "runs on: tests/process/",
    "db copy": "wants a server of PostgreSQL: tests/unit/bot/commands/test_db.py",
    "upstream show": "wants a Statuspage: tests/unit/bot/commands/test_upstream.py",
    "upstream connect": "wants a Statuspage: tests/unit/bot/commands/test_upstream.py",
}
"""What is not typed here, and where it is."""


def find_lines(begin: str) -> Iterator[str]:
    """Lines in blocks for a shell that begin so, page by page."""
    for page in PAGES:
        for block in _FENCE.findall(page.read_text(encoding="utf-8")):
            yield from (line.strip() for line in block.splitlines() if line.strip().startswith(begin))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it but the file of the page, as README has it copied."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.yml").write_text((ROOT / "desk" / "seeds" / "acme.yml").read_text(encoding="utf-8"))
    return tmp_path


def let_somebody_in(place: Path, *, has_left: bool) -> None:
    """Olivia is owner, and there is or was somebody with the id of the pages."""
    database = Database.from_url(f"sqlite:///{place}/keydesk.db")
    with database.everywhere.read() as session:
        organization = session.query(Organization.id).scalar()
    now = datetime.now(UTC)
    with database.of(organization).write() as session:
        if session.query(Member).count() == 0:
            add_owner(session, OLIVIA, now, name="Olivia")
        somebody = session.get(Member, SOMEBODY) or add_member(session, SOMEBODY, now, name="Pat")
        somebody.is_deleted = has_left
    database.close()


def test_lines_for_keydesk_are_typed(place: Path) -> None:
    """In the order of the pages, from a folder without anything: each ends well."""
    lines = [found[1] for line in find_lines("") if (found := _KEYDESK.fullmatch(line))]
    assert len(lines) > 12
    left_out = set()
    for line in lines:
        skipped = next((name for name in ELSEWHERE if line.startswith(name)), None)
        if skipped:
            left_out.add(skipped)
            continue
        if line.startswith(("people", "roles grant")):
            let_somebody_in(place, has_left="forget" in line)
        typed = shlex.split(line.replace("/backups/", f"{place}/"))
        result = type_keydesk(*typed, input="y\n")
        sure = [] if result.exit_code == 0 else ["--yes"]
        result = type_keydesk(*typed, *sure) if sure else result
        assert result.exit_code == 0, (line, result.output)
    assert left_out == set(ELSEWHERE)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo, at whose address the lines of the pages go."""
    with running_demo() as demo:
        yield demo


def make_key(control: Control) -> str:
    """A key that reads pages and keys and changes keys, asked for, approved and collected as people do."""
    mia, omar = control.person("U0MIA00001"), control.person("U0OMAR0001")
    mia.type_command('/keys request "typed" scope:read scope:keys:write page:all for 30d because pages say so')
    if mia.views():
        raise AssertionError(words_of(mia.modal))
    omar.type_command('/keys approve "typed"')
    (card, *_) = wait_until(
        lambda: [message for message in mia.direct_messages() if "Collect my key" in str(message)]
    )
    mia.press("Collect my key", card)
    found = re.search(r"kd_[A-Za-z0-9]{20,}", words_of(mia.modal))
    assert found is not None
    return found[0]


def call(line: str, base: str, key: str) -> httpx.Response:
    """What `curl` does with a line."""
    method, headers, body, url = None, {}, None, ""
    words = iter(shlex.split(line.replace("$KEY", key).replace("$PAGE", "acmepage0001"))[1:])
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(words)
        elif word == "-d":
            body = next(words)
        else:
            url = word
    url = url.replace("http://127.0.0.1:3000", base)
    return httpx.request(method or ("POST" if body else "GET"), url, headers=headers, content=body)


def test_lines_for_curl_are_called(demo: Demo) -> None:
    """With a key that was collected in the demo, and the id of another key of its holder."""
    key = make_key(Control(demo.workspace))
    listed = call(f'curl -H "Authorization: OAuth {key}" {demo.api}/keydesk/v1/keys', demo.api, key)
    assert listed.is_success, listed.text
    other = next(one["id"] for one in listed.json()["items"] if one["name"] == "nightly export")
    lines = list(dict.fromkeys(find_lines("curl ")))
    assert len(lines) > 4
    for line in lines:
        answer = call(line.replace("k0rtj2m9xq4e", other), demo.api, key)
        assert answer.is_success, (line, answer.status_code, answer.text)
