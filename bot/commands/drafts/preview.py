"""A draft as the public will read it, in the lines of a terminal, with what to look at before it is public."""

from desk.incidents.drafts.content import Content, content_of, role_of_draft
from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.duplicates import list_doubles
from desk.incidents.drafts.effects import expected_impact
from desk.incidents.drafts.publishing import foresee_publication
from desk.incidents.drafts.review import list_reviewers
from desk.incidents.drafts.steps import find_audience_of
from desk.incidents.inputs import NewIncident
from desk.incidents.lookup import find_incident
from desk.people import member_name
from desk.transaction import Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus, Page

_MOST_NAMED = 5


def preview_lines(tx: Transaction, draft: IncidentDraft) -> list[str]:
    """Page, name, status, impact, words and components; then warnings, whom it tells and who must publish it."""
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.commands.wording import lines_of
    from handlers.slack.incidents.drafts.components import component_blocks
    from handlers.slack.incidents.drafts.schedules import schedule_blocks
    from handlers.slack.incidents.drafts.text import changes_blocks, concern_blocks, warning_blocks

    content = content_of(draft)
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    lines = [*_heading(tx, draft, content, incident), "", *_words(content), ""]
    if not isinstance(content, str):
        lines += lines_of(tx, [*component_blocks(tx, draft, content), *schedule_blocks(tx, draft, content)])
    notes = [
        *warning_blocks(draft),
        *concern_blocks(tx, draft),
        *changes_blocks(tx, draft, viewer_id=tx.actor.author_id),
    ]
    return [*lines, *lines_of(tx, notes), *_doubles(tx, draft), *_told(tx, draft), *_second(tx, draft)]


def _heading(tx: Transaction, draft: IncidentDraft, content: Content, incident: Incident | None) -> list[str]:
    page = tx.session.get_one(Page, draft.page_id)
    where = f"What readers of {page.name} will see:"
    name = incident.name if incident is not None else ""
    if isinstance(content, str):
        return [where, "", name, "Postmortem"]
    name = content.name or name
    if isinstance(content, NewIncident):
        status = _said(content.first_status)
    else:
        old = incident.status if incident is not None else content.status
        new = content.status or old
        status = _said(new) if old == new else f"{_said(old)} → {_said(new)}"
    facts = status
    if draft.kind != DraftKind.BACKFILL:
        facts += f", impact: {expected_impact(tx, draft)}"
    elif isinstance(content, NewIncident) and content.backfilled_at is not None:
        facts += f", began {content.backfilled_at:%Y-%m-%d %H:%M} UTC"
    return [where, "", name, facts]


def _said(status: IncidentStatus | str | None) -> str:
    return str(status or "").replace("_", " ")


def _words(content: Content) -> list[str]:
    text = content if isinstance(content, str) else content.body or ""
    return [f"  {line}".rstrip() for line in text.splitlines()]


def _doubles(tx: Transaction, draft: IncidentDraft) -> list[str]:
    return [
        f"Open already on the same components: “{incident.name}” ({_said(incident.status)}, id {incident.id})"
        for incident in list_doubles(tx, draft)
    ]


def _told(tx: Transaction, draft: IncidentDraft) -> list[str]:
    channel = find_audience_of(tx, draft)
    if channel is None:
        return ["Nobody is notified of it."]
    return [f"Slack: it is posted into {channel}" + (", but this one quietly." if draft.quietly else ".")]


def _second(tx: Transaction, draft: IncidentDraft) -> list[str]:
    if foresee_publication(tx, draft) is not Outcome.ASK_SECOND:
        return []
    return [f"Somebody else must publish it: {reviewers(tx, draft)}."]


def reviewers(tx: Transaction, draft: IncidentDraft) -> str:
    """Who may publish a draft that its author may not: people by name, and operators."""
    people = list_reviewers(tx, draft, role_of_draft(tx, draft))
    named = [member_name(tx.session, user_id) for user_id in people[:_MOST_NAMED]]
    more = [f"{len(people) - _MOST_NAMED} more"] if len(people) > _MOST_NAMED else []
    return ", ".join([*named, *more, "or another operator"])
