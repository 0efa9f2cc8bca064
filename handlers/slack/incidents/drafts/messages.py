"""The second person: the card on which a draft is published or sent back, and its author's own."""

from desk.incidents.drafts.drafts import find_draft
from desk.incidents.drafts.forgotten import thrown_away_at
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    button,
    context,
    mention,
    section,
    text_length,
    when,
)
from handlers.slack.incidents.drafts.buttons import mine_buttons, review_buttons
from handlers.slack.incidents.drafts.text import (
    changes_blocks,
    concern_blocks,
    outcome_blocks,
    outcome_text,
    plain_subject,
    reviewers_text,
    subject_text,
    warning_blocks,
    wish_blocks,
)
from handlers.slack.incidents.drafts.views import draft_blocks
from storage.models import DraftStatus, IncidentDraft, SlackMessage

_MOST_BLOCKS = 35
"""Of what subscribers will read, on the card; Slack takes 50 blocks in a message."""
_MOST_TEXT = MAX_MESSAGE_TEXT - 4500


def render_review(tx: Transaction, card: SlackMessage) -> Message | None:
    """The card of those who may publish a draft besides its author: what it says, or what became of it."""
    draft = find_draft(tx, card.subject_id)
    if draft is None:
        return _render_gone(card)
    author, what = mention(draft.author_id), subject_text(tx, draft)
    if draft.status == DraftStatus.WAITING:
        intro = section(f":raised_hand: {author} asks you to publish {what}.")
        wish, changes = wish_blocks(draft, viewer_id=None), changes_blocks(tx, draft, viewer_id=None)
        blocks = [intro, *wish, *_shown(tx, draft), *changes, _written(draft), review_buttons(tx, draft)]
        return Message(f"{author} asks you to publish {plain_subject(tx, draft)}", blocks)
    asked = section(f"{author} asked for {what} to be published.\n{outcome_text(draft)}")
    told = "Open again" if draft.status == DraftStatus.OPEN else "Settled"
    return Message(f"{told}: {plain_subject(tx, draft)}", [asked, *outcome_blocks(tx, draft)])


def render_again(tx: Transaction, card: SlackMessage) -> Message | None:
    """A draft that was sent back waits again; nothing once it is decided."""
    draft = find_draft(tx, card.subject_id.partition(":")[0])
    if draft is None or draft.status != DraftStatus.WAITING:
        return None
    author, what = mention(draft.author_id), subject_text(tx, draft)
    look = button("Open", ActionId.DRAFT_SHOW, value_of(draft.id, draft.version), style="primary")
    text = f":raised_hand: {author} changed {what}, and asks you again to publish it."
    return Message(f"{author} asks again: {plain_subject(tx, draft)}", [section(text, accessory=look)])


def render_mine(tx: Transaction, card: SlackMessage) -> Message | None:
    """The author's card of a draft: for whom it waits, or what became of it."""
    draft = find_draft(tx, card.subject_id)
    if draft is None:
        return _render_gone(card)
    what = subject_text(tx, draft)
    if draft.status == DraftStatus.WAITING:
        who, author_id = reviewers_text(tx, draft), draft.author_id
        text = f":hourglass_flowing_sand: You wrote {what}. It is published by a second person: {who}."
        wish, changes = wish_blocks(draft, viewer_id=author_id), changes_blocks(tx, draft, viewer_id=author_id)
        blocks = [section(text), *wish, *changes, mine_buttons(draft)]
        return Message(f"Waits for a second person: {plain_subject(tx, draft)}", blocks)
    became = outcome_text(draft)
    if draft.status == DraftStatus.OPEN:
        became = f":pencil2: *It is not public.* It is kept for you until {when(thrown_away_at(tx, draft))}."
    blocks = [section(f"You wrote {what}.\n{became}"), *outcome_blocks(tx, draft)]
    if draft.status in {DraftStatus.SENT_BACK, DraftStatus.OPEN}:
        blocks.append(mine_buttons(draft))
    told = {
        DraftStatus.SENT_BACK: "Sent back to you",
        DraftStatus.PUBLISHED: "Published",
        DraftStatus.DISCARDED: "Thrown away",
        DraftStatus.OPEN: "Not public yet, kept for you",
    }[DraftStatus(draft.status)]
    return Message(f"{told}: {plain_subject(tx, draft)}", blocks)


def render_reminder(tx: Transaction, card: SlackMessage) -> Message | None:
    """A draft still waits: for those who may publish it. Once it does not, a line says what became of it."""
    return _render_waits(tx, card, for_owners=False)


def render_late(tx: Transaction, card: SlackMessage) -> Message | None:
    """A draft waits, and nobody decides: for owners."""
    return _render_waits(tx, card, for_owners=True)


def _render_waits(tx: Transaction, card: SlackMessage, *, for_owners: bool) -> Message | None:
    draft = find_draft(tx, card.subject_id.partition(":")[0])
    if draft is None:
        return _render_gone(card)
    if draft.status != DraftStatus.WAITING:
        settled = f"{mention(draft.author_id)} waited for somebody to publish {subject_text(tx, draft)}."
        blocks = [context(settled, outcome_text(draft))]
        return None if card.ts is None else Message(f"Settled: {plain_subject(tx, draft)}", blocks)
    author, since = mention(draft.author_id), when(draft.updated_at)
    text = f":hourglass_flowing_sand: {author} waits since {since} for somebody to publish {subject_text(tx, draft)}."
    if for_owners:
        text += f" Nobody has decided. Asked: {reviewers_text(tx, draft)}."
    look = button("Open", ActionId.DRAFT_SHOW, value_of(draft.id), style="primary")
    return Message(f"{author} still waits: {plain_subject(tx, draft)}", [section(text, accessory=look)])


def _render_gone(card: SlackMessage) -> Message | None:
    text = "This draft is gone: its incident was deleted."
    return None if card.ts is None else Message(text, [context(f":wastebasket: {text}")])


def _shown(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    """What subscribers will read, as far as a message holds it, and every warning about it."""
    blocks, warnings = draft_blocks(tx, draft), warning_blocks(draft)
    words, warnings = blocks[: len(blocks) - len(warnings)], [*warnings, *concern_blocks(tx, draft)]
    kept: list[Block] = []
    for block in words:
        if len(kept) == _MOST_BLOCKS or text_length([*kept, block]) > _MOST_TEXT:
            kept.append(context("…and more. *Open* shows everything."))
            break
        kept.append(block)
    return [*kept, *warnings]


def _written(draft: IncidentDraft) -> Block:
    return context(f"Written by {mention(draft.author_id)} {when(draft.created_at)}")
