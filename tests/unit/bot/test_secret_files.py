"""Secrets in files: a file for one secret, or a folder of them, as Docker, systemd and Kubernetes hand them out."""

from pathlib import Path

import pytest

from bot.settings import SECRETS, SettingsError, list_settings, load_settings
from tests.command_line import type_keydesk

VALUES = {
    "SLACK_BOT_TOKEN": "xoxb-planted",
    "SLACK_APP_TOKEN": "xapp-planted",
    "SLACK_SIGNING_SECRET": "planted",
    "KEYDESK_SLACK_PROXY": "http://ann:planted@proxy.example.com:3128",
    "KEYDESK_DATABASE_URL": "postgresql://ann:planted@db.example.com/keydesk",
    "KEYDESK_DATABASE_DIRECT_URL": "postgresql://ann:planted2@db.example.com/keydesk",
    "KEYDESK_ENCRYPTION_KEYS": "cGxhbnRlZHBsYW50ZWRwbGFudGVkcGxhbnRlZC4uLi4=",
    "KEYDESK_STATUSPAGE_KEYS": "plantedplanted@2027-01-31",
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set, and no `.env` is near."""
    monkeypatch.chdir(tmp_path)
    for variable in VALUES:
        monkeypatch.delenv(variable, raising=False)


def loaded(variable: str) -> str:
    """The value that Keydesk would start with."""
    settings = load_settings()
    value = getattr(settings, variable.removeprefix("KEYDESK_").lower())
    return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)


def problem() -> str:
    """The one thing that is wrong with the settings."""
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (told,) = caught.value.problems
    return told


def test_every_secret_has_an_example_here() -> None:
    """So that none is left out below."""
    assert VALUES.keys() == set(SECRETS)


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_for_one_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, end: str) -> None:
    """`…_FILE` names it; the end of its line is no part of the secret; the configuration says where it is from."""
    path = tmp_path / "secret"
    path.write_bytes(f"{VALUES[variable]}{end}".encode())
    monkeypatch.setenv(f"{variable}_FILE", str(path))
    assert loaded(variable) == VALUES[variable]
    (entry,) = [entry for entry in list_settings() if entry.variable == variable]
    assert entry.source == f"file {path}"
    assert "planted" not in entry.shown and entry.shown


def test_a_file_that_env_names(tmp_path: Path) -> None:
    """The name of the file may stand in `.env`."""
    (tmp_path / "token").write_text("xoxb-planted\n")
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN_FILE=token\n")
    assert loaded("SLACK_BOT_TOKEN") == "xoxb-planted"


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("is_small", [True, False])
def test_a_folder_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, is_small: bool) -> None:
    """Each file is called as its variable; what else is in the folder is none of ours."""
    name = variable.lower() if is_small else variable
    (tmp_path / name).write_text(VALUES[variable] + "\n")
    (tmp_path / "tls.key").write_text("not ours")
    monkeypatch.setenv("KEYDESK_SECRETS_FOLDER", str(tmp_path))
    assert loaded(variable) == VALUES[variable]


def test_the_environment_comes_before_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As before `.env`."""
    (tmp_path / "slack_bot_token").write_text("xoxb-folder")
    monkeypatch.setenv("KEYDESK_SECRETS_FOLDER", str(tmp_path))
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-environment")
    assert loaded("SLACK_BOT_TOKEN") == "xoxb-environment"


def test_a_secret_that_is_said_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two would count nobody should have to guess."""
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-planted\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "elsewhere")
    assert problem().startswith("SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set: take one away")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "which is not there."),
        (b"", "which is empty."),
        (b" \n", "which is empty."),
        (b"\xff\xfe", "which is not text in UTF-8."),
        (b"xoxb-1\nxoxb-2\n", "which holds more than one line: put the secret alone into it."),
        (b"x" * 9000, "which holds more than one line: put the secret alone into it."),
    ],
)
def test_a_file_that_gives_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    """The sentence names the variable, the file and what is wrong with it."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(path))
    assert problem() == f"SLACK_BOT_TOKEN_FILE names {path}, {said}"


def test_a_folder_where_a_file_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frequent slip with mounts of containers."""
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(tmp_path))
    assert problem() == f"SLACK_BOT_TOKEN_FILE names {tmp_path}, which is a folder."


def test_a_file_in_the_folder_that_gives_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link into nowhere is told, not passed over."""
    (tmp_path / "slack_app_token").symlink_to(tmp_path / "gone")
    monkeypatch.setenv("KEYDESK_SECRETS_FOLDER", str(tmp_path))
    assert problem() == f"SLACK_APP_TOKEN comes from {tmp_path}/slack_app_token, which is not there."


def test_a_secrets_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from it, and the start says so."""
    monkeypatch.setenv("KEYDESK_SECRETS_FOLDER", "/nowhere")
    assert problem() == "KEYDESK_SECRETS_FOLDER names /nowhere, which is no folder."


def test_a_wrong_secret_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is told with the file, and without the secret."""
    (tmp_path / "token").write_text("planted")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "token")
    assert problem() == "SLACK_BOT_TOKEN (from file token) must be a token that begins with xoxb-."


def test_what_is_no_secret_is_not_read_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that looks like it would be read is refused."""
    monkeypatch.setenv("KEYDESK_PORT_FILE", "port")
    assert problem() == "KEYDESK_PORT_FILE is not a setting of Keydesk: only secrets are read from files."


def test_the_command_shows_where_secrets_are_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`keydesk config` names the file, masks the secret, and tells a file that is not there."""
    (tmp_path / "proxy").write_text(VALUES["KEYDESK_SLACK_PROXY"] + "\n")
    monkeypatch.setenv("KEYDESK_SLACK_PROXY_FILE", "proxy")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "nowhere")
    shown = type_keydesk("config", "--brief")
    assert "  KEYDESK_SLACK_PROXY = http://ann:***@proxy.example.com:3128  (file proxy)\n" in shown.stdout
    assert "planted" not in shown.output
    assert shown.stderr.startswith("SLACK_BOT_TOKEN_FILE names nowhere, which is not there.\n")
