"""Which incident or maintenance a line means: by how its words begin, or by a button, with nothing that was typed
lost."""

import re
from collections.abc import Sequence

from desk.incidents.authority import find_beginning, find_named_beginning, find_near_beginning
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, Message, button, context, section
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.commands import CommandFamily
from handlers.slack.framework.messages import typed_blocks
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.incidents.text import name_text, public_link, status_text
from handlers.slack.incidents.typed import TypedIncident
from storage.models import Incident

_CHOICES = 10
_LONGEST_VALUE = 2000
"""Slack's limit of a button's value."""


def named_in(tx: Transaction, said: TypedIncident, *, scheduled: bool, is_over: bool = False) -> str | None:
    """The line anew, where its words begin with the name of something open (or `is_over`) without quotation marks, or
    None."""
    if said.incident or said.quoted or not said.body:
        return None
    words = as_written(said.body).split()
    found = find_named_beginning(tx, words) if is_over else find_beginning(tx, words, scheduled=scheduled)
    if found is None:
        if (near := None if is_over else find_near_beginning(tx, words, scheduled=scheduled)) is not None:
            said.problems.append(f"If “{near[0]}” is “{near[1].name}”, it is not one of your words: take it out.")
        return None
    incident, length = found
    match = re.match(rf"(?:\s*\S+){{{length}}}", said.body)
    return f"incident:{incident.id} {said.body[match.end() :].strip() if match else ''}"


def choice_message(
    tx: Transaction, incidents: Sequence[Incident], verb: str, rest: str, action_id: ActionId
) -> Message:
    """Several may be meant: a button for each, which goes on with the verb and the words that were typed."""
    label = verb.capitalize()
    too_long = any(len(_value(incident, verb, rest)) > _LONGEST_VALUE for incident in incidents)
    blocks: list[Block] = [section("*Which one?*\nWhat you typed goes on with the one that you choose.")]
    for incident in incidents[:_CHOICES]:
        choose = button(label, action_id, _value(incident, verb, "" if too_long else rest))
        text = f"{name_text(incident.name)}  {status_text(incident.status)}  {public_link(tx, incident)}"
        blocks.append(section(text, accessory=choose))
    if len(incidents) > _CHOICES:
        blocks.append(context(f"…and {len(incidents) - _CHOICES} more: name the one that you mean."))
    if too_long:
        blocks += [context("What you wrote is too long for a button. Copy it into the form:"), *typed_blocks(rest)]
    return Message(f"Which one do you want to {verb}?", blocks)


def _value(incident: Incident, verb: str, rest: str) -> str:
    return f"{incident.id}:{verb}:{rest}"


async def go_on(family: CommandFamily, slack: SlackContext, action: BlockAction) -> Message | None:
    """What was typed, with the incident that was chosen: as if it had been named."""
    incident_id, _, rest = action.value.partition(":")
    verb, _, words = rest.partition(":")
    command = SlashCommand(
        user_id=action.user_id,
        channel_id="",
        text=f"{verb} incident:{incident_id} {words}".strip(),
        trigger_id=action.trigger_id,
        response_url=action.response_url or "",
    )
    return await family.answer(slack, command)
