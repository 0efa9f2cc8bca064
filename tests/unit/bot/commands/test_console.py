"""Who acts on the command line, and what is said where a terminal cannot show it."""

import ast
import io
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
from bot.cli import main
from bot.commands import console
from tests.unit.bot.commands.conftest import Run

_REFUSALS = {"KeydeskError", "InvalidInputError", "ConflictError", "NotFoundError"}


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the kernel says with which login somebody came."""
    path = tmp_path / "loginuid"
    monkeypatch.setattr(console, "_LOGIN", path)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    return path


@pytest.mark.parametrize("said", [None, "", "4294967295", "nothing"])
def test_the_environment_says_nothing(login: Path, said: str | None) -> None:
    """Where the kernel does not know with which login somebody came, it is the user as whom they act."""
    if said is not None:
        login.write_text(said)
    assert console.login_name() == pwd.getpwuid(os.getuid()).pw_name
    assert str(console.operator()) == f"operator:{console.login_name()}"


def test_the_login_is_kept_through_sudo(login: Path) -> None:
    """Who came as somebody else acts under that name; a number without a user is a name as well."""
    other = next(user for user in pwd.getpwall() if user.pw_uid != os.getuid())
    login.write_text(str(other.pw_uid))
    assert console.login_name() == other.pw_name
    login.write_text("4000000000")
    assert console.login_name() == "uid-4000000000"


def test_signs_that_cannot_be_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal of another encoding shows a question mark, and nobody a traceback for what was done."""
    monkeypatch.chdir(tmp_path)
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(shown, "latin-1"))
    monkeypatch.setattr(sys, "argv", ["keydesk", "--env-file", "“no”", "info"])
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stderr.flush()
    assert (ended.value.code, b"There is no file ?no?." in shown.getvalue()) == (1, True)


def _list_refusals() -> Iterator[tuple[str, ast.Call]]:
    """Every refusal that the command line makes itself, with its place."""
    for file in sorted(Path(bot.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _REFUSALS:
                yield f"{file.name}:{node.lineno}", node


def test_every_refusal_says_what_to_do() -> None:
    """Behind the sentence that says what is wrong stands a hint."""
    found = list(_list_refusals())
    assert len(found) > 50
    mute = [place for place, call in found if len(call.args) < 2 and "hint" not in {one.arg for one in call.keywords}]
    assert mute == []


@pytest.mark.parametrize("option", ["--port", "--sandbox-port"])
def test_a_port_that_is_none_is_refused(keydesk: Run, option: str) -> None:
    """Rather than another taken in its place."""
    result = keydesk("demo", option, "99999")
    assert (result.exit_code, "65535" in result.output) == (2, True)


@pytest.mark.parametrize("words", [("info",), ("keys", "list"), ("backup", "copy"), ("db", "upgrade")])
@pytest.mark.parametrize("head", [b"Nothing of ours", b"SQLite format 3\0"])
def test_a_damaged_database_is_told(
    keydesk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], head: bytes
) -> None:
    """In a sentence, whatever the command is."""
    (tmp_path / "keydesk.db").write_bytes(head.ljust(8192, b"?"))
    monkeypatch.setenv("KEYDESK_DATA_FOLDER", str(tmp_path))
    told = keydesk(*words)
    assert told.stderr.startswith("The database cannot be read: ")
    assert told.exit_code == 1


def test_what_nobody_expected_repeats_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback says what it choked on."""
    error = ValueError("no value: xoxb-1234567890-secret")
    console.tell_uncaught(ValueError, error, None)
    told = capsys.readouterr().err
    assert "ValueError: no value: xoxb-[masked]" in told
    assert "secret" not in told


@pytest.mark.parametrize("words", [("seed", "/dev/zero"), ("audit", "export", "--output", "/nowhere/file")])
def test_what_cannot_be_handed_in_or_out_is_told(keydesk_on: Run, words: tuple[str, ...]) -> None:
    """What has no end, and what has no place."""
    told = keydesk_on(*words)
    assert (told.exit_code, told.exception.__class__) == (1, SystemExit)
    assert told.stderr.startswith(("That is more than 8 MB.", "/nowhere/file: No such file or directory."))
