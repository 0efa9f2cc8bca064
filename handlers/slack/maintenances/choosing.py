"""Which maintenance is meant, and lists of them."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.incidents.authority import list_meant
from desk.incidents.inputs import IncidentChange
from desk.incidents.listing import ListedIncident, list_current, require_reader
from desk.pages.pages import get_page_by_word
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    button,
    context,
    divider,
    section,
    text_length,
)
from handlers.slack.framework.command_line import cut
from handlers.slack.framework.messages import list_text
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.incidents.choosing import choice_message, named_in
from handlers.slack.incidents.drafts.writing import make_public, write_down
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.lines import incident_text, next_buttons, show_button
from handlers.slack.incidents.starting import update_of, with_page_or_words, with_whole_page
from handlers.slack.incidents.text import plain_standing
from handlers.slack.incidents.typed import TypedIncident
from handlers.slack.maintenances.parsing import TypedMaintenance, parse_maintenance
from storage.models import Incident, IncidentDraft, IncidentStatus, Role

_SHOWN = 12
_BESIDE = 500
"""Characters of what stands above and below a list."""


async def list_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/maintenance list [on PAGE]`: what goes on and what is planned, with the buttons of those who may."""
    return await slack.desk.read(command.actor, lambda tx: _list_message(tx, rest))


def _list_message(tx: Transaction, rest: str) -> Message:
    require_reader(tx)
    listed, page_id = _list(tx), _read_page(tx, rest)
    if page_id is not None:
        listed = [each for each in listed if each.incident.page_id == page_id]
    if not listed:
        title = "No maintenance is planned"
        text = f"{title}, and none is in progress."
        return Message(text, [section(f":white_check_mark: {text}"), *_new_button(tx)])
    planned = sum(each.incident.status == IncidentStatus.SCHEDULED for each in listed)
    title = f"{len(listed) - planned} in progress, {planned} planned"
    text = list_text(title, [plain_standing(tx, each.incident) for each in listed])
    return Message(text, [section(f"*{title}*"), *_blocks(tx, listed), *_new_button(tx)])


def _read_page(tx: Transaction, rest: str) -> str | None:
    words = [word for word in cut(rest) if word.text.lower() != "on"]
    if len(words) > 1:
        raise InvalidInputError(
            "I did not understand that.", f"Type {slash('maintenance list')} or {slash('maintenance list on PAGE')}."
        )
    return get_page_by_word(tx.session, words[0].text).id if words else None


def _list(tx: Transaction) -> list[ListedIncident]:
    return [each for each in list_current(tx) if each.incident.scheduled_for is not None]


def _blocks(tx: Transaction, listed: list[ListedIncident]) -> list[Block]:
    blocks: list[Block] = []
    shown = 0
    for each in listed[:_SHOWN]:
        more = [divider(), section(incident_text(tx, each)), actions(*_buttons(tx, each), block_id=_place(each))]
        if text_length([*blocks, *more]) > MAX_MESSAGE_TEXT - _BESIDE:
            break
        blocks += more
        shown += 1
    if len(listed) > shown:
        blocks.append(context(f"…and {len(listed) - shown} more. `{slash('incident list')}` has them all."))
    return blocks


def _buttons(tx: Transaction, listed: ListedIncident) -> list[Block]:
    incident, buttons = listed.incident, next_buttons(tx, listed.incident) if listed.may_publish else []
    if buttons and incident.status == IncidentStatus.SCHEDULED:
        value = value_of(incident.id, incident.version)
        buttons.append(button("Reschedule", ActionId.MAINTENANCE_RESCHEDULE, value))
    return [*buttons, show_button(incident)]


def _place(listed: ListedIncident) -> str:
    return f"maintenances.{listed.incident.id}"


def _new_button(tx: Transaction) -> list[Block]:
    if not roles_of_actor(tx).has_anywhere(Role.MAINTENANCE_MANAGER):
        return []
    new = button("Schedule maintenance", ActionId.MAINTENANCE_NEW)
    return [actions(new, block_id="maintenances.new")]


_BECAUSE = re.compile(r"\Abecause:?\s+(?!of\b)", re.IGNORECASE)
_SMALL = re.compile(r"\A[a-z]+\b(?![.:/@])")
_PLANNED = frozenset({IncidentStatus.SCHEDULED})

Draw = Callable[[Transaction, str, TypedMaintenance], Block]
"""What is shown of a maintenance and what was typed about it: a preview or a form."""


async def about_one(
    slack: SlackContext,
    command: SlashCommand,
    rest: str,
    verb: str,
    draw: Draw,
    statuses: Collection[IncidentStatus] = _PLANNED,
    *,
    takes_times: bool = False,
) -> Message | None:
    """Show what `draw` makes of the maintenance that a line means, or the choice of those in one of these states."""
    typed = parse_maintenance(rest, takes_times=takes_times)

    def work(tx: Transaction) -> Block | Message:
        anew = with_whole_page(tx, rest, typed.said.page_at)
        line = typed if anew is None else parse_maintenance(anew, takes_times=takes_times)
        anew = named_in(tx, line.said, scheduled=True)
        line = line if anew is None else parse_maintenance(anew, takes_times=takes_times)
        said = with_page_or_words(tx, line.said)
        line = replace(line, said=said)
        meant = list_meant(
            tx, incident_id=said.incident, called=said.quoted, page=said.page, scheduled=True, statuses=statuses
        )
        if len(meant) > 1:
            return choice_message(tx, meant, verb, rest, ActionId.MAINTENANCE_CHOSEN)
        return draw(tx, meant[0].id, line)

    answer = await slack.desk.write(command.actor, work)
    if isinstance(answer, Message):
        return answer
    await open_modal(slack, command.trigger_id, answer)
    return None


def words_alone(said: TypedIncident) -> TypedIncident:
    """A line that takes nothing but words: whatever else was typed in it is said to be left out."""
    if said.body:
        said = said.without_status()
        said = replace(said, body=_without_because(said.body))
    others = [
        ("status", said.status),
        ("components", said.components),
        ("impact", said.impact),
        ("template", said.template),
        ("reminders", said.remind),
    ]
    refused = [f"This takes no {name}: leave it out." for name, value in others if value]
    return replace(said, problems=[*said.problems, *refused])


def _without_because(body: str) -> str:
    """A reason without the word before it, as in other commands, and as a sentence of its own: “Because of rain” is
    none without it."""
    if body[:7].lower() != "because":
        return body
    return _SMALL.sub(lambda first: first[0].capitalize(), _BECAUSE.sub("", body, count=1))


def state_of(incident: Incident, token: str | None = None) -> FormState:
    """What a form about a maintenance carries."""
    state = update_of(incident)
    return state if token is None else replace(state, token=token)


def keep_update(
    tx: Transaction, state: FormState, text: str, plan: Callable[[str], IncidentChange], *, escaped: bool
) -> IncidentDraft:
    """Write the change that is planned for these words as a draft, or change the one that is edited."""
    said = make_public(tx, text, field="body", escaped=escaped)
    return write_down(tx, state, plan(said.markdown), [said])
