"""Everything that Slack can do, the command line and Keydesk's own API do as well, or a sentence says why not."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from bot.commands.naming import HERE
from handlers.http.own.operations import OPERATIONS as OWN
from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from handlers.slack.incidents.templates import commands as templates
from tests.command_line import keydesk_command
from tests.docs.api_twins import (
    ACTIONS_BY_OWN,
    NO_ACTION_BY_API,
    NO_OPERATION,
)
from tests.docs.test_command_line_page import commands
from tests.docs.twins import ACTIONS, NO_ACTION, NO_COMMAND, NO_VIEW, VIEWS

T = TypeVar("T")
WHOLE = join_areas(AREAS)
THERE: Mapping[str, Any] = {path.removeprefix("keydesk "): command for path, command in commands(keydesk_command())}
THERE_BY_API = {one.key for one in OWN}
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


def _unmatched(
    said: Collection[str],
    twins: Mapping[str, T],
    reasons: Mapping[str, str],
    exists: Callable[[T], bool],
) -> dict[str, list[str]]:
    """What is wrong with two tables about these things; empty where nothing is."""
    wrong = {
        "neither a twin nor a reason": [one for one in said if one not in twins and one not in reasons],
        "a twin and a reason": [one for one in twins if one in reasons],
        "there is no such thing in Slack": [one for one in (*twins, *reasons) if one not in said],
        "its twin is not there": [f"{one}: {line}" for one, line in twins.items() if not exists(line)],
        "its reason is no sentence": [one for one, why in reasons.items() if not _SENTENCE.fullmatch(why)],
    }
    return {what: sorted(found) for what, found in wrong.items() if found}


def test_every_command_has_a_twin() -> None:
    """Each sub-command, derived from the areas, is in the table by which hints are named; and no other is."""
    assert _unmatched(set(_sub_commands()), HERE, NO_COMMAND, _exists) == {}


def test_every_button_has_a_twin() -> None:
    """Each button and menu that answers, searched menus included."""
    assert _unmatched({*dict(WHOLE.actions), *dict(WHOLE.options)}, ACTIONS, NO_ACTION, _exists) == {}


def test_every_form_has_a_twin() -> None:
    """Each form that is submitted."""
    assert _unmatched(set(dict(WHOLE.views)), VIEWS, NO_VIEW, _exists) == {}


def _by_api() -> Mapping[str, tuple[str, str]]:
    """Sub-commands of Slack → the operation that does the same."""
    return {twin: one.key for one in OWN for twin in one.twins}


def test_every_command_has_an_operation() -> None:
    """In Keydesk's own table, which names it."""
    assert _unmatched(set(_sub_commands()), _by_api(), NO_OPERATION, THERE_BY_API.__contains__) == {}


def test_every_button_and_form_has_an_operation() -> None:
    """That of the sub-command which does the same, one of its own, or a reason; what only redraws needs none."""
    of_command = {here.partition(" --")[0]: slack for slack, here in HERE.items()}
    same = {one: of_command.get(line.partition(" --")[0]) for one, line in {**ACTIONS, **VIEWS}.items()}
    answered = {one for one, command in same.items() if command in _by_api() or command in NO_OPERATION}
    # What somebody can do at a terminal somebody may want to do by a program, and what belongs to one person as well.
    left = {*ACTIONS, *VIEWS, "request.withdraw", "ticket.collect"} - answered
    assert _unmatched(left, ACTIONS_BY_OWN, NO_ACTION_BY_API, THERE_BY_API.__contains__) == {}


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
    assert list(_unmatched(said, twins, reasons, _exists)) == [wrong]
