"""A key of Statuspage is looked for everywhere after a life of use, as it is and in the usual encodings."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import inspect, text

from desk.secret import Secret
from sandbox.server import SandboxServer
from storage.database import Database
from storage.models import Scope
from storage.sealing import Seal
from tests.command_line import type_keydesk
from tests.contract.failing_statuspage import PAGE, FailingStatuspage, StatuspageFault
from tests.databases import ORGANIZATION
from tests.factories import add_key
from tests.process.conftest import Start
from tests.process.test_metrics import ask
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SEALED, REPLACED, SETTING = ("5ea1ed" * 11)[:64], ("4e91ace" * 10)[:64], ("5e771" * 13)[:64]
BAD = ("bad" * 22)[:64]
INCIDENTS = f"/v1/pages/{PAGE}/incidents"


def in_every_form(key: str) -> set[bytes]:
    """The key as it may be written."""
    raw = key.encode()
    padded = {base64.b64encode(b"x" * count + raw) for count in range(3)}
    middles = {one[4:-4] for one in padded}
    return {raw, raw[::-1], raw.upper(), raw.hex().encode(), quote(key).encode(), bytes.fromhex(key), *middles}


def test_no_key_of_statuspage_is_anywhere_it_should_not_be(
    start_on: Start, slack: SandboxServer, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected, used, refused, echoed, cut, replaced and dropped: it is in no log line, table, file, answer, process
    list or output of a command."""
    there, heard = FailingStatuspage(), [b""]
    there.start()
    settings = {
        "KEYDESK_DATABASE_URL": database_url,
        "KEYDESK_SLACK_API_URL": slack.api_url,
        "KEYDESK_ENCRYPTION_KEYS": Seal.make_key(),
        "KEYDESK_LOG_LEVEL": "debug",
        "KEYDESK_UPSTREAM_WAIT_SECONDS": "0",
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
    }

    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def typed(*arguments: str, said: str = "", status: int | None = 0) -> None:
        done = type_keydesk(*arguments, input=said)
        heard.append(done.output.encode())
        assert status in (None, done.exit_code), done.output

    try:
        typed("upstream", "connect", there.url, "--expires", "2099-01-31", said=f"{SEALED}\n")
        database = Database.from_url(database_url).of(ORGANIZATION)
        secret = Secret.generate()
        with database.write() as session:
            add_key(session, datetime.now(UTC), sha256=secret.sha256, scopes=[str(scope) for scope in Scope])
        more = {"KEYDESK_STATUSPAGE_KEYS": SETTING, "KEYDESK_MANAGEMENT_PORT": "0"}
        process = start_on(**settings | more | {"database_url": database_url})
        wait_until(lambda: ask(process, "/readyz")[0] == 200, 60)
        there.refused.add(BAD)
        typed("upstream", "add-key", "--name", "bad", said=f"{BAD}\n", status=1)

        def call(method: str, path: str, body: object = None) -> None:
            sent = json.dumps(body).encode() if body else None
            status, answer = process.ask(method, path, sent, Authorization=f"OAuth {secret.reveal()}")
            heard.append(b"%d " % status + answer)

        for number, fault in enumerate(
            (
                None,
                StatuspageFault("name 1", status=500, body={"error": [SEALED, SETTING]}),
                StatuspageFault("name 2", status=422, body={"error": f"OAuth {SEALED} {SETTING}"}),
                StatuspageFault("name 3", status=401, body={"error": SEALED}, headers={"X-Key": SETTING}),
                StatuspageFault("name 4"),
                StatuspageFault("name 5", status=429),
            )
        ):
            there.faults += [fault] if fault is not None else []
            call("POST", INCIDENTS, {"incident": {"name": f"name {number}", "body": "We look."}})
        call("GET", f"/v1/pages/{PAGE}/incidents/nosuch")
        call("GET", f"/v1/pages?api_key={SEALED}")
        typed("upstream", "replace-key", "Keydesk", "--name", "fresh", said=f"{REPLACED}\n")
        there.refused.add(SEALED)
        call("GET", INCIDENTS)
        heard += [ask(process, path)[1].encode() for path in ("/readyz", "/metrics")]
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                heard.append(path.read_bytes())
            except OSError:
                continue
        for command in (
            ("upstream", "show", "--json"),
            ("config",),
            ("doctor", "--json"),
            ("audit", "export"),
        ):
            typed(*command, status=None)
        process.stop()
        with database.read() as session:
            for table in inspect(database.engine).get_table_names():
                rows = session.execute(text(f'SELECT * FROM "{table}"')).all()  # noqa: S608 - names come from the schema
                heard.append(str(rows).encode())
        database.close()
    finally:
        there.stop()
    heard += [json.dumps(process.lines).encode(), "\n".join(process.words).encode()]
    heard += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert {key for key, _, _ in there.writes} <= {SEALED, SETTING, REPLACED}, "it was used"
    assert sum(one.startswith(b"201") for one in heard) >= 1
    everything = b"\n".join(heard)
    found = [
        (key[:7], form)
        for key in (SEALED, REPLACED, SETTING, BAD)
        for form in in_every_form(key)
        if form in everything
    ]
    assert found == []
