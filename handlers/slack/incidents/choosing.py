"""Which incident or maintenance a line means: by how its words begin, or by a button, with nothing that was typed
lost."""

import re
from collections.abc import Sequence

from desk.incidents.authority import (
    find_beginning,
    find_named_beginning,
    find_named_too,
    find_near_beginning,
    near_name,
)
from desk.incidents.lookup import find_incident
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, Message, button, context, section
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.commands import CommandFamily
from handlers.slack.framework.messages import list_text, typed_blocks
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
    if said.quoted or not said.body:
        return None
    words = as_written(said.body).split()
    if said.incident:
        _doubt_name(tx, said, words)
        return None
    found = find_named_beginning(tx, words) if is_over else find_beginning(tx, words, scheduled=scheduled)
    if found is None:
        if (near := None if is_over else find_near_beginning(tx, words, scheduled=scheduled)) is not None:
            said.problems.append(f"If “{near[0]}” is “{near[1].name}”, it is not one of your words: take it out.")
        return None
    incident, length = found
    match = re.match(rf"(?:\s*\S+){{{length}}}", said.body)
    rest = said.body[match.end() :].strip() if match else ""
    other = find_named_too(tx, words, length, scheduled=scheduled)
    if other is not None and other.id != incident.id:
        said.incident, said.body = incident.id, rest
        said.problems.append(f"“{other.name}” is named too, and this is about “{incident.name}” alone.")
        return None
    return f"incident:{incident.id} {rest}"


def _doubt_name(tx: Transaction, said: TypedIncident, words: Sequence[str]) -> None:
    """Ask about words that begin with the name of the incident which was chosen, as it is or misspelled: it may have
    been typed to choose it."""
    incident = find_incident(tx.session, said.incident or "")
    if incident is not None and (begins := near_name(incident, words)) is not None:
        said.problems.append(f"If “{begins}” names the incident, it is not one of your words: take it out.")


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
    names = [incident.name for incident in incidents]
    return Message(list_text(f"Which one do you want to {verb}", names), blocks)


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
