"""A draft as readers and subscribers will see it, before it is public."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from desk.incidents.drafts.content import Content, content_of, role_of_draft
from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.drafts import check_send_back
from desk.incidents.drafts.effects import expected_impact
from desk.incidents.drafts.publishing import foresee_publication
from desk.incidents.drafts.review import list_reviewers
from desk.incidents.drafts.steps import Step, find_audience_of, list_steps
from desk.incidents.inputs import ENDED, IncidentChange, NewIncident
from desk.incidents.lookup import find_incident, list_updates
from desk.reasons import MAXIMUM_REASON
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    input_block,
    mention,
    modal,
    section,
    text_input,
    when,
)
from handlers.slack.framework.hearing import why_unheard
from handlers.slack.incidents.drafts.buttons import choose_button, preview_buttons
from handlers.slack.incidents.drafts.components import component_blocks, still_held_text
from handlers.slack.incidents.drafts.schedules import schedule_blocks
from handlers.slack.incidents.drafts.text import (
    author_text,
    changes_blocks,
    concern_blocks,
    outcome_blocks,
    outcome_text,
    reviewers_text,
    speaking_key_blocks,
    subject_text,
    warning_blocks,
    wish_blocks,
)
from handlers.slack.incidents.progress import progress_of, progress_text
from handlers.slack.incidents.text import (
    both_clocks,
    cancelled_text,
    changes_text,
    find_public_link,
    impact_of,
    impact_text,
    name_text,
    page_text,
    public_link,
    standing_of,
    status_text,
)
from handlers.slack.markdown.split import render_parts
from handlers.slack.markdown.to_slack import render_mrkdwn
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft, IncidentStatus, Page

_MOST_SECTIONS = 30
_DECIDED = frozenset({DraftStatus.PUBLISHED, DraftStatus.DISCARDED})
_TITLES: Mapping[DraftKind, str] = {
    DraftKind.INCIDENT: "Preview: new incident",
    DraftKind.MAINTENANCE: "Preview: maintenance",
    DraftKind.UPDATE: "Preview: update",
    DraftKind.BACKFILL: "Preview: past incident",
    DraftKind.POSTMORTEM: "Preview: postmortem",
}


def preview_view(tx: Transaction, draft: IncidentDraft, *, problem: str = "") -> Block:
    """The preview: what the public will read, how the draft stands, and what the viewer may do with it.

    `problem` says why something could not be done just now.
    """
    page = tx.session.get_one(Page, draft.page_id)
    shown = context(f"What readers and subscribers of {name_text(page.name)} will see:")
    standing = _standing(tx, draft, problem)
    concerns = concern_blocks(tx, draft, choose=choose_button(tx, draft))
    standing += speaking_key_blocks(tx, draft) if draft.status not in _DECIDED else []
    blocks = [*standing, shown, divider(), *draft_blocks(tx, draft), *concerns, divider(), *_notes(tx, draft)]
    blocks += preview_buttons(tx, draft)
    return modal(
        _TITLES[DraftKind(draft.kind)],
        blocks,
        callback_id=CallbackId.DRAFT,
        close="Later" if draft.status not in _DECIDED else "Close",
        private_metadata=draft.id,
        notify_on_close=draft.status == DraftStatus.OPEN,
    )


def _standing(tx: Transaction, draft: IncidentDraft, problem: str) -> list[Block]:
    """What stands between the draft and the page."""
    changes = changes_blocks(tx, draft, viewer_id=tx.actor.author_id)
    if changes:
        return changes
    blocks = [section(f":warning: {escape(problem)}")] if problem else []
    match DraftStatus(draft.status):
        case DraftStatus.OPEN:
            return blocks
        case DraftStatus.WAITING:
            return [*blocks, context(f":hourglass_flowing_sand: It waits for {reviewers_text(tx, draft)}.")]
        case _:
            return [*blocks, section(outcome_text(tx, draft)), *outcome_blocks(tx, draft)]


def draft_blocks(tx: Transaction, draft: IncidentDraft, *, most_sections: int = _MOST_SECTIONS) -> list[Block]:
    """What the public will read: name, status, words and components; then what to look at before it is public."""
    content = content_of(draft)
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    blocks = [section(_heading(tx, draft, content, incident)), *_body(content, most_sections)]
    if not isinstance(content, str):
        blocks += (
            component_blocks(tx, draft, content) + _facts(tx, draft, content) + schedule_blocks(tx, draft, content)
        )
    return [*blocks, *warning_blocks(draft)]


def _heading(tx: Transaction, draft: IncidentDraft, content: Content, incident: Incident | None) -> str:
    if isinstance(content, str):
        return f"{name_text(incident.name if incident else '')}\n:memo: Postmortem"
    name = name_text(content.name or (incident.name if incident else ""))
    if isinstance(content, NewIncident):
        return f"{name}\n{status_text(content.first_status)}"
    if incident is None:
        return f"{name}\n{status_text(content.status)}" if content.status else name
    return f"{name}\n{_status_change(tx, draft, content, incident)}"


def _status_change(tx: Transaction, draft: IncidentDraft, content: IncidentChange, incident: Incident) -> str:
    """An update's status; old → new, where publishing it would change that."""
    old, new = IncidentStatus(incident.status), content.status or IncidentStatus(incident.status)
    if (old, new) == (IncidentStatus.SCHEDULED, IncidentStatus.COMPLETED):
        # Nothing else ends one that has not begun.
        return f"{status_text(old)} → {cancelled_text()}"
    if new == old:
        return standing_of(tx, incident)
    if draft.status in _DECIDED:
        return status_text(new)
    again = "\n:warning: *This opens it again.*" if old in ENDED and new not in ENDED else ""
    return f"{status_text(old)} → {status_text(new)}{again}"


def _body(content: Content, most_sections: int) -> list[Block]:
    text = content if isinstance(content, str) else content.body or ""
    parts = render_parts(text, most=most_sections + 1)
    shown = [section(part) for part in parts[:most_sections]]
    return [*shown, context("…and more, which has no room here. All of it is published.")][: len(parts)]


def _facts(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange) -> list[Block]:
    zone = ZoneInfo(tx.session.get_one(Page, draft.page_id).time_zone)
    lines = []
    if draft.kind != DraftKind.BACKFILL:
        lines.append(impact_text(expected_impact(tx, draft)))
    if isinstance(content, NewIncident) and content.backfilled_at is not None:
        began = both_clocks(content.backfilled_at, zone)
        lines.append(f":calendar: It began {began}, in brackets by the page's clock; it is shown as resolved.")
    return [context(*lines)] if lines else []


def _notes(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    wish = [] if draft.status in _DECIDED else wish_blocks(draft, viewer_id=tx.actor.author_id)
    if Step.PUBLISH not in list_steps(tx, draft):
        return wish
    lines = []
    if foresee_publication(tx, draft) is Outcome.ASK_SECOND:
        others = [mention(user_id) for user_id in list_reviewers(tx, draft, role_of_draft(tx, draft))]
        who = ", ".join(others[:5]) or "nobody as yet"
        lines.append(f":busts_in_silhouette: Somebody else must publish it: *Publish* asks {who}.")
    channel = find_audience_of(tx, draft)
    if channel is not None:
        lines.append(
            f"*Publish* puts it on the page and into <#{channel}>. *Publish quietly* notifies nobody: no message is "
            "posted there, and what stands there already is brought up to date."
        )
    return [*wish, *([context(*lines)] if lines else [])]


def published_view(tx: Transaction, draft: IncidentDraft, incident: Incident) -> Block:
    """What the person sees who has just published it."""
    told = "\nNobody is notified: no message is posted about it." if draft.quietly else ""
    link = find_public_link(tx, incident, "Look at it")
    where = "on the page" if link else f"published on {page_text(tx, incident)}"
    look = f" {link}" if link else ""
    sign, far = ":white_check_mark:", ""
    if (progress := progress_of(tx, incident)) is not None:
        # It was owed a moment ago: what is there by now is what was said before.
        where, far = f"on its way to {page_text(tx, incident)}", f"\n{progress_text(progress)}"
        sign = ":hourglass_flowing_sand:"
    done = "" if far else _changed(tx, draft, incident)
    said = f"{sign} {_published(tx, draft, incident, where)}{look}{done}{far}{told}{still_held_text(tx, incident)}"
    buttons = [button("Show", ActionId.INCIDENT_SHOW, value_of(incident.id, incident.version))]
    return modal("Published", [section(said), actions(*buttons)], callback_id=CallbackId.NOTICE)


def _changed(tx: Transaction, draft: IncidentDraft, incident: Incident) -> str:
    """Which states its components took on with it."""
    last = None if isinstance(content_of(draft), str) else next(iter(list_updates(tx.session, [incident.id])), None)
    changes = changes_text(last.affected_components, most=_SHOWN) if last is not None else ""
    return f"\n{changes}" if changes else ""


def _published(tx: Transaction, draft: IncidentDraft, incident: Incident, where: str) -> str:
    name, content = name_text(incident.name), content_of(draft)
    if isinstance(content, str):
        return f"The postmortem of {name} is {where}."
    if isinstance(content, NewIncident):
        return f"{name} is {where}."
    if content.schedule is not None:
        return f"The new time of {name} is {where}."
    before = [said.status for said in list_updates(tx.session, [incident.id])[1:2]]
    if incident.status not in ENDED and before and before[0] in ENDED:
        return f"{name} is open again, and the update is {where}: {standing_of(tx, incident)}."
    return f"The update of {name} is {where}: {standing_of(tx, incident)}."


def waiting_view(tx: Transaction, draft: IncidentDraft) -> Block:
    """What an author sees whose draft waits for somebody else."""
    who = reviewers_text(tx, draft)
    why = why_unheard(tx, list_reviewers(tx, draft, role_of_draft(tx, draft)))
    told = (
        f"*They were not told:* {why}. Tell one of them yourself"
        if why
        else "You are told in your direct messages with me"
    )
    said = f":busts_in_silhouette: It waits for {who} to publish it. {told}."
    blocks = [section(said), *wish_blocks(draft, viewer_id=draft.author_id)]
    return modal("Waits for somebody else", blocks, callback_id=CallbackId.NOTICE)


_SHOWN = 8
_MAX_WORDS = 300


def doubles_view(tx: Transaction, draft: IncidentDraft, doubles: Sequence[Incident]) -> Block:
    """The open incidents, each with *Update that one instead*."""
    blocks: list[Block] = [section(":eyes: *This is open already on the same components.*")]
    for incident in doubles[:_SHOWN]:
        blocks += [divider(), *_line(tx, draft, incident)]
    if len(doubles) > _SHOWN:
        blocks.append(context(f"…and {len(doubles) - _SHOWN} more."))
    new = button("It is something else: open a new one", ActionId.DRAFT_NEW_ALL_THE_SAME, draft.id)
    blocks += [divider(), actions(new, block_id=f"doubles.{draft.id}")]
    return modal(
        "Open already",
        blocks,
        callback_id=CallbackId.DRAFT_DOUBLES,
        close="Later",
        private_metadata=draft.id,
        notify_on_close=draft.status == DraftStatus.OPEN,
    )


def _line(tx: Transaction, draft: IncidentDraft, incident: Incident) -> list[Block]:
    last = next(iter(list_updates(tx.session, [incident.id])), None)
    words = f"\n{render_mrkdwn(last.body, limit=_MAX_WORDS)}" if last and last.body else ""
    state = f"{status_text(incident.status)}  ·  {impact_text(impact_of(incident))}  ·  {when(incident.created_at)}"
    instead = button(
        "Update that one instead",
        ActionId.DRAFT_UPDATE_THAT,
        f"{draft.id}:{incident.id}",
        style="primary",
    )
    return [
        section(f"{name_text(incident.name)}  {public_link(tx, incident)}\n{state}{words}"),
        actions(instead, block_id=f"double.{incident.id}"),
    ]


def send_back_view(tx: Transaction, draft_id: str, seen: int | None = None) -> Block:
    """The modal in which a second person says what should change, having seen a version of the draft.

    Raises when they could not send it back now.
    """
    draft = check_send_back(tx, draft_id)
    return modal(
        "Send back",
        [
            section(f"{author_text(tx, draft)} wrote {subject_text(tx, draft)}."),
            input_block(
                "What should change?",
                text_input(multiline=True, max_length=MAXIMUM_REASON),
                block_id="reason",
                hint="The author is told this, and by whom.",
            ),
        ],
        callback_id=CallbackId.DRAFT_SEND_BACK,
        submit="Send back",
        close="Cancel",
        private_metadata=value_of(draft.id, seen),
    )
