"""`keydesk config`."""

from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.settings import list_settings, render_env_example
from desk.transaction import Actor, Desk
from desk.upstreams.connecting import connect_upstream
from tests.unit.bot.commands.conftest import Run


def test_every_setting_is_shown_with_value_and_source(
    keydesk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting stands on a line with its value and where that is from, secrets masked, with its help below."""
    (tmp_path / ".env").write_text("KEYDESK_PORT=4000\nSLACK_SIGNING_SECRET=planted\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-planted")
    result = keydesk("config")
    assert result.exit_code == 0
    assert "  KEYDESK_PORT = 4000  (.env)\n      Port to listen on.\n" in result.output
    assert "  SLACK_BOT_TOKEN = xoxb-…  (environment)\n" in result.output
    assert "  KEYDESK_OWNERS = not set  (default)\n" in result.output
    assert "planted" not in result.output
    assert [e.variable for e in list_settings(None) if f"  {e.variable} = " not in result.output] == []


def test_help_can_be_left_out(keydesk: Run) -> None:
    """The brief form has a line for each setting and one for each group."""
    result = keydesk("config", "--brief")
    assert "Port to listen on." not in result.output
    entries = list_settings(None)
    assert len(result.output.splitlines()) == len(entries) + len({entry.group for entry in entries})


def test_wrong_settings_are_told_and_end_with_1(keydesk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is shown all the same, and every fault is told on standard error."""
    monkeypatch.setenv("KEYDESK_PORT", "http")
    monkeypatch.setenv("KEYDESK_PROT", "1")
    result = keydesk("config")
    assert result.exit_code == 1
    assert "  KEYDESK_PORT = http  (environment)" in result.stdout
    assert result.stderr.splitlines() == [
        "KEYDESK_PROT is not a setting of Keydesk: did you mean KEYDESK_PORT?",
        'KEYDESK_PORT is "http" but must be a whole number from 1 to 65535.',
        "'keydesk config' lists every setting with its help.",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:planted@host:port/name",
        "mysql://ann:planted@host/name",
        "postgresql://127.0.0.1:1/name?password=planted",
        "ann:planted@host",
        "planted\udcff",
        "[planted",
    ],
)
@pytest.mark.parametrize("variable", ["KEYDESK_DATABASE_URL", "KEYDESK_BASE_URL"])
def test_no_address_shows_its_password_or_breaks_the_list(
    keydesk: Run, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    """Right or wrong: the list and what is said of faults are sentences, and every other setting is shown."""
    monkeypatch.setenv(variable, address)
    result = keydesk("config")
    assert isinstance(result.exception, SystemExit | None)
    assert "KEYDESK_PORT" in result.output
    if "@" in address or "=" in address or variable == "KEYDESK_DATABASE_URL":
        assert "planted" not in result.output


def test_a_file_that_is_no_text_is_told(keydesk: Run, tmp_path: Path) -> None:
    """A `.env` in another encoding is named in a sentence."""
    (tmp_path / ".env").write_bytes(b"KEYDESK_DATABASE_URL=postgresql://ann:\xff@host/name\n")
    result = keydesk("config")
    assert result.exit_code == 1
    assert "is not UTF-8 text" in result.stderr


def test_the_example_file_is_printed_as_it_is(keydesk: Run) -> None:
    """`--example` prints a file that can be saved as `.env`."""
    assert keydesk("config", "--example").stdout == render_env_example()


def test_another_file_can_be_named(keydesk: Run, tmp_path: Path) -> None:
    """`--env-file` before the command replaces `.env`."""
    (tmp_path / "other.env").write_text("KEYDESK_PORT=4001\n")
    assert "KEYDESK_PORT = 4001" in keydesk("--env-file", "other.env", "config").output


def test_a_file_that_is_named_must_be_there(keydesk: Run) -> None:
    """A mistyped `--env-file` is refused, rather than read as a file without settings."""
    result = keydesk("--env-file", "nope.env", "config")
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no file nope.env.\n")


def test_the_release_is_told(keydesk: Run) -> None:
    """`keydesk --version` names the release that is installed."""
    assert keydesk("--version").output == f"keydesk {version('keydesk')}\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_keys_of_statuspage_that_end_soon_are_said(
    keydesk_on: Run, seeded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the settings, where Keydesk is connected with one."""
    tomorrow = seeded.clock.now() + timedelta(days=1, hours=1)
    monkeypatch.setenv("KEYDESK_STATUSPAGE_KEYS", f"plantedplanted@{tomorrow:%Y-%m-%d}")
    assert "expires" not in keydesk_on("config", "--brief").output
    seeded.write_now(Actor.operator("ann"), partial(connect_upstream, base_url="https://statuspage.acme.example"))
    said = keydesk_on("config", "--brief").output
    assert "The key “setting 1” of Statuspage expires within" in said
    assert "planted" not in said
