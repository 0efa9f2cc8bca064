"""“Time for an update”: the reminder, and what can be done about it there."""

from datetime import datetime, timedelta
from functools import partial

from desk.durations import in_words
from desk.errors import InvalidInputError
from desk.incidents.drafts.composing import draft_nothing_new
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import find_incident, list_updates
from desk.incidents.reminders import snooze_reminder
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, number_in, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    option,
    section,
    static_select,
    when,
)
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.text import (
    IMPACT_WORDS,
    STATUS_WORDS,
    impact_of,
    name_text,
    on_page,
    plain_name,
    public_link,
    said_blocks,
    speaker,
    status_text,
)
from storage.models import Incident, IncidentStatus, IncidentUpdate, SlackMessage

_WORDS = 500
SNOOZES = (
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
"""What the *Snooze* menu offers."""


def render_reminder(tx: Transaction, card: SlackMessage) -> Message | None:
    """A reminder as things stand: with buttons while nothing new was said, and what was done once something was."""
    incident_id, update_id = card.subject_id.split(":")[:2]
    incident = find_incident(tx.session, incident_id)
    latest = next(iter(list_updates(tx.session, [incident_id])), None)
    if incident is None or latest is None:
        text = "The incident of this reminder was deleted."
        return None if card.ts is None else Message(text, [context(f":wastebasket: {text}")])
    if latest.id != update_id:
        return None if card.ts is None else _render_done(tx, incident, latest)
    silence = in_words(card.created_at - latest.created_at)
    where = on_page(tx, incident.page_id)
    status = STATUS_WORDS[IncidentStatus(incident.status)]
    intro = (
        f":alarm_clock: *Time for an update*: {name_text(incident.name)}{where}. Nothing was said for {silence}.\n"
        f"{status_text(incident.status)} · {IMPACT_WORDS[impact_of(incident)]}"
    )
    blocks = [section(intro), context(_since(tx, latest)), *said_blocks(latest.body, limit=_WORDS)]
    if snoozed := _snoozed(tx, card):
        blocks.append(snoozed)
    told = f"Time for an update: {plain_name(incident.name)}{where}. {status}, and nothing was said for {silence}"
    return Message(told, [*blocks, _buttons(incident)])


def _since(tx: Transaction, latest: IncidentUpdate) -> str:
    return f"Since {when(latest.created_at)} subscribers read, from {speaker(tx, latest.created_by)}:"


def _render_done(tx: Transaction, incident: Incident, latest: IncidentUpdate) -> Message:
    is_over = incident.status in ENDED
    sign, deed = (":white_check_mark:", "Resolved") if is_over else (":speech_balloon:", "Updated")
    title = f"A reminder of {name_text(incident.name)}{on_page(tx, incident.page_id)}."
    outcome = f"{sign} {deed} since, by {speaker(tx, latest.created_by)} {when(latest.created_at)}"
    told = f"{deed} since: {plain_name(incident.name)}"
    return Message(told, [section(f"{title}\n{outcome}"), context(public_link(tx, incident))])


def _snoozed(tx: Transaction, card: SlackMessage) -> Block | None:
    if "until" not in card.facts:
        return None
    until = datetime.fromisoformat(str(card.facts["until"]))
    if until <= tx.now:
        return None
    who = speaker(tx, str(card.facts.get("snoozed_by") or ""))
    return context(f":zzz: Snoozed until {when(until)} by {who}.")


def _buttons(incident: Incident) -> Block:
    value = value_of(incident.id, incident.version)
    return actions(
        button("Update", ActionId.INCIDENT_UPDATE, value, style="primary"),
        button("Nothing new", ActionId.INCIDENT_NOTHING_NEW, value),
        _snooze_menu(incident),
        block_id=f"reminder:{incident.id}",
    )


def _snooze_menu(incident: Incident) -> Block:
    spans = [option(in_words(span), f"{incident.id}:{span // timedelta(minutes=1)}") for span in SNOOZES]
    return static_select(spans, action_id=ActionId.INCIDENT_SNOOZE, placeholder="Snooze")


async def press_nothing_new(slack: SlackContext, action: BlockAction) -> None:
    """*Nothing new*: a holding update is written as a draft and shown before anybody reads it."""

    def work(tx: Transaction) -> Block:
        return preview_view(tx, draft_nothing_new(tx, action.subject))

    await show_modal(slack, action, await slack.desk.write(action.actor, work))


async def choose_snooze(slack: SlackContext, action: BlockAction) -> None:
    """*Snooze*: the next reminder waits as long as was chosen; every copy of the card shows it."""
    minutes = number_in(action.value.partition(":")[2])
    if minutes is None:
        raise InvalidInputError("That is no time to put a reminder off by.", "Choose one from the menu.")
    span = timedelta(minutes=min(minutes, 10_000))
    await slack.desk.write(action.actor, partial(snooze_reminder, incident_id=action.subject, span=span))
