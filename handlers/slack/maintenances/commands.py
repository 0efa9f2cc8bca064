"""`/maintenance …`: which sub-command does what."""

from collections.abc import Mapping

from desk.commands import slash
from desk.masking import refuse_secrets
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.incidents.choosing import go_on
from handlers.slack.incidents.commands import change_incident, help_for, reopen, words_instead
from handlers.slack.incidents.details import show_command
from handlers.slack.maintenances.cancelling import cancel_command
from handlers.slack.maintenances.choosing import list_command
from handlers.slack.maintenances.moving import extend_command, reschedule_command
from handlers.slack.maintenances.running import complete_command, start_command
from handlers.slack.maintenances.scheduling import schedule_command
from storage.models import IncidentStatus


async def update(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance update`: say more about one."""
    return await change_incident(slack, command, rest, "update", scheduled=True)


async def reopen_(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance reopen`: the work goes on, and people complete it."""
    return await reopen(slack, command, rest, IncidentStatus.IN_PROGRESS)


async def press_chosen(slack: SlackContext, action: BlockAction) -> Message | None:
    """Of several, the one that a line means."""
    return await go_on(MAINTENANCES, slack, action)


async def help_(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/maintenance help`."""
    return await help_for(slack, command, MAINTENANCES)


async def _list(slack: SlackContext, command: SlashCommand) -> Message:
    return await list_command(slack, command, "")


_SCHEDULE = 'schedule ["Database upgrade" on acme component:search from tomorrow 22:00 for 3h We move to …]'
_RESCHEDULE = "reschedule [MAINTENANCE] [from Dec 1 22:00 until Dec 2 01:00 UTC] [text]"


def _instead() -> Mapping[str, str]:
    called_off = f"One that is not to take place is called off with `{slash('maintenance cancel')}`."
    ends = f"One that runs is ended with `{slash('maintenance complete')}`. {called_off}"
    stopping = dict.fromkeys(("abort", "stop", "halt", "kill", "drop", "close", "resolve"), ends)
    shorter = f"An earlier end is typed with `{slash('maintenance reschedule')}` MAINTENANCE until 23:00."
    reminds = (
        f"Its form says whether subscribers are reminded before it: *Edit* in `{slash('maintenance schedule')}`."
    )
    return {
        **words_instead("maintenance", called_off),
        **stopping,
        "shorten": shorter,
        **dict.fromkeys(("remind", "reminder"), reminds),
    }


MAINTENANCES = CommandFamily(
    Command.MAINTENANCE,
    _list,
    [
        SubCommand(_SCHEDULE, "announce one, by your own clock", schedule_command, also=["new", "plan", "create"]),
        SubCommand("start [MAINTENANCE] [text]", "begin it now", start_command, also=["begin"], destroys=True),
        SubCommand("update [MAINTENANCE] [verifying] [text]", "say more", update, also=["post"]),
        SubCommand(
            "complete [MAINTENANCE] [text]",
            "end it, and bring its components back",
            complete_command,
            also=["end", "finish", "done"],
            destroys=True,
        ),
        SubCommand(_RESCHEDULE, "move it", reschedule_command, also=["move", "postpone", "delay"]),
        SubCommand(
            "extend [MAINTENANCE] for 2h|until 23:30 [text]",
            "it takes longer",
            extend_command,
            also=["longer", "prolong"],
        ),
        SubCommand("reopen MAINTENANCE [text]", "it was completed too early", reopen_, also=["resume"]),
        SubCommand("cancel [MAINTENANCE] [why]", "call it off", cancel_command, destroys=True),
        SubCommand("list [on PAGE]", "what goes on and what is planned", list_command, also=["ls"], takes_page=True),
        SubCommand("show MAINTENANCE", "everything about one", show_command, also=["get"]),
        SubCommand("help", "this", help_, also=["?"]),
    ],
    check=refuse_secrets,
    instead=_instead,
)
"""`/maintenance` and everything that may follow it."""
