"""`/incident show`: everything about an incident or maintenance, and what may be done with it."""

from collections.abc import Sequence

from desk.incidents.announcements import HEAD_CARD, UPDATE_CARD, Delivery, DeliveryState, list_deliveries
from desk.incidents.drafts.decision import role_of
from desk.incidents.inputs import ENDED
from desk.incidents.listing import require_reader
from desk.incidents.lookup import get_incident, get_incident_by_word, list_updates
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_BLOCKS,
    MAX_MESSAGE_TEXT,
    MAX_VIEW_BLOCKS,
    Block,
    Message,
    actions,
    button,
    context,
    divider,
    escape,
    modal,
    section,
    text_length,
    when,
)
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.framework.quotes import unquoted
from handlers.slack.incidents.lines import next_buttons, standing_text
from handlers.slack.incidents.messages import delivery_text, retry_button, said_status
from handlers.slack.incidents.progress import progress_blocks
from handlers.slack.incidents.text import (
    changes_text,
    find_public_link,
    list_named,
    on_page,
    plain_standing,
    public_link,
    said_blocks,
    speaker,
    states_text,
    titled,
)
from storage.models import Incident, IncidentUpdate, Role

_MOST_COMPONENTS = 20
_MOST_CHANGES = 6
_WORDS = 1200
"""Characters of one update; the page has all of it."""
_VIEW_TEXT = 40_000
_END_BLOCKS, _END_TEXT = 2, 500
"""What is left free for how many earlier updates there are, and the id."""


async def show_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/incident show INCIDENT`."""

    def work(tx: Transaction) -> Message:
        require_reader(tx)
        return details_message(tx, get_incident_by_word(tx.session, incident_word(rest)))

    return await slack.desk.read(command.actor, work)


async def press_show(slack: SlackContext, action: BlockAction) -> None:
    """*Show*."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: details_view(tx, action.subject)))


def incident_word(rest: str) -> str:
    """What a person calls an incident: an address as they pasted it, words without quotation marks around them."""
    return as_written(unquoted(rest))


def details_message(tx: Transaction, incident: Incident) -> Message:
    """Everything about an incident, with as much of its timeline as one message takes."""
    blocks = _fitting(tx, incident, most_blocks=MAX_MESSAGE_BLOCKS, most_text=MAX_MESSAGE_TEXT)
    return Message(f"{escape(plain_standing(tx, incident))}{on_page(tx, incident.page_id)}", blocks)


def details_view(tx: Transaction, incident_id: str, *, done: str = "") -> Block:
    """The same as a modal; `done` says what has just been changed. Raises NotFoundError, NotAllowedError."""
    require_reader(tx)
    incident = get_incident(tx.session, incident_id)
    blocks = _fitting(tx, incident, most_blocks=MAX_VIEW_BLOCKS - 1, most_text=_VIEW_TEXT)
    if done:
        blocks.insert(0, section(f":white_check_mark: {done}"))
    title = "Incident" if incident.scheduled_for is None else "Maintenance"
    return modal(title, blocks, callback_id=CallbackId.INCIDENT_SHOW)


def _fitting(tx: Transaction, incident: Incident, *, most_blocks: int, most_text: int) -> list[Block]:
    updates, deliveries = list_updates(tx.session, [incident.id]), list_deliveries(tx, incident.id)
    by_update = {each.subject_id: each for each in deliveries if each.kind == UPDATE_CARD}
    blocks = _present(tx, incident, deliveries)
    length = text_length(blocks)
    told = 0
    for said in updates:
        more = [divider(), *_said(tx, incident, said, by_update.get(said.id))]
        length += text_length(more)
        if len(blocks) + len(more) > most_blocks - _END_BLOCKS or length > most_text - _END_TEXT:
            break
        blocks += more
        told += 1
    if told < len(updates):
        rest = find_public_link(tx, incident, "the page has all of them")
        blocks.append(context(f"…and {len(updates) - told} earlier{f': {rest}' if rest else ''}"))
    return [*blocks, context(f"Incident id `{incident.id}`")]


def _present(tx: Transaction, incident: Incident, deliveries: Sequence[Delivery]) -> list[Block]:
    blocks = [section(f"{titled(tx, incident)}  ·  {public_link(tx, incident)}\n{standing_text(tx, incident)}")]
    if named := list_named(tx, incident):
        blocks.append(section(f"*Components now*\n{states_text(named, most=_MOST_COMPONENTS)}"))
    if facts := _facts(incident):
        blocks.append(context(*facts))
    blocks += progress_blocks(tx, incident)
    blocks += [block for each in deliveries if each.kind == HEAD_CARD for block in _delivery(each)]
    if buttons := _buttons(tx, incident):
        blocks.append(actions(*buttons, block_id=f"incident.show.{incident.id}"))
    return blocks


def _facts(incident: Incident) -> list[str]:
    facts = []
    if incident.backfilled:
        facts.append("Written down afterwards")
    if incident.update_due_at is not None:
        sent = f", reminded {incident.reminders_sent}×" if incident.reminders_sent else ""
        facts.append(f":alarm_clock: Reminder of the next update {when(incident.update_due_at)}{sent}")
    if incident.postmortem_published_at is not None:
        facts.append(f":memo: Postmortem published {when(incident.postmortem_published_at)}")
    elif incident.postmortem_body_draft:
        facts.append(":memo: Postmortem written, not published")
    return facts


def _delivery(delivery: Delivery) -> list[Block]:
    retry = retry_button(delivery)
    text = delivery_text(delivery)
    return [section(text, accessory=retry)] if retry else [context(text)]


def _said(tx: Transaction, incident: Incident, said: IncidentUpdate, delivery: Delivery | None) -> list[Block]:
    quietly = "" if said.deliver_notifications else ", quietly"
    corrected = f", corrected {when(said.updated_at)}" if said.updated_at > said.created_at else ""
    who = f"{when(said.display_at)} by {speaker(tx, said.created_by)}{quietly}{corrected}"
    blocks = [section(f"{said_status(tx, incident, said)}  ·  {who}"), *said_blocks(said.body, limit=_WORDS)]
    if changes := changes_text(said.affected_components, most=_MOST_CHANGES):
        blocks.append(context(changes))
    # That it arrived is what people expect.
    if delivery is not None and delivery.state is not DeliveryState.POSTED:
        blocks += _delivery(delivery)
    return blocks


def _buttons(tx: Transaction, incident: Incident) -> list[Block]:
    roles = roles_of_actor(tx)
    value = value_of(incident.id, incident.version)
    buttons = []
    if roles.has(role_of(incident), incident.page_id):
        buttons += next_buttons(tx, incident)
        if incident.status in ENDED:
            buttons.append(button("Postmortem", ActionId.INCIDENT_POSTMORTEM, value))
    if incident.scheduled_for is None and roles.has(Role.INCIDENT_MANAGER, incident.page_id):
        buttons.append(button("Keep as template", ActionId.INCIDENT_TEMPLATE, value))
    return buttons
