"""Everything in Slack is answered, and drawn, by one handler."""

from collections.abc import Sequence
from typing import Any

import pytest

from desk.errors import InvalidInputError
from handlers.slack import app
from handlers.slack.framework.action_ids import ActionId, CallbackId, Command
from handlers.slack.framework.areas import Area, DoubledError, join_areas
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.payloads import SlackContext, SlashCommand


async def _first(*_told: Any) -> None:
    raise AssertionError("nothing is called while areas are joined")


async def _second(*_told: Any) -> None:
    raise AssertionError("nothing is called while areas are joined")


async def _alone(_slack: SlackContext, _command: SlashCommand) -> Message | None:
    raise AssertionError("nothing is called while areas are joined")


def _family(command: Command, *sub_commands: SubCommand) -> CommandFamily:
    return CommandFamily(command, _alone, sub_commands)


def _sub_command(usage: str, *also: str) -> SubCommand:
    return SubCommand(usage, "does something", _first, also=also)


DOUBLED = [
    ("commands", [_family(Command.KEYS), _family(Command.KEYS)], "command “/keys”"),
    ("actions", [(ActionId.KEY_SHOW, _first), (ActionId.KEY_SHOW, _second)], "button “key.show”"),
    ("views", [(CallbackId.KEY_KEEP, _first), (CallbackId.KEY_KEEP, _second)], "modal “key.keep”"),
    ("closed", [(CallbackId.TICKET_COLLECT, _first)] * 2, "closed modal “ticket.collect”"),
    ("options", [(ActionId.ROLE_GROUP, _first), (ActionId.ROLE_GROUP, _second)], "searched menu “role.group”"),
    ("events", [("team_join", _first), ("team_join", _second)], "event “team_join”"),
    ("messages", [("key.changed", _first), ("key.changed", _second)], "kind of message “key.changed”"),
]


@pytest.mark.parametrize(("kind", "pairs", "named"), DOUBLED)
def test_a_doubled_name_is_refused(kind: str, pairs: Sequence[Any], named: str) -> None:
    """Two of a name are refused with a sentence that names it, be they of one area or of two; one is taken."""
    for areas in ([Area(**{kind: pairs})], [Area(**{kind: pairs[:1]}), Area(), Area(**{kind: pairs[1:]})]):
        with pytest.raises(DoubledError, match=f"^The {named} is registered twice"):
            join_areas(areas)
    assert list(getattr(join_areas([Area(**{kind: pairs[:1]}), Area()]), kind)) == list(pairs[:1])


@pytest.mark.parametrize("second", [_sub_command("show ALL"), _sub_command("list", "get"), _sub_command("get")])
def test_a_doubled_sub_command_is_refused(second: SubCommand) -> None:
    """No name or other name of a sub-command hides one of its siblings; other commands may have the same."""
    shown = _sub_command("show KEY", "get")
    with pytest.raises(DoubledError, match=r"^The sub-command of /keys “(show|get)” is registered twice"):
        join_areas([Area(commands=[_family(Command.KEYS, shown, second)])])
    join_areas([Area(commands=[_family(Command.KEYS, shown), _family(Command.ROLES, second)])])


def test_a_doubled_name_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keydesk does not start with two handlers of a button, whichever two areas they are from."""
    assert app.all_renderers()
    monkeypatch.setattr(app, "AREAS", (*app.AREAS, Area(actions=[(ActionId.KEY_SHOW, _first)])))
    with pytest.raises(DoubledError, match=r"key\.show"):
        app.all_renderers()


@pytest.mark.parametrize("family", join_areas(app.AREAS).commands, ids=lambda family: str(family.command))
def test_every_command_points_at_what_was_meant(family: CommandFamily) -> None:
    """Each command has help, and answers a slip of a letter with what may have been meant."""
    assert family.get("help").name == "help"
    with pytest.raises(InvalidInputError, match=f"Did you mean `{family.command} list`"):
        family.get("lisst")
    with pytest.raises(InvalidInputError, match=f"`{family.command} help` lists what there is"):
        family.get("zzzzzz")
