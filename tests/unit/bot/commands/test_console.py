"""Who acts on the command line, and what is said where a terminal cannot show it."""

import io
import os
import pwd
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.commands import console


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
