"""`/incident …`: which sub-command does what."""

from collections.abc import Mapping

from desk.commands import slash
from desk.incidents.authority import list_meant
from desk.incidents.inputs import ENDED
from desk.incidents.listing import require_reader
from desk.incidents.lookup import get_incident_by_word, require_over
from desk.incidents.maintenances.plans import plan_completion
from desk.masking import refuse_secrets
from desk.moments.windows import find_plan
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, Command
from handlers.slack.framework.blocks import Block, Message, actions, button, context, section
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.incidents.backfill import backfill_command
from handlers.slack.incidents.choosing import choice_message, go_on, named_in
from handlers.slack.incidents.details import show_command
from handlers.slack.incidents.drafts.writing import draft_or_form
from handlers.slack.incidents.listing import drafts_command, list_command
from handlers.slack.incidents.parsing import parse_incident
from handlers.slack.incidents.postmortems import postmortem_command
from handlers.slack.incidents.starting import (
    begin_new,
    begin_update,
    with_bare_name,
    with_page_or_words,
    with_whole_page,
)
from handlers.slack.incidents.templates.commands import template_command
from handlers.slack.incidents.typed import TypedIncident
from storage.models import IncidentStatus, Role


async def new(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    """`/incident new`: the preview of what was typed, or the form where something is missing. Words without quotation
    marks are the name, which the form asks to look at."""
    said = _parse(rest, takes_bare_name=True)

    def work(tx: Transaction) -> Block:
        anew = with_whole_page(tx, rest, said.page_at)
        line = said if anew is None else _read(anew, takes_bare_name=True)
        begun = begin_new(tx, with_bare_name(tx, line), token=command.token)
        return draft_or_form(tx, begun, is_complete=bool(line.quoted or line.template))

    await open_modal(slack, command.trigger_id, await slack.desk.write(command.actor, work))


async def update(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/incident update`."""
    return await change_incident(slack, command, rest, "update")


async def resolve(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/incident resolve`: with its components back to operational."""
    return await change_incident(slack, command, rest, "resolve", status=IncidentStatus.RESOLVED)


async def reopen(
    slack: SlackContext, command: SlashCommand, rest: str, again: IncidentStatus = IncidentStatus.INVESTIGATING
) -> Message | None:
    """`/incident reopen`: one that was resolved too early."""
    typed = _parse(rest)

    def work(tx: Transaction) -> Block:
        said = _read_again(tx, typed, rest)
        anew = named_in(tx, said, scheduled=again is IncidentStatus.IN_PROGRESS, is_over=True)
        said = said if anew is None else _read(anew)
        incident = get_incident_by_word(tx.session, said.incident or said.quoted or as_written(said.body))
        status = said.status or again
        begun = begin_update(tx, incident.id, with_page_or_words(tx, said), status=status, token=command.token)
        require_over(tx.session, incident)
        return draft_or_form(tx, begun, is_complete=bool(said.body))

    await open_modal(slack, command.trigger_id, await slack.desk.write(command.actor, work))
    return None


async def change_incident(
    slack: SlackContext,
    command: SlashCommand,
    rest: str,
    verb: str,
    *,
    status: IncidentStatus | None = None,
    scheduled: bool = False,
) -> Message | None:
    """An update in one line: its preview, the form where something is missing, or the choice of what is open, which
    goes on with the verb and the words."""
    typed = _parse(rest)

    def work(tx: Transaction) -> Block | Message:
        said = _read_again(tx, typed, rest)
        anew = named_in(tx, said, scheduled=scheduled)
        said = with_page_or_words(tx, said if anew is None else _read(anew))
        meant = list_meant(tx, incident_id=said.incident, called=said.quoted, page=said.page, scheduled=scheduled)
        if len(meant) > 1:
            return choice_message(tx, meant, verb, rest, _CHOSEN[scheduled])
        if said.status is IncidentStatus.COMPLETED and meant[0].status == IncidentStatus.SCHEDULED:
            # It would be called off, and readers told that it is done.
            plan_completion(tx, meant[0].id)
        begun = begin_update(tx, meant[0].id, said, status=status, token=command.token)
        ends = (status or said.status) in ENDED and meant[0].status not in ENDED
        return draft_or_form(tx, begun, is_complete=bool(said.body or said.status or ends))

    answer = await slack.desk.write(command.actor, work)
    if isinstance(answer, Message):
        return answer
    await open_modal(slack, command.trigger_id, answer)
    return None


def _read_again(tx: Transaction, typed: TypedIncident, rest: str) -> TypedIncident:
    anew = with_whole_page(tx, rest, typed.page_at)
    return typed if anew is None else _read(anew)


_CHOSEN = {False: ActionId.INCIDENT_CHOSEN, True: ActionId.MAINTENANCE_CHOSEN}


async def press_chosen(slack: SlackContext, action: BlockAction) -> Message | None:
    """Of several, the one that a line means."""
    return await go_on(INCIDENTS, slack, action)


def _parse(rest: str, *, takes_bare_name: bool = False) -> TypedIncident:
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(rest)
    return _read(rest, takes_bare_name=takes_bare_name)


def _read(line: str, *, takes_bare_name: bool = False) -> TypedIncident:
    said = parse_incident(line, takes_bare_name=takes_bare_name)
    if (planned := find_plan(said.body)) is not None:
        said.problems.append(f"“{planned}” looks like a time of planned work. Leave it if people should read it.")
    return said


async def help_(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/incident help`."""
    return await help_for(slack, command, INCIDENTS)


async def help_for(slack: SlackContext, command: SlashCommand, family: CommandFamily) -> Message:
    """Everything that can be typed, to those who may. Raises NotAllowedError."""
    await slack.desk.read(command.actor, require_reader)
    return help_message(family)


async def _menu(slack: SlackContext, command: SlashCommand) -> Message:
    return await slack.desk.read(command.actor, menu_message)


_NEW = 'new ["Checkout errors" on acme component:search=partial_outage investigating We are looking …]'
_NEW_TOO = ["create", "open", "start", "declare", "report"]
_UPDATE = "update [INCIDENT] [component:search=degraded] [monitoring] [A fix is in …]"
_BACKFILL = 'backfill ["Short outage" on acme at yesterday 14:00 It was …]'
_TEMPLATE = 'template list|new|edit NAME|show NAME|save INCIDENT as "name"|delete NAME'
_RESOLVE = "resolve [INCIDENT] [It works again …]"
_LIST = "list [open|all|on PAGE|text]"


def words_instead(command: str, ended: str) -> Mapping[str, str]:
    """What to do instead of changing or deleting what was published."""
    edits = (
        f"`{slash(f'{command} update')}` opens a form in which the name can be changed as well. What was said stays: "
        "what is right is said in a new update."
    )
    deletes = f"What was published stays, for those who have read it. {ended}"
    changing = dict.fromkeys(("rename", "name", "title", "edit", "change", "modify", "correct", "fix"), edits)
    return {**changing, **dict.fromkeys(("delete", "remove", "erase", "undo", "hide"), deletes)}


def _instead() -> Mapping[str, str]:
    ended = f"It is ended with `{slash('incident resolve')}`; a draft is thrown away in `{slash('incident drafts')}`."
    worse = f"The impact follows the components; to say another: `{slash('incident update')} INCIDENT impact:major`."
    over = f"To end it: `{slash('incident resolve')}`."
    drafts = f"`{slash('incident drafts')}` lists them, with a button for each."
    reminds = f"With an update: `{slash('incident update')} INCIDENT remind:2h`, which reminds of the next one then."
    components = f"Their states go with an update: `{slash('incident update')} INCIDENT component:NAME=degraded`."
    goes_on = f"To say how it stands: `{slash('incident update')} INCIDENT monitoring`, with words or without."
    return {
        **words_instead("incident", ended),
        **dict.fromkeys(("severity", "sev", "priority", "impact"), worse),
        **dict.fromkeys(("fixed", "solved", "solve", "done", "finish", "complete", "completed"), over),
        **dict.fromkeys(("draft", "publish", "discard", "preview"), drafts),
        **dict.fromkeys(("remind", "reminder", "remindme", "snooze"), reminds),
        **dict.fromkeys(("component", "components"), components),
        **dict.fromkeys(("investigating", "identified", "monitoring", "ack", "acknowledge"), goes_on),
    }


INCIDENTS = CommandFamily(
    Command.INCIDENT,
    _menu,
    [
        SubCommand(
            _NEW, "tell people that something is wrong", new, also=["create", "open", "start", "declare", "report"]
        ),
        SubCommand(_UPDATE, "say more", update, also=["post"]),
        SubCommand(_RESOLVE, "end it, and bring its components back", resolve, also=["close", "end", "resolved"]),
        SubCommand("reopen INCIDENT [It is back …]", "it was resolved too early", reopen),
        SubCommand(
            _LIST,
            "what is open, what is planned and what is over",
            list_command,
            also=["ls", "status"],
            takes_page=True,
        ),
        SubCommand("drafts", "what is written and not yet public", drafts_command),
        SubCommand("show INCIDENT", "everything about one", show_command, also=["get"]),
        SubCommand("postmortem INCIDENT", "write down what happened, and publish it", postmortem_command),
        SubCommand(_BACKFILL, "write down one of the past", backfill_command),
        SubCommand(_TEMPLATE, "words kept for the next time", template_command, also=["templates"], takes_page=True),
        SubCommand("help", "this", help_, also=["?"]),
    ],
    check=refuse_secrets,
    instead=_instead,
)
"""`/incident` and everything that may follow it."""


def menu_message(tx: Transaction) -> Message:
    """`/incident` alone: what one can do, as buttons. Raises NotAllowedError."""
    require_reader(tx)
    roles = roles_of_actor(tx)
    buttons = []
    if roles.has_anywhere(Role.INCIDENT_MANAGER):
        buttons.append(button("New incident", ActionId.INCIDENT_NEW, style="primary"))
    if roles.has_anywhere(Role.MAINTENANCE_MANAGER):
        buttons.append(button("Schedule maintenance", ActionId.MAINTENANCE_NEW))
    buttons.append(button("What is open", ActionId.INCIDENT_LIST))
    hint = context(f"`{slash('incident help')}` and `{slash('maintenance help')}` list what can be typed.")
    return Message("Incidents", [section("*Incidents and maintenances*"), actions(*buttons), hint])


def help_message(family: CommandFamily) -> Message:
    """Every sub-command in a line."""
    named = "An incident is named by its name in quotation marks, its id or its link; alone, it can be left out."
    lines = "\n".join(family.help_lines(is_owner=True))
    return Message(f"Help for {family.name}", [section(f"*`{family.name}`*\n{lines}"), context(named)])
