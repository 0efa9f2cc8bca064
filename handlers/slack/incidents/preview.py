"""A draft as readers and subscribers will see it, before it is public."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from desk.incidents.components import full_name, list_components
from desk.incidents.draft_content import Content, content_of, expected_impact, role_of_draft, texts_of
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.leaks import Leak
from desk.incidents.lookup import find_incident
from desk.incidents.publication import Outcome
from desk.incidents.publishing import foresee_publication
from desk.incidents.review import list_reviewers
from desk.incidents.templates import list_placeholders
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, CallbackId, value_of
from handlers.slack.blocks import (
    Block,
    actions,
    button,
    confirm,
    context,
    divider,
    escape,
    fit,
    mention,
    modal,
    section,
)
from handlers.slack.incidents.leaks_in_words import render_leaks
from handlers.slack.incidents.parts import render_parts
from handlers.slack.incidents.schedules import schedule_blocks
from handlers.slack.incidents.words import (
    clock_in,
    impact_text,
    name_text,
    public_link,
    state_text,
    status_text,
)
from storage.models import ComponentStatus, DraftKind, Incident, IncidentDraft, IncidentStatus, Page

_MOST_SECTIONS = 30
_MAX_COMPONENTS = 2500
_WHILE_IT_RUNS = f"{state_text(ComponentStatus.UNDER_MAINTENANCE)} while it goes on"
_TITLES: Mapping[DraftKind, str] = {
    DraftKind.INCIDENT: "Preview: new incident",
    DraftKind.MAINTENANCE: "Preview: maintenance",
    DraftKind.UPDATE: "Preview: update",
    DraftKind.BACKFILL: "Preview: past incident",
    DraftKind.POSTMORTEM: "Preview: postmortem",
}


def preview_view(tx: Transaction, draft: IncidentDraft) -> Block:
    """The preview with its buttons."""
    page = tx.session.get_one(Page, draft.page_id)
    shown = context(f"What readers and subscribers of {name_text(page.name)} will see:")
    blocks = [shown, divider(), *draft_blocks(tx, draft), divider(), *_notes(tx, draft), preview_buttons(tx, draft)]
    return modal(_TITLES[DraftKind(draft.kind)], blocks, callback_id=str(CallbackId.DRAFT), close="Later")


def draft_blocks(tx: Transaction, draft: IncidentDraft, *, most_sections: int = _MOST_SECTIONS) -> list[Block]:
    """What the public will read: name, status, words and components; then what to look at before it is public."""
    content = content_of(draft)
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    blocks = [section(_heading(draft, content, incident)), *_body(content, most_sections)]
    if not isinstance(content, str):
        blocks += _components(tx, draft, content) + _facts(tx, draft, content) + schedule_blocks(tx, draft, content)
    return [*blocks, *warning_blocks(draft)]


def _heading(draft: IncidentDraft, content: Content, incident: Incident | None) -> str:
    if isinstance(content, str):
        return f"{name_text(incident.name if incident else '')}\n:memo: Postmortem"
    name = content.name or (incident.name if incident else "")
    status = content.status or (incident.status if incident else None)
    if status is None and isinstance(content, NewIncident):
        status = _first_status(draft, content)
    return f"{name_text(name)}\n{status_text(status)}" if status else name_text(name)


def _first_status(draft: IncidentDraft, content: NewIncident) -> IncidentStatus:
    if draft.kind == DraftKind.BACKFILL:
        return IncidentStatus.RESOLVED
    return IncidentStatus.SCHEDULED if content.schedule else IncidentStatus.INVESTIGATING


def _body(content: Content, most_sections: int) -> list[Block]:
    text = content if isinstance(content, str) else content.body or ""
    parts = render_parts(text, most=most_sections + 1)
    shown = [section(part) for part in parts[:most_sections]]
    return [*shown, context("…and more, which has no room here. All of it is published.")][: len(parts)]


def _components(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange) -> list[Block]:
    rows = {row.id: row for row in list_components(tx.session, draft.page_id)}
    groups = {row.id: row.name for row in rows.values() if row.group}
    planned = (
        isinstance(content, NewIncident) and content.schedule is not None and content.schedule.to_maintenance_state
    )
    lines = []
    for component_id, wanted in content.components.items():
        row = rows.get(component_id)
        if row is not None:
            name = escape(full_name(row, groups))
            change = _WHILE_IT_RUNS if planned else _change(ComponentStatus(row.status), wanted)
            lines.append(f"{name}: {change}")
    return [section("*Components*\n" + "\n".join(fit(lines, _MAX_COMPONENTS)))] if lines else []


def _change(old: ComponentStatus, wanted: ComponentStatus | None) -> str:
    if wanted is None or wanted == old:
        return f"stays {state_text(old)}"
    return f"{state_text(old)} → {state_text(wanted)}"


def _facts(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange) -> list[Block]:
    zone = ZoneInfo(tx.session.get_one(Page, draft.page_id).time_zone)
    lines = []
    if draft.kind != DraftKind.BACKFILL:
        lines.append(impact_text(expected_impact(tx, draft)))
    if isinstance(content, NewIncident) and content.backfilled_at is not None:
        lines.append(f":calendar: It began {clock_in(zone, content.backfilled_at)}; it is shown as resolved.")
    return [context(*lines)] if lines else []


def warning_blocks(draft: IncidentDraft) -> list[Block]:
    """What somebody should look at before the draft is public."""
    text = render_leaks([Leak.from_json(kept) for kept in draft.warnings])
    unfilled = list_placeholders(*texts_of(content_of(draft)))
    if unfilled:
        names = ", ".join(escape(f"{{{{{name}}}}}") for name in unfilled[:10])
        text = f"{text}\n:warning: Not filled in: {names}.".strip()
    return [section(text)] if text else []


def _notes(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    lines = []
    if foresee_publication(tx, draft) is Outcome.ASK_SECOND:
        others = [mention(user_id) for user_id in list_reviewers(tx, draft, role_of_draft(tx, draft))]
        who = ", ".join(others[:5]) or "nobody as yet"
        lines.append(f":busts_in_silhouette: Somebody else must publish it: *Publish* asks {who}.")
    lines.append("*Publish quietly* puts it on the page and notifies nobody.")
    return [context(*lines)]


def preview_buttons(tx: Transaction, draft: IncidentDraft) -> Block:
    """*Publish*, *Publish quietly*, *Edit* and *Discard*."""
    value = value_of(draft.id, draft.version)
    ask = ask_once_more(draft)
    return actions(
        button("Publish", str(ActionId.DRAFT_PUBLISH), value, style="primary", ask=ask),
        button("Publish quietly", str(ActionId.DRAFT_PUBLISH_QUIETLY), value, ask=ask),
        button("Edit", str(ActionId.DRAFT_EDIT), value),
        button("Discard", str(ActionId.DRAFT_DISCARD), value),
        block_id=f"draft.{draft.id}",
    )


def ask_once_more(draft: IncidentDraft) -> Block | None:
    """The question that *Publish* asks where something in the draft is warned about."""
    if not warning_blocks(draft):
        return None
    return confirm("Publish it all the same?", "Everybody can read what is warned about.", "Publish", danger=True)


def published_view(incident: Incident, *, quietly: bool) -> Block:
    """What the person sees who has just published."""
    told = "\nIt is marked as quiet: nobody is notified." if quietly else ""
    link = public_link(incident, "Look at it")
    said = f":white_check_mark: {name_text(incident.name)} is on the page. {link}{told}"
    buttons = [button("Show", str(ActionId.INCIDENT_SHOW), value_of(incident.id, incident.version))]
    return modal("Published", [section(said), actions(*buttons)], callback_id=str(CallbackId.NOTICE))


def waiting_view(reviewers: Sequence[str]) -> Block:
    """What an author sees whose draft waits for somebody else."""
    who = ", ".join(mention(user_id) for user_id in reviewers[:5])
    said = f":busts_in_silhouette: It waits for {who} to publish it. You are told in your direct messages with me."
    return modal("Waits for a second person", [section(said)], callback_id=str(CallbackId.NOTICE))
