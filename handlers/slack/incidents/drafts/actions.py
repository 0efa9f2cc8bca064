"""The buttons of drafts: published, edited, sent or taken back, thrown away, and what is open already."""

from collections.abc import Callable, Mapping
from functools import partial

import structlog

from desk.errors import ConflictError, KeydeskError
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.drafts import discard_draft, find_draft, get_reviewable, send_back, take_back
from desk.incidents.drafts.duplicates import OpenDoublesError, accept_doubles, get_undecided
from desk.incidents.drafts.forgotten import keep_draft, leave_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.steps import get_editable, list_steps
from desk.incidents.lookup import find_incident
from desk.transaction import Actor, Transaction
from handlers.slack.framework.action_ids import CallbackId, number_in
from handlers.slack.framework.blocks import Block, Message, modal, section
from handlers.slack.framework.modals import is_in_modal, show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.incidents.drafts.text import plain_subject, subject_text
from handlers.slack.incidents.drafts.views import preview_view, published_view, send_back_view, waiting_view
from handlers.slack.incidents.drafts.writing import draft_view, instead_of
from handlers.slack.incidents.form_state import FormState, values_of
from handlers.slack.incidents.starting import update_of
from handlers.slack.incidents.views import render_form
from storage.models import DraftKind, IncidentDraft

_log = structlog.get_logger(__name__)

DrawEditor = Callable[[Transaction, IncidentDraft], Block]
"""Draws the form in which a draft of a kind is edited."""


async def press_publish(slack: SlackContext, action: BlockAction) -> None:
    """*Publish*."""
    await _publish_or_show(slack, action, quietly=False)


async def press_publish_quietly(slack: SlackContext, action: BlockAction) -> None:
    """*Publish quietly*."""
    await _publish_or_show(slack, action, quietly=True)


async def _publish_or_show(slack: SlackContext, action: BlockAction, *, quietly: bool) -> None:
    """Publish or, where the draft does not fit any more, show what it says, why, and what the person can do."""
    try:
        await _publish(slack, action, quietly=quietly)
    except ConflictError as refusal:
        problem = str(refusal)
        in_preview = is_in_modal(action)
        view = await slack.desk.read(
            action.actor, lambda tx: _still_to_do(tx, action.subject, problem, in_preview=in_preview)
        )
        if view is None:
            raise
        await show_modal(slack, action, view)


async def _publish(slack: SlackContext, action: BlockAction, *, quietly: bool) -> None:
    def work(tx: Transaction) -> Block:
        outcome, incident = publish_draft(tx, action.subject, quietly=quietly, version=action.version)
        draft = get_reviewable(tx, action.subject)
        if outcome is Outcome.ASK_SECOND or incident is None:
            return waiting_view(tx, draft)
        return published_view(tx, draft, incident)

    try:
        view = await slack.desk.write(action.actor, work)
    except OpenDoublesError:
        await press_show_draft(slack, action)
        return
    if is_in_modal(action):
        try:
            await show_modal(slack, action, view)
        except KeydeskError as error:
            # It is public all the same, and the channel shows it.
            _log.warning("publication_not_shown", draft_id=action.subject, problem=str(error))


async def press_show_draft(slack: SlackContext, action: BlockAction) -> None:
    """*Open*: the preview again, or what it may double, for whoever may publish it."""

    view = await slack.desk.read(action.actor, lambda tx: draft_view(tx, get_reviewable(tx, action.subject)))
    await show_modal(slack, action, view)


async def press_edit(editors: Mapping[DraftKind, DrawEditor], slack: SlackContext, action: BlockAction) -> None:
    """*Edit*: the form that the draft came from."""

    def work(tx: Transaction) -> Block:
        draft = get_editable(tx, action.subject)
        return editors[DraftKind(draft.kind)](tx, draft)

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


def draw_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a new incident or of an update, with what the draft says."""
    content = content_of(draft)
    assert not isinstance(content, str)
    incident = find_incident(tx.session, draft.incident_id or "") if draft.kind == DraftKind.UPDATE else None
    state = update_of(incident) if incident is not None else FormState(DraftKind(draft.kind), draft.page_id)
    return render_form(tx, state.editing(draft), values_of(draft, content))


async def press_keep(slack: SlackContext, action: BlockAction) -> None:
    """*Keep*: the card says until when."""
    await slack.desk.write(action.actor, partial(keep_draft, draft_id=action.subject))


async def press_discard(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Discard*: the preview in which it was pressed says so, and has no button any more."""

    def work(tx: Transaction) -> tuple[Message, Block]:
        draft = discard_draft(tx, action.subject)
        text = f"Thrown away: {plain_subject(tx, draft)}"
        message = Message(text, [section(f":wastebasket: Thrown away: {subject_text(tx, draft)}.")])
        return message, modal("Thrown away", message.blocks, callback_id=CallbackId.NOTICE)

    message, view = await slack.desk.write(action.actor, work)
    if not is_in_modal(action):
        return message
    await show_modal(slack, action, view)
    return None


async def close_preview(slack: SlackContext, user_id: str, draft_id: str) -> None:
    """*Later*, or a window that is closed: its author is told where the draft is."""
    await slack.desk.write(Actor.member(user_id), partial(leave_draft, draft_id=draft_id))


async def close_form(slack: SlackContext, user_id: str, metadata: str) -> None:
    """*Cancel* in a form in which a draft is edited: the draft is as it was, and its author is told where it is."""
    draft_id = FormState.from_metadata(metadata).draft_id
    if draft_id is not None:
        await close_preview(slack, user_id, draft_id)


async def press_new_all_the_same(slack: SlackContext, action: BlockAction) -> None:
    """*It is something else*: said once, and on to the preview."""
    view = await slack.desk.write(action.actor, lambda tx: draft_view(tx, accept_doubles(tx, action.subject)))
    await show_modal(slack, action, view)


async def press_update_that(slack: SlackContext, action: BlockAction) -> None:
    """*Update that one instead*: the form of an update with the same words. One's own draft of a new one is there
    until the form is sent: it may never be, and may not even open."""
    draft_id, _, incident_id = action.value.partition(":")
    draw = partial(_draw_instead, draft_id=draft_id, incident_id=incident_id)
    await show_modal(slack, action, await slack.desk.read(action.actor, draw))


def _draw_instead(tx: Transaction, draft_id: str, incident_id: str) -> Block:
    return instead_of(tx, get_undecided(tx, draft_id), incident_id)


async def press_take_back(slack: SlackContext, action: BlockAction) -> None:
    """*Take back*: the draft waits for nobody any more, and its author has its preview with every button."""
    view = await slack.desk.write(action.actor, lambda tx: preview_view(tx, take_back(tx, action.subject)))
    await show_modal(slack, action, view)


def _still_to_do(tx: Transaction, draft_id: str, problem: str, *, in_preview: bool) -> Block | None:
    draft = find_draft(tx, draft_id)
    # The preview of what was decided is drawn anew: none of its buttons leads anywhere any more.
    if draft is None or not (in_preview or list_steps(tx, draft)):
        return None
    return preview_view(tx, draft, problem=problem)


async def press_send_back(slack: SlackContext, action: BlockAction) -> None:
    """*Send back*: a modal that asks why."""
    draw = partial(send_back_view, draft_id=action.subject, seen=action.version)
    view = await slack.desk.read(action.actor, draw)
    await show_modal(slack, action, view)


async def submit_send_back(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """The draft goes back to its author with the reason given."""
    reason = submission.text("reason")
    draft_id, _, seen = submission.private_metadata.partition(":")
    work = partial(send_back, draft_id=draft_id, reason=reason, version=number_in(seen))
    await slack.desk.write(submission.actor, work)
    return None
