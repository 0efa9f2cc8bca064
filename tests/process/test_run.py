"""`keydesk run`: starting, being well, and stopping."""

import signal
import socket
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import yaml

from bot.manifest import render_manifest
from bot.settings import GivenSettings
from sandbox.manifest import parse_manifest
from sandbox.player import Control, SandboxRefusedError, words_of
from sandbox.server import SandboxServer
from tests.factories import MIA
from tests.process.conftest import Start
from tests.process.running import KeydeskProcess
from tests.waiting import wait_until


def test_it_prepares_the_database_serves_and_stops_when_asked(start_on: Start, empty_database_url: str) -> None:
    """The first start makes the tables; SIGTERM ends it with 0, and nothing in the log is worth a look."""
    keydesk = start_on(empty_database_url, anew=True)
    assert keydesk.wait_for("schema_upgraded")["before"] is None
    keydesk.wait_until_ready()
    assert keydesk.ask("GET", "/healthz") == (200, b'{"status":"alive"}')
    assert keydesk.readiness() == (200, dict.fromkeys(("keys", "database", "slack", "clock", "process"), "ok"))
    assert keydesk.stop() == 0
    assert keydesk.lines[-1]["event"] == "stopped"
    assert keydesk.troubles() == []
    assert keydesk.words == []


def test_an_interrupt_from_the_keyboard_stops_it_as_well(start: Start) -> None:
    """Ctrl+C is no crash: no traceback, exit status 0."""
    keydesk = start()
    keydesk.wait_until_ready()
    assert keydesk.stop(signal.SIGINT) == 0
    assert keydesk.words == []


def test_wrong_names_of_settings_are_told(tmp_path: Path) -> None:
    """A misspelt setting ends the start with 1 and a sentence that knows what was meant."""
    with KeydeskProcess(tmp_path, {"KEYDESK_PROT": "1"}) as keydesk:
        assert keydesk.wait() == 1
    assert keydesk.words[0] == "KEYDESK_PROT is not a setting of Keydesk: did you mean KEYDESK_PORT?"


def test_without_tokens_it_says_what_is_missing(tmp_path: Path) -> None:
    """A first try without any setting ends with 1, says what to put where, and leaves no database behind."""
    with KeydeskProcess(tmp_path, {}) as keydesk:
        assert keydesk.wait() == 1
    assert [words.split(" ")[0] for words in keydesk.words[:2]] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]
    assert not list(tmp_path.glob("*.db"))


def test_a_taken_port_is_said(start: Start) -> None:
    """No traceback when another program listens there already."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        keydesk = start(port=str(port))
        assert keydesk.wait() == 1
    assert keydesk.words == [
        f"Port {port} of 127.0.0.1 is taken by another program.",
        "Stop that one, or choose another KEYDESK_PORT.",
    ]


def test_a_token_that_slack_refuses_ends_it(start: Start) -> None:
    """The start ends with 1 and names the variable, once everything that was started is stopped again."""
    keydesk = start(SLACK_BOT_TOKEN="xoxb-wrong")
    assert keydesk.wait() == 1
    assert keydesk.words[0] == "Slack refuses the token in SLACK_BOT_TOKEN: invalid_auth."
    assert len(keydesk.words) == 2
    assert keydesk.events("stopping")


def test_it_waits_for_slack(start: Start, slack: SandboxServer) -> None:
    """While Slack is away the API answers and readiness says why not; once Slack is back, so is Keydesk."""
    control = Control(slack.url)
    control.call("POST", "faults", {"method": "auth.test", "kind": "http_500", "times": 1000})
    keydesk = start()
    assert keydesk.wait_for("slack_not_ready")["error"] == "http_500"
    status, checks = keydesk.readiness()
    assert (status, checks["slack"]) == (503, "not connected to Slack yet")
    assert keydesk.ask("GET", "/v1/pages")[0] == 401
    control.call("POST", "faults", {"clear": True})
    keydesk.wait_until_ready()
    assert keydesk.stop() == 0


def test_a_stop_has_an_end_while_slack_hangs(start: Start, slack: SandboxServer) -> None:
    """Whatever asks Slack something is cut off in time; that is no failure."""
    control = Control(slack.url)
    control.call("POST", "faults", {"method": "*", "kind": "timeout", "times": 1000, "seconds": 30})
    keydesk = start(KEYDESK_SHUTDOWN_SECONDS="2")
    assert keydesk.readiness()[1]["slack"] == "not connected to Slack yet"
    begun = time.monotonic()
    status = keydesk.stop()
    control.call("POST", "faults", {"clear": True})
    assert (status, time.monotonic() - begun < 5) == (0, True)
    assert keydesk.lines[-1]["event"] == "stopped"
    assert [line["task"] for line in keydesk.events("cut_off")] == ["slack"]


def test_a_stop_cuts_off_what_slack_waits_for_in_order(start: Start, slack: SandboxServer) -> None:
    """A click that is still in hand when the time is over is a plain line, and the process ends as after any stop."""
    control = Control(slack.url)
    keydesk = start(KEYDESK_SHUTDOWN_SECONDS="1")
    keydesk.wait_until_ready()
    control.call("POST", "faults", {"method": "views.open", "kind": "timeout", "seconds": 30})

    def click() -> None:
        with suppress(SandboxRefusedError):
            control.person(MIA).type_command("/keys request")

    clicking = threading.Thread(target=click)
    clicking.start()
    wait_until(lambda: any(call["method"] == "views.open" for call in control.journal(kind="api")))
    assert keydesk.stop() == 0
    control.call("POST", "faults", {"clear": True})
    clicking.join(30)
    assert [line["event"] for line in keydesk.lines if line["level"] in ("error", "critical")] == [
        "slack_requests_cut_off"
    ]
    assert (keydesk.lines[-1]["event"], keydesk.words) == ("stopped", [])


def test_a_stop_has_an_end_while_the_database_hangs(start: Start, tmp_path: Path) -> None:
    """Threads that wait for a lock are left behind: the process ends all the same, and says so."""
    keydesk = start(KEYDESK_SHUTDOWN_SECONDS="1")
    keydesk.wait_until_ready()
    [path] = tmp_path.glob("*.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        keydesk.ask("GET", "/v1/pages")
        begun = time.monotonic()
        keydesk.stop()
        assert time.monotonic() - begun < 4


def test_slack_may_call_it_over_http(start: Start, slack: SandboxServer) -> None:
    """Without an app-level token signed requests are taken where the manifest for HTTP sends each kind of them.

    Others are refused.
    """
    keydesk = start(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="sandbox-signing-secret")
    keydesk.wait_until_ready()
    base = "https://keydesk.example"
    manifest = render_manifest(GivenSettings(base_url=base), over_http=True).replace(base, keydesk.url)
    slack.workspace.set_request_urls(parse_manifest(yaml.safe_load(manifest)).request_urls)
    control = Control(slack.url)
    control.person("U0MIA00001").type_command("/keys")
    control.call("GET", "home", None, user="U0MIA00001")
    expected = {("slash_commands", "http", True), ("events_api", "http", True)}
    wait_until(lambda: _deliveries(control) == expected)
    assert keydesk.ask("POST", "/slack/events", b"{}")[0] == 401
    assert keydesk.ask("POST", "/slack/events", b"\xff")[0] == 401
    assert keydesk.ask("POST", "/slack/events", b"x" * 1_000_001)[0] == 413
    assert keydesk.stop() == 0


def _deliveries(control: Control) -> set[tuple[str, str, bool | None]]:
    return {(entry["type"], entry["via"], entry["acked"]) for entry in control.journal(kind="delivery")}


def test_in_socket_mode_nobody_may_call_it_over_http(start: Start) -> None:
    """With a socket to Slack there is no way in that a stranger could try."""
    keydesk = start()
    keydesk.wait_until_ready()
    assert keydesk.ask("POST", "/slack/events", b"{}")[0] == 404


def test_an_app_that_is_taken_out_of_the_workspace_says_so(start: Start, slack: SandboxServer) -> None:
    """Slack tells that the app was uninstalled: `/readyz` says what it is and what to do, the process lives on, and
    is well again once the app is installed again, without a start."""
    control = Control(slack.url)
    keydesk = start()
    keydesk.wait_until_ready()
    control.call("PUT", "app", {"installed": False})
    assert "account_inactive" in keydesk.wait_for("installation_ended")["answer"]
    status, checks = keydesk.readiness()
    refused = "Slack refuses the token (account_inactive): install the app in the workspace again"
    assert (status, checks["slack"]) == (503, refused)
    assert keydesk.ask("GET", "/healthz")[0] == 200
    control.call("PUT", "app", {"installed": True})
    keydesk.wait_until_ready()
    assert keydesk.stop() == 0


def test_a_disk_without_room_is_told(start: Start, slack: SandboxServer) -> None:
    """Nothing can be written any more: people and `/readyz` are told that the disk is full, until there is room."""
    keydesk = start()
    keydesk.wait_until_ready()
    mia = Control(slack.url).person("U0MIA00001")
    mia.type_command("/keys")
    keydesk.limit_files(0)
    refused = mia.type_command('/keys request "ci" scope:read page:all for 9d because we build')
    assert "disk of Keydesk's database is full, so nothing was changed." in words_of(refused)
    status, checks = keydesk.readiness()
    assert (status, checks["database"]) == (503, "the database's disk is full: its last change was refused")
    keydesk.limit_files(None)
    assert "ci" in words_of(mia.type_command('/keys request "ci" scope:read page:all for 9d because we build'))
    keydesk.wait_until_ready()
    assert keydesk.stop() == 0
