"""The page on the command line knows every command, and only those that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.command_line import keydesk_command

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()


def commands(command: Any, path: str = "keydesk") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with what one types for it."""
    families = getattr(command, "commands", None)
    if families is None:
        yield path, command
        return
    for name, inner in families.items():
        yield from commands(inner, f"{path} {name}")


def test_every_command_is_on_the_page_once() -> None:
    """A command that is added, renamed or dropped is found here."""
    listed = re.findall(r"^\| `(keydesk [a-z -]+)` \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(path for path, _ in commands(keydesk_command()))


def test_options_on_the_page_exist() -> None:
    """What the page shows of an option can be typed."""
    known = {
        option
        for _, command in [("", keydesk_command()), *commands(keydesk_command())]
        for parameter in command.params
        for option in parameter.opts
    }
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - {"--help"}
    assert shown
    assert shown <= known


def test_every_command_and_argument_says_what_it_is() -> None:
    """Help texts are there for people to use."""
    for path, command in commands(keydesk_command()):
        assert (command.help or "").strip().endswith("."), path
        for parameter in command.params:
            assert parameter.name == "help" or getattr(parameter, "help", None), f"{path} {parameter.name}"
