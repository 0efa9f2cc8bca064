"""The pages for people name the commands that there are, all of them and no others."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from desk.errors import InvalidInputError
from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from handlers.slack.framework.commands import CommandFamily

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FAMILIES: Mapping[str, CommandFamily] = {str(family.command): family for family in join_areas(AREAS).commands}
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TYPED = re.compile(rf"({'|'.join(FAMILIES)})(?: ([a-z_]+))?\b")
_NAME = re.compile(r"[a-z_]+")


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Commands with their sub-commands, as `/incident new …` and, in the first cell of a table, as `update` behind
    one of the same command."""
    for line in text.splitlines():
        cell = line.split("|")[1] if line.startswith("|") else ""
        about = ""
        for code in _CODE.findall(cell):
            typed = _TYPED.match(code)
            about = typed[1] if typed else about
            if about and not typed and _NAME.fullmatch(code):
                yield about, code
    for code in [*_CODE.findall(text), *"\n".join(_FENCE.findall(text)).splitlines()]:
        typed = _TYPED.match(code)
        if typed and typed[2]:
            yield typed[1], typed[2]


def test_commands_are_read_from_a_page() -> None:
    """A table's first cell may go on with mere names; elsewhere a command is written in full."""
    page = (
        "| `/keys show`, `list` `<key>` | `not this` |\n\nType `/incident new` or:\n\n```\n/maintenance plan …\n```\n"
    )
    assert set(_named(page)) == {("/keys", "show"), ("/keys", "list"), ("/incident", "new"), ("/maintenance", "plan")}


def test_every_command_that_a_page_names_is_there() -> None:
    """What people read they can type."""
    unknown = []
    for page in PAGES:
        for command, name in _named(page.read_text()):
            try:
                FAMILIES[command].get(name)
            except InvalidInputError:
                unknown.append(f"{page.name}: {command} {name}")
    assert unknown == []


@pytest.mark.parametrize("command", FAMILIES)
def test_every_command_is_named(command: str) -> None:
    """The pages about commands and about incidents name each sub-command, by the name that help lists."""
    pages = (ROOT / "docs" / "commands.md", ROOT / "docs" / "incidents.md")
    named = {found for page in pages for found in _named(page.read_text())}
    missing = {one.name for one in FAMILIES[command].sub_commands if (command, one.name) not in named}
    assert missing == set()


def test_the_templates_sub_commands_are_named() -> None:
    """The page about incidents has what may follow `/incident template`."""
    row = next(
        line for line in (ROOT / "docs" / "incidents.md").read_text().splitlines() if "`/incident template`" in line
    )
    assert {"list", "show", "save", "delete"} <= {code.split()[0] for code in _CODE.findall(row)}
