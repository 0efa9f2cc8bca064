"""The command line, typed into in the test's process."""

from functools import cache
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from bot.cli import create_cli


@cache
def keydesk_command() -> Any:
    """The command `keydesk`. Putting its families together takes longer than most of them take to answer."""
    return get_command(create_cli())


def type_keydesk(*arguments: str, input: str | None = None) -> Result:
    """What `keydesk` answers to these arguments, and to what is typed into it then."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("typer.testing._get_command", lambda command: command)
        return CliRunner().invoke(keydesk_command(), arguments, input=input)
