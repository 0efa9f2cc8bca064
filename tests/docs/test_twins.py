"""Everything that Slack can do, the command line does as well, or a sentence says why not."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest
from typer.main import get_command

from bot.cli import create_cli
from bot.commands.naming import HERE
from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from handlers.slack.incidents.templates import commands as templates
from tests.docs.test_command_line_page import commands
from tests.docs.twins import ACTIONS, NO_ACTION, NO_COMMAND, NO_VIEW, VIEWS

WHOLE = join_areas(AREAS)
THERE: Mapping[str, Any] = {
    path.removeprefix("keydesk "): command for path, command in commands(get_command(create_cli()))
}
_SENTENCE = re.compile(r"[A-Z].{20,}\.")


def _sub_commands() -> Iterator[str]:
    """Every sub-command of Slack by the name that help lists, as `keys list`; those of templates with three words."""
    for family in WHOLE.commands:
        yield from (f"{family.command.removeprefix('/')} {one.name}" for one in family.sub_commands)
    handlers = set()
    for name, handler in templates._COMMANDS.items():
        if handler not in handlers:
            yield f"incident template {name}"
        handlers.add(handler)


def _exists(line: str) -> bool:
    """Whether a command, with an option behind it or none, can be typed."""
    name, dashes, option = line.partition(" --")
    command = THERE.get(name)
    if command is None:
        return False
    return not dashes or f"--{option}" in {opt for parameter in command.params for opt in parameter.opts}


def _unmatched(said: Collection[str], twins: Mapping[str, str], reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong with two tables about these things; empty where nothing is."""
    wrong = {
        "neither a twin nor a reason": [one for one in said if one not in twins and one not in reasons],
        "a twin and a reason": [one for one in twins if one in reasons],
        "there is no such thing in Slack": [one for one in (*twins, *reasons) if one not in said],
        "its twin is not there": [f"{one}: {line}" for one, line in twins.items() if not _exists(line)],
        "its reason is no sentence": [one for one, why in reasons.items() if not _SENTENCE.fullmatch(why)],
    }
    return {what: sorted(found) for what, found in wrong.items() if found}


def test_every_command_has_a_twin() -> None:
    """Each sub-command, derived from the areas, is in the table by which hints are named; and no other is."""
    assert _unmatched(set(_sub_commands()), HERE, NO_COMMAND) == {}


def test_every_button_has_a_twin() -> None:
    """Each button and menu that answers, searched menus included."""
    assert _unmatched({*dict(WHOLE.actions), *dict(WHOLE.options)}, ACTIONS, NO_ACTION) == {}


def test_every_form_has_a_twin() -> None:
    """Each form that is submitted."""
    assert _unmatched(set(dict(WHOLE.views)), VIEWS, NO_VIEW) == {}


@pytest.mark.parametrize(
    ("said", "twins", "reasons", "wrong"),
    [
        ({"a"}, {}, {}, "neither a twin nor a reason"),
        ({"a"}, {"a": "keys list"}, {"a": "It is of no use to anybody here."}, "a twin and a reason"),
        (set(), {"a": "keys list"}, {}, "there is no such thing in Slack"),
        (set(), {}, {"a": "It is of no use to anybody here."}, "there is no such thing in Slack"),
        ({"a"}, {"a": "keys juggle"}, {}, "its twin is not there"),
        ({"a"}, {"a": "keys list --juggled"}, {}, "its twin is not there"),
        ({"a"}, {}, {"a": "because"}, "its reason is no sentence"),
    ],
)
def test_what_is_missing_is_found(
    said: set[str], twins: Mapping[str, str], reasons: Mapping[str, str], wrong: str
) -> None:
    """The tables cannot drift from what there is."""
    assert list(_unmatched(said, twins, reasons)) == [wrong]
