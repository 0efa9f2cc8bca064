"""The second person: the card on which a draft is published or sent back, and its author's own."""

from collections.abc import Mapping
from functools import partial

from desk.errors import InvalidInputError
from desk.incidents.draft_content import content_of, role_of_draft
from desk.incidents.drafts import check_send_back, find_draft, send_back
from desk.incidents.inputs import NewIncident
from desk.incidents.lookup import find_incident
from desk.incidents.review import AGAIN_NOTE, MINE_CARD, REVIEW_CARD, list_reviewers
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, CallbackId, number_in, value_of
from handlers.slack.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    input_block,
    mention,
    modal,
    plain,
    quote,
    section,
    text_input,
    text_length,
    when,
)
from handlers.slack.incidents.preview import ask_once_more, draft_blocks, warning_blocks
from handlers.slack.incidents.said import on_page, plain_name
from handlers.slack.incidents.words import name_text, public_link, status_text
from handlers.slack.incoming import Answer, Click, ClickHandler, Front, Submission, SubmissionHandler
from handlers.slack.renderer import Renderer
from handlers.slack.surfaces import show_modal
from storage.models import DraftKind, DraftStatus, IncidentDraft, SlackMessage

MAX_REASON = 500
_NAMED = 5
_MOST_BLOCKS = 35
"""Of what subscribers will read, on the card; Slack takes 50 blocks in a message."""
_MOST_TEXT = MAX_MESSAGE_TEXT - 4500
_KINDS: Mapping[DraftKind, str] = {
    DraftKind.INCIDENT: "a new incident",
    DraftKind.MAINTENANCE: "a new maintenance",
    DraftKind.UPDATE: "an update of",
    DraftKind.BACKFILL: "an incident of the past",
    DraftKind.POSTMORTEM: "the postmortem of",
}


def render_review(tx: Transaction, card: SlackMessage) -> Message | None:
    """The card of those who may publish a draft besides its author: what it says, or what became of it."""
    draft = find_draft(tx, card.subject_id)
    if draft is None:
        return _render_gone(card)
    author, what = mention(draft.author_id), _what(tx, draft)
    if draft.status == DraftStatus.WAITING:
        intro = section(f":raised_hand: {author} asks you to publish {what}.")
        blocks = [intro, *_shown(tx, draft), *_changed_since(tx, draft), _written(draft), _review_buttons(draft)]
        return Message(f"{author} asks you to publish {_plainly(tx, draft)}", blocks)
    blocks = [section(f"{author} asked for {what} to be published.\n{_outcome(tx, draft)}"), *_reason(draft)]
    told = "Open again" if draft.status == DraftStatus.OPEN else "Settled"
    return Message(f"{told}: {_plainly(tx, draft)}", [*blocks, *_link(tx, draft)])


def render_again(tx: Transaction, card: SlackMessage) -> Message | None:
    """A draft that was sent back waits again; nothing once it is decided."""
    draft = find_draft(tx, card.subject_id.partition(":")[0])
    if draft is None or draft.status != DraftStatus.WAITING:
        return None
    author, what = mention(draft.author_id), _what(tx, draft)
    look = button("Open", str(ActionId.DRAFT_SHOW), value_of(draft.id, draft.version), style="primary")
    text = f":raised_hand: {author} changed {what}, and asks you again to publish it."
    return Message(f"{author} asks again: {_plainly(tx, draft)}", [section(text, accessory=look)])


def render_mine(tx: Transaction, card: SlackMessage) -> Message | None:
    """The author's card of a draft: for whom it waits, or what became of it."""
    draft = find_draft(tx, card.subject_id)
    if draft is None:
        return _render_gone(card)
    what = _what(tx, draft)
    if draft.status == DraftStatus.WAITING:
        text = (
            f":hourglass_flowing_sand: You wrote {what}. It is published by a second person: {_reviewers(tx, draft)}."
        )
        blocks = [section(text), *_changed_since(tx, draft), _mine_buttons(draft)]
        return Message(f"Waits for a second person: {_plainly(tx, draft)}", blocks)
    blocks = [section(f"You wrote {what}.\n{_outcome(tx, draft)}"), *_reason(draft), *_link(tx, draft)]
    if draft.status in {DraftStatus.SENT_BACK, DraftStatus.OPEN}:
        blocks.append(_mine_buttons(draft))
    told = {
        DraftStatus.SENT_BACK: "Sent back to you",
        DraftStatus.PUBLISHED: "Published",
        DraftStatus.DISCARDED: "Thrown away",
        DraftStatus.OPEN: "Not handed in yet",
    }[DraftStatus(draft.status)]
    return Message(f"{told}: {_plainly(tx, draft)}", blocks)


def _render_gone(card: SlackMessage) -> Message | None:
    text = "This draft is gone: its incident was deleted."
    return None if card.ts is None else Message(text, [context(f":wastebasket: {text}")])


def _what(tx: Transaction, draft: IncidentDraft) -> str:
    """What would be published: `an update of *Checkout errors* on Acme`."""
    kind = DraftKind(draft.kind)
    words, comma = _KINDS[kind], "" if kind in {DraftKind.UPDATE, DraftKind.POSTMORTEM} else ","
    return f"{words}{comma} {name_text(_name(tx, draft))}{on_page(tx, draft.page_id)}"


def _plainly(tx: Transaction, draft: IncidentDraft) -> str:
    return f"{_KINDS[DraftKind(draft.kind)]} “{plain_name(_name(tx, draft))}”{on_page(tx, draft.page_id)}"


def _name(tx: Transaction, draft: IncidentDraft) -> str:
    content = content_of(draft)
    if isinstance(content, NewIncident):
        return content.name
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    return incident.name if incident is not None else "an incident"


def _shown(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    """What subscribers will read, as far as a message holds it, and every warning about it."""
    blocks, warnings = draft_blocks(tx, draft), warning_blocks(draft)
    words = blocks[: len(blocks) - len(warnings)]
    kept: list[Block] = []
    for block in words:
        if len(kept) == _MOST_BLOCKS or text_length([*kept, block]) > _MOST_TEXT:
            kept.append(context("…and more. *Open* shows everything."))
            break
        kept.append(block)
    return [*kept, *warnings]


def _changed_since(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    # A postmortem is published whatever became of its incident meanwhile.
    if incident is None or draft.kind != DraftKind.UPDATE or draft.incident_version == incident.version:
        return []
    text = (
        f":warning: The incident was changed {when(incident.updated_at)}, after this was written: it is "
        f"{status_text(incident.status)} now. {mention(draft.author_id)} has to look at the draft again first."
    )
    return [context(text)]


def _written(draft: IncidentDraft) -> Block:
    return context(f"Written by {mention(draft.author_id)} {when(draft.created_at)}")


def _review_buttons(draft: IncidentDraft) -> Block:
    value, ask = value_of(draft.id, draft.version), ask_once_more(draft)
    return actions(
        button("Publish", str(ActionId.DRAFT_PUBLISH), value, style="primary", ask=ask),
        button("Publish quietly", str(ActionId.DRAFT_PUBLISH_QUIETLY), value, ask=ask),
        button("Send back", str(ActionId.DRAFT_SEND_BACK), value, style="danger"),
        button("Open", str(ActionId.DRAFT_SHOW), value_of(draft.id)),
        block_id=f"draft:{draft.id}",
    )


def _mine_buttons(draft: IncidentDraft) -> Block:
    value = value_of(draft.id, draft.version)
    if draft.status == DraftStatus.SENT_BACK:
        first = button("Edit", str(ActionId.DRAFT_EDIT), value, style="primary")
    else:
        first = button("Open", str(ActionId.DRAFT_SHOW), value_of(draft.id))
    return actions(first, button("Discard", str(ActionId.DRAFT_DISCARD), value), block_id=f"draft:{draft.id}")


def _reviewers(tx: Transaction, draft: IncidentDraft) -> str:
    reviewers = list_reviewers(tx, draft, role_of_draft(tx, draft))
    named = ", ".join(mention(user_id) for user_id in reviewers[:_NAMED])
    more = f" and {len(reviewers) - _NAMED} more" if len(reviewers) > _NAMED else ""
    return f"{named}{more}" if named else "but nobody else may. An owner can appoint somebody"


def _outcome(tx: Transaction, draft: IncidentDraft) -> str:
    who, at = actor_name(draft.decided_by), when(draft.decided_at or draft.updated_at)
    match DraftStatus(draft.status):
        case DraftStatus.PUBLISHED:
            return f":white_check_mark: *Published* by {who} {at}"
        case DraftStatus.SENT_BACK:
            return f":leftwards_arrow_with_hook: *Sent back* by {who} {at}"
        case DraftStatus.DISCARDED:
            return f":wastebasket: *Thrown away* by {who} {at}"
        case _:
            changed = when(draft.updated_at)
            return f":pencil2: {mention(draft.author_id)} changed it {changed}. It has not been handed in again yet."


def _reason(draft: IncidentDraft) -> list[Block]:
    if draft.status != DraftStatus.SENT_BACK or not draft.decision_reason:
        return []
    return [section(quote(plain(draft.decision_reason, limit=MAX_REASON)))]


def _link(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if draft.status != DraftStatus.PUBLISHED or incident is None:
        return []
    return [context(public_link(incident))]


async def press_send_back(front: Front, click: Click) -> None:
    """*Send back*: a modal that asks why."""
    draw = partial(render_send_back_modal, draft_id=click.subject, seen=click.version)
    view = await front.desk.read(click.actor, draw)
    await show_modal(front, click, view)


def render_send_back_modal(tx: Transaction, draft_id: str, seen: int | None = None) -> Block:
    """The modal in which a second person says what should change, having seen a version of the draft.

    Raises when they could not send it back now.
    """
    draft = check_send_back(tx, draft_id)
    return modal(
        "Send back",
        [
            section(f"{mention(draft.author_id)} wrote {_what(tx, draft)}."),
            input_block(
                "What should change?",
                text_input(multiline=True, max_length=MAX_REASON),
                block_id="reason",
                hint="The author is told this, and by whom.",
            ),
        ],
        callback_id=str(CallbackId.DRAFT_SEND_BACK),
        submit="Send back",
        close="Cancel",
        private_metadata=value_of(draft.id, seen),
    )


async def submit_send_back(front: Front, submission: Submission) -> Answer | None:
    """The draft goes back to its author with the reason given."""
    reason = submission.text("reason")
    if not reason:
        raise InvalidInputError("Say what should change.", field="reason")
    draft_id, _, seen = submission.private_metadata.partition(":")
    work = partial(send_back, draft_id=draft_id, reason=reason, version=number_in(seen))
    await front.desk.write(submission.actor, work)
    return None


RENDERERS: Mapping[str, Renderer] = {
    REVIEW_CARD: render_review,
    MINE_CARD: render_mine,
    AGAIN_NOTE: render_again,
}
BUTTONS: Mapping[ActionId, ClickHandler] = {ActionId.DRAFT_SEND_BACK: press_send_back}
SUBMISSIONS: Mapping[CallbackId, SubmissionHandler] = {CallbackId.DRAFT_SEND_BACK: submit_send_back}
