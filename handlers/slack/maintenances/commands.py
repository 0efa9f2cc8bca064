"""`/maintenance …`: which sub-command does what."""

from desk.secret import refuse_secrets
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.commands import CommandFamily, SubCommand, Usage, split_command
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.incidents.commands import change_incident, help_message
from handlers.slack.incidents.details import show_command
from handlers.slack.maintenances.cancelling import cancel_command
from handlers.slack.maintenances.choosing import list_command
from handlers.slack.maintenances.moving import reschedule_command
from handlers.slack.maintenances.running import complete_command, start_command
from handlers.slack.maintenances.scheduling import schedule_command


async def update(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance update`: say more about one."""
    return await change_incident(slack, command, rest, scheduled=True)


async def help_(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/maintenance help`."""
    return help_message(MAINTENANCES)


_SCHEDULE = 'schedule ["Database upgrade" on acme component:search from tomorrow 22:00 for 3h We move to …]'
_SUB_COMMANDS: dict[str, SubCommand] = {
    "schedule": SubCommand(schedule_command, Usage(_SCHEDULE, "announce one, by your own clock")),
    "start": SubCommand(start_command, Usage("start [MAINTENANCE] [text]", "begin it now")),
    "update": SubCommand(update, Usage("update [MAINTENANCE] [verifying] [text]", "say more")),
    "complete": SubCommand(
        complete_command, Usage("complete [MAINTENANCE] [text]", "end it, and bring its components back")
    ),
    "reschedule": SubCommand(
        reschedule_command,
        Usage("reschedule [MAINTENANCE] [from 2026-12-01 22:00 until 2026-12-02 01:00 UTC] [text]", "move it"),
    ),
    "cancel": SubCommand(cancel_command, Usage("cancel [MAINTENANCE] [why]", "call it off")),
    "list": SubCommand(list_command, Usage("list [on PAGE]", "what goes on and what is planned")),
    "show": SubCommand(show_command, Usage("show MAINTENANCE", "everything about one")),
    "help": SubCommand(help_, Usage("help", "this")),
}
_ALSO = {
    "new": "schedule",
    "plan": "schedule",
    "create": "schedule",
    "begin": "start",
    "post": "update",
    "end": "complete",
    "finish": "complete",
    "done": "complete",
    "move": "reschedule",
    "ls": "list",
    "get": "show",
    "?": "help",
}
MAINTENANCES = CommandFamily(Command.MAINTENANCE, _SUB_COMMANDS, _ALSO)
"""`/maintenance` and everything that may follow it."""


async def maintenance_command(slack: SlackContext, command: SlashCommand) -> Message | None:
    """`/maintenance`: the list, or what was typed. Raises InvalidInputError that names what may have been meant."""
    # Lists and refusals, too, would repeat it.
    refuse_secrets(command.text)
    name, rest = split_command(command.text)
    return await MAINTENANCES.get(name or "list").handler(slack, command, rest)
