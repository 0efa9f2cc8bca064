"""Incidents and drafts in a few lines each, with the buttons of those who may: for lists and the Home tab."""

from zoneinfo import ZoneInfo

from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.forgotten import IN_HAND
from desk.incidents.inputs import ENDED
from desk.incidents.listing import ListedDraft, ListedIncident
from desk.incidents.lookup import was_called_off
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import Block, actions, button, escape, plain, section, when
from handlers.slack.incidents.drafts.text import author_text
from handlers.slack.incidents.text import (
    IMPACT_WORDS,
    both_clocks,
    impact_of,
    name_text,
    on_page,
    public_link,
    speaker,
    standing_of,
    titled,
)
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft, IncidentStatus, Page

_FIRST_WORDS = 120
"""Characters."""
_KINDS: dict[DraftKind, str] = {
    DraftKind.INCIDENT: "new incident",
    DraftKind.MAINTENANCE: "maintenance",
    DraftKind.UPDATE: "update",
    DraftKind.BACKFILL: "past incident",
    DraftKind.POSTMORTEM: "postmortem",
}


def incident_text(tx: Transaction, listed: ListedIncident) -> str:
    """An incident's name, how it stands, since when, and who spoke last."""
    incident = listed.incident
    sign = ":white_check_mark:" if incident.status in ENDED else None
    lines = [f"{titled(tx, incident, sign=sign)}  ·  {public_link(tx, incident)}", standing_text(tx, incident)]
    if listed.last is not None:
        lines.append(f"Last update {when(listed.last.created_at)} by {speaker(tx, listed.last.created_by)}")
    return "\n".join(lines)


def standing_text(tx: Transaction, incident: Incident) -> str:
    """Status, impact and since when; of a maintenance its window, in the reader's clock and the page's."""
    status = standing_of(tx, incident)
    if incident.scheduled_for is not None and incident.scheduled_until is not None:
        zone = ZoneInfo(tx.session.get_one(Page, incident.page_id).time_zone)
        until = both_clocks(incident.scheduled_until, zone)
        return f"{status}\nFrom {both_clocks(incident.scheduled_for, zone)}\nUntil {until}"
    facts = [status, IMPACT_WORDS[impact_of(incident)]]
    if incident.status in ENDED and incident.resolved_at is not None:
        return "  ·  ".join([*facts, f"{when(incident.started_at)} to {when(incident.resolved_at)}"])
    return "  ·  ".join([*facts, f"since {when(incident.started_at)}"])


def incident_blocks(tx: Transaction, listed: ListedIncident, *, place: str) -> list[Block]:
    """An incident in a list; who may not publish has *Show* alone. `place` keeps block ids apart."""
    text, show = incident_text(tx, listed), show_button(listed.incident)
    buttons = [*next_buttons(tx, listed.incident), show] if listed.may_publish else []
    if len(buttons) < 2:
        return [section(text, accessory=show)]
    return [section(text), actions(*buttons, block_id=f"{place}.{listed.incident.id}")]


def show_button(incident: Incident) -> Block:
    """*Show*: everything about it."""
    return button("Show", ActionId.INCIDENT_SHOW, value_of(incident.id))


def next_buttons(tx: Transaction, incident: Incident) -> list[Block]:
    """What somebody who may publish can do next with an incident."""
    value = value_of(incident.id, incident.version)
    if incident.status in ENDED:
        # One that was cancelled has nothing to go on with.
        return [] if was_called_off(tx.session, incident) else [button("Reopen", ActionId.INCIDENT_REOPEN, value)]
    if incident.status == IncidentStatus.SCHEDULED:
        return [
            button("Update", ActionId.INCIDENT_UPDATE, value),
            button("Start", ActionId.MAINTENANCE_START, value),
            button("Cancel", ActionId.MAINTENANCE_CANCEL, value, style="danger"),
        ]
    update = button("Update", ActionId.INCIDENT_UPDATE, value, style="primary")
    if incident.scheduled_for is not None:
        longer = button("Takes longer", ActionId.MAINTENANCE_RESCHEDULE, value)
        return [update, button("Complete", ActionId.MAINTENANCE_COMPLETE, value), longer]
    return [update, button("Resolve", ActionId.INCIDENT_RESOLVE, value)]


def draft_block(tx: Transaction, listed: ListedDraft) -> Block:
    """A draft in a line or two: see `_draft_text`; with *Open*."""
    return section(_draft_text(tx, listed), accessory=_open(listed.draft))


def draft_blocks(tx: Transaction, listed: ListedDraft) -> list[Block]:
    """The same with *Discard* beside *Open*, for whoever has it in hand."""
    draft = listed.draft
    if not listed.is_own or draft.status not in IN_HAND:
        return [draft_block(tx, listed)]
    discard = button("Discard", ActionId.DRAFT_DISCARD_LISTED, value_of(draft.id, draft.version))
    return [section(_draft_text(tx, listed)), actions(_open(draft), discard, block_id=f"drafts.{draft.id}")]


def _open(draft: IncidentDraft) -> Block:
    return button("Open", ActionId.DRAFT_SHOW, value_of(draft.id, draft.version))


def _draft_text(tx: Transaction, listed: ListedDraft) -> str:
    """What it is, about what, whose, how it stands, and its first words."""
    draft = listed.draft
    content = content_of(draft)
    name = listed.incident.name if listed.incident else "" if isinstance(content, str) else content.name or ""
    who = "yours" if listed.is_own else f"by {author_text(tx, draft)}"
    kind = _KINDS[DraftKind(draft.kind)]
    text = f":memo: {name_text(name)}{on_page(tx, draft.page_id)}  ·  {kind}, {who}, {_draft_standing(listed)}"
    words = " ".join(((content if isinstance(content, str) else content.body) or "").split())
    first = f"\n> {escape(plain(words, limit=_FIRST_WORDS))}" if words else ""
    return f"{text}  ·  {when(draft.updated_at)}{first}"


def _draft_standing(listed: ListedDraft) -> str:
    if listed.draft.status == DraftStatus.WAITING:
        return "waits for a second person" if listed.is_own else "waits for somebody to publish it"
    return "sent back" if listed.draft.status == DraftStatus.SENT_BACK else "not published yet"
