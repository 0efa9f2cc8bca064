"""Secrets are looked for everywhere after a long story: in logs, in every table, in what went over Slack's wire."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from sandbox.player import Control, Json, Player, find_label, inputs_of, words_of
from sandbox.server import SandboxServer
from storage.database import Database
from tests.clock import MONDAY_MORNING
from tests.databases import ORGANIZATION
from tests.factories import MIA, OMAR, add_page
from tests.process.conftest import Start
from tests.process.running import KeydeskProcess
from tests.waiting import wait_until

OWNERS = "C0OWNERS01"
SECRET = re.compile(r"kd_\w{38}")
PLANTED = {
    "SLACK_BOT_TOKEN": "xoxb-sandbox",
    "SLACK_APP_TOKEN": "xapp-sandbox",
    "SLACK_SIGNING_SECRET": "s1gn1ngs3cret",
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The program's database, looked at from outside."""
    database = Database.from_url(database_url).of(ORGANIZATION)
    with database.write() as session:
        add_page(session, MONDAY_MORNING)
    yield database
    database.close()


def _with_button(messages: list[Json], label: str, *words: str) -> Json | None:
    fitting = (one for one in reversed(messages) if find_label(one, label))
    return next((one for one in fitting if all(word in words_of(one) for word in words)), None)


def _collect(mia: Player, name: str, *, after: str = "") -> tuple[str, str]:
    """Collect with the first card that is newer than the one with the ts `after`; the secret, and the card's ts."""
    card = wait_until(
        lambda: _with_button([one for one in mia.direct_messages() if one["ts"] > after], "Collect", name)
    )
    assert card is not None
    label = find_label(card, "Collect")
    assert label is not None
    mia.press(label, card)
    found = SECRET.search(json.dumps(mia.modal))
    assert found is not None
    mia.close()
    return found.group(), str(card["ts"])


def _first_key(mia: Player, omar: Player) -> tuple[str, str]:
    mia.type_command('/keys request "planted" scope:read page:acme for 30d because secrets are planted')
    card = wait_until(lambda: _with_button(omar.messages(OWNERS), "Approve", "planted"))
    assert card is not None
    omar.press("Approve", card)
    return _collect(mia, "planted")


def _write_about_incidents(omar: Player, secret: str) -> None:
    for line in (
        f'/incident new "Errors" on acme investigating {secret}',
        f'/incident template save "Errors" as "{secret}"',
        f"/incident list {secret}",
        f'/maintenance schedule "Upgrade" on acme from tomorrow 22:00 for 1h {secret}',
    ):
        refusal = omar.type_command(line)
        assert refusal is not None, line
        assert "holds the secret of an API key" in words_of(refusal), line
    omar.type_command("/incident new")
    body = next(block["block_id"] for block in inputs_of(omar.modal) if block["block_id"].startswith("body"))
    assert "holds the secret of an API key" in str(omar.submit(**{"name.0": "Errors", body: f"It is {secret}."}))
    omar.close()


def _use_in_every_way(process: KeydeskProcess, secret: str) -> None:
    assert process.ask("GET", "/v1/pages", Authorization=f"OAuth {secret}")[0] == 200
    assert process.ask("GET", "/v1/pages", Authorization=secret)[0] == 200
    assert process.ask("GET", f"/v1/pages?api_key={secret}")[0] in {400, 401}
    assert process.ask("GET", "/v1/pages", Authorization=f"Bearer {secret}")[0] == 401
    assert process.ask("POST", "/v1/pages", secret.encode(), Authorization=f"OAuth {secret}")[0] in {404, 405}
    assert process.ask("GET", f"/{secret}")[0] == 404
    for name in (f"tool {secret}", f"%20{secret}", f"\\n{secret}", b64encode(f"x:{secret}".encode()).decode()):
        headers = {"Authorization": f"OAuth {secret}", "User-Agent": name, "Referer": f"https://x.example/{secret}"}
        assert process.ask("GET", "/v1/pages", None, **headers)[0] == 200


def _dump(database: Database) -> str:
    rows = []
    with database.read() as session:
        for table in inspect(database.engine).get_table_names():
            found = session.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - names come from the schema
            rows += [f"{table}: {tuple(row)}" for row in found]
    return "\n".join(rows)


def _carriers(control: Control, secret: str) -> list[str]:
    return [entry["method"] for entry in control.journal(kind="api") if secret in json.dumps(entry)]


def test_no_secret_is_anywhere_it_should_not_be(
    start_on: Start, slack: SandboxServer, database: Database, database_url: str, tmp_path: Path
) -> None:
    """Collected, used well and badly, pasted into commands, rotated and suspended: a key's secret is in one call to
    Slack, that of its modal, and neither it nor a token is in a log line, a table or the database's file."""
    control = Control(slack.url)
    mia, omar = control.person(MIA), control.person(OMAR)
    with start_on(database_url, KEYDESK_LOG_LEVEL="debug", **PLANTED) as process:
        process.wait_until_ready()
        wait_until(lambda: "U0OMAR0001" in _dump_owners(database))
        first, card = _first_key(mia, omar)
        _use_in_every_way(process, first)
        mia.type_command(f"/keys show {first}")
        refusal = mia.type_command(f"/keys request {first} because I pasted it")
        assert refusal is not None
        assert "holds the secret of an API key" in words_of(refusal)
        mia.type_command("/keys rotate planted grace 1h")
        second, _ = _collect(mia, "planted", after=card)
        _use_in_every_way(process, second)
        shown = omar.type_command("/keys suspend planted because the test says so", channel=OWNERS)
        assert shown is not None
        process.ask("GET", "/v1/pages", Authorization=f"OAuth {second}")
        _write_about_incidents(omar, second)
        process.stop()
    said = json.dumps(process.lines) + "\n".join(process.words)
    kept = _dump(database)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert first != second
    assert "planted" in kept
    assert {"serving", "directory_read", "stopped"} <= {line["event"] for line in process.lines}
    for secret in (first, second, *PLANTED.values()):
        assert secret not in said
        assert secret not in kept
        assert secret.encode() not in files
    for secret in (first, second):
        assert _carriers(control, secret) == ["views.update"]


def _dump_owners(database: Database) -> str:
    with database.read() as session:
        return str(session.execute(text("SELECT subject_id FROM role_grant WHERE role = 'owner'")).all())
