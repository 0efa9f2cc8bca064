"""`keydesk doctor` beside a Keydesk that runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sandbox.server import SandboxServer
from tests.databases import copy_sqlite
from tests.process.conftest import Start

SECRET = "sandbox-signing-secret"


def test_the_signing_secret_is_compared_with_the_running_one(
    start_on: Start, slack: SandboxServer, sqlite_template: Path, tmp_path: Path
) -> None:
    """Slack is not asked: a request signed as Slack signs goes to Keydesk's own address. Problems end it with 1, and
    nothing but JSON is on standard output."""
    url = copy_sqlite(sqlite_template, tmp_path)
    keydesk = start_on(url, SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET=SECRET)
    keydesk.wait_until_ready()
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("KEYDESK_", "SLACK_"))}
    settings = {
        "KEYDESK_DATABASE_URL": url,
        "KEYDESK_SLACK_API_URL": slack.api_url,
        "KEYDESK_BASE_URL": keydesk.url,
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
    }
    for secret, status, state in ((SECRET, 0, "look"), ("another-secret", 1, "problem")):
        done = subprocess.run(
            [sys.executable, "-m", "bot", "doctor", "--json"],
            env=mine | settings | {"SLACK_SIGNING_SECRET": secret},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (status, "")
        found = {one["what"]: one for one in json.loads(done.stdout)}
        assert found["SLACK_SIGNING_SECRET"]["state"] == state
        assert found["KEYDESK_BASE_URL"]["state"] == "ok"
        assert SECRET not in done.stdout
