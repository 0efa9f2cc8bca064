"""The command line, run in the test's process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import create_cli

Run = Callable[..., Result]


@pytest.fixture
def keydesk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `keydesk` with the given arguments, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(create_cli(), arguments, input=input)

    return run


@pytest.fixture
def keydesk_on(keydesk: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same on a fresh database with Keydesk's tables."""
    monkeypatch.setenv("KEYDESK_DATABASE_URL", database_url)
    return keydesk
