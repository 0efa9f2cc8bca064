"""The second person: the card on which a draft is published or sent back, and its author's own."""

from desk.incidents.drafts.decision import is_of_key
from desk.incidents.drafts.drafts import find_draft
from desk.incidents.drafts.forgotten import thrown_away_at
from desk.incidents.drafts.steps import find_changes
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actor_name,
    button,
    context,
    escape,
    mention,
    plain,
    section,
    text_length,
    when,
)
from handlers.slack.incidents.drafts.buttons import mine_buttons, review_buttons
from handlers.slack.incidents.drafts.text import (
    author_text,
    changes_blocks,
    concern_blocks,
    editor_text,
    outcome_blocks,
    outcome_text,
    plain_subject,
    reviewers_text,
    speaking_key_blocks,
    subject_text,
    warning_blocks,
    wish_blocks,
)
from handlers.slack.incidents.drafts.views import draft_blocks
from handlers.slack.incidents.text import plain_name
from handlers.slack.requests.text import quotation
from storage.models import DraftStatus, IncidentDraft, SlackMessage

_MOST_BLOCKS = 35
"""Of what subscribers will read, on the card; Slack takes 50 blocks in a message."""
_NOTIFIED = 300
"""Characters of a reason in what phones and screen readers give."""
_MOST_TEXT = MAX_MESSAGE_TEXT - 4500


def render_review(tx: Transaction, card: SlackMessage) -> Message | None:
    """The card of those who may publish a draft besides its author: what it says, or what became of it."""
    draft = find_draft(tx, card.subject_id)
    if draft is None:
        return _render_gone(card)
    author, what = author_text(tx, draft), subject_text(tx, draft)
    if draft.status == DraftStatus.WAITING:
        intro = section(f":raised_hand: {author} asks you to publish {what}.")
        wish, changes = wish_blocks(draft, viewer_id=None), changes_blocks(tx, draft, viewer_id=None)
        about = [*wish, *speaking_key_blocks(tx, draft), *_shown(tx, draft), *changes]
        blocks = [intro, *about, _written(tx, draft), review_buttons(tx, draft)]
        return Message(f"{author} asks you to publish {plain_subject(tx, draft)}", blocks)
    asked = section(f"{author} asked for {what} to be published.\n{outcome_text(tx, draft)}")
    return Message(f"{_became(draft)}: {plain_subject(tx, draft)}", [asked, *outcome_blocks(tx, draft)])


def render_again(tx: Transaction, card: SlackMessage) -> Message | None:
    """A draft that was sent back waits again; nothing once it is decided."""
    draft = find_draft(tx, card.subject_id.partition(":")[0])
    if draft is None or draft.status != DraftStatus.WAITING:
        return None
    author, what = author_text(tx, draft), subject_text(tx, draft)
    look = button("Open", ActionId.DRAFT_SHOW, value_of(draft.id, draft.version), style="primary")
    text = f":raised_hand: {author} changed {what}, and asks you again to publish it."
    return Message(f"{author} asks you again to publish {plain_subject(tx, draft)}", [section(text, accessory=look)])


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
    became = outcome_text(tx, draft)
    until = when(thrown_away_at(tx, draft))
    if draft.status == DraftStatus.OPEN:
        became = f":pencil2: *It is not public.* It is kept for you until {until}."
    elif draft.status == DraftStatus.SENT_BACK:
        became += f". It is kept for you until {until}."
    blocks = [section(f"You wrote {what}.\n{became}"), *outcome_blocks(tx, draft)]
    if draft.status in {DraftStatus.SENT_BACK, DraftStatus.OPEN}:
        blocks.append(mine_buttons(draft))
    mine = {DraftStatus.SENT_BACK: "Sent back to you", DraftStatus.OPEN: "Not public yet"}
    told = mine.get(DraftStatus(draft.status))
    told = f"{told}, kept for you until {until}" if told else _became(draft)
    return Message(f"{told}: {plain_subject(tx, draft)}", blocks)


def render_decided(tx: Transaction, note: SlackMessage) -> Message | None:
    """To its author, by a message that rings: what somebody else made of a draft, and why."""
    draft, who = find_draft(tx, note.subject_id.partition(":")[0]), actor_name(note.facts.get("by"))
    reader = mention(note.conversation)
    if draft is None:
        name = str(note.facts.get("name") or "")
        what = f"your draft about “{plain_name(name)}”" if name else "your draft"
        told = f"{who} deleted its incident, so {what} is gone"
        return Message(told, [section(f"{reader} {told}.")])
    deed = {
        DraftStatus.PUBLISHED: "published",
        DraftStatus.SENT_BACK: "sent back",
        DraftStatus.DISCARDED: "threw away",
    }[DraftStatus(note.facts["status"])]
    reason = str(note.facts.get("reason") or "") if deed == "sent back" else ""
    told = f"{who} {deed} {plain_subject(tx, draft)}"
    words = escape(plain(" ".join(reason.split()), limit=_NOTIFIED))
    of_key = is_of_key(draft)
    wrote = f"which {author_text(tx, draft)} handed in" if of_key else "which you wrote"
    blocks = [section(f"{reader} {who} {deed} {subject_text(tx, draft)}, {wrote}.")]
    if draft.status == DraftStatus.SENT_BACK and reason:
        # What a key said is not edited: its client sends it anew.
        blocks += [*quotation(reason), *([] if of_key else [mine_buttons(draft)])]
    elif draft.status == DraftStatus.PUBLISHED:
        blocks += outcome_blocks(tx, draft)
    return Message(f"{told}: {words}" if words else told, blocks)


def render_outdated(tx: Transaction, card: SlackMessage) -> Message | None:
    """To its author: the incident changed while a draft waits, so it cannot be published as it is."""
    draft = find_draft(tx, card.subject_id.partition(":")[0])
    if draft is None or draft.status != DraftStatus.WAITING or find_changes(tx, draft) is None:
        return None
    told = f"Nobody can publish {plain_subject(tx, draft)} as it is: the incident has changed since you wrote it"
    text = f"{author_text(tx, draft)} Nobody can publish {subject_text(tx, draft)} as it is."
    return Message(told, [section(text), *changes_blocks(tx, draft, viewer_id=draft.author_id)])


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
        settled = f"{author_text(tx, draft)} waited for somebody to publish {subject_text(tx, draft)}."
        blocks = [context(settled, outcome_text(tx, draft))]
        return None if card.ts is None else Message(f"{_became(draft)}: {plain_subject(tx, draft)}", blocks)
    author, since = author_text(tx, draft), when(draft.updated_at)
    text = f":hourglass_flowing_sand: {author} waits since {since} for somebody to publish {subject_text(tx, draft)}."
    told = f"{author} still waits for somebody to publish {plain_subject(tx, draft)}"
    if for_owners:
        text += f" Nobody has decided. Asked: {reviewers_text(tx, draft)}."
        told += ", and nobody has decided"
    look = button("Open", ActionId.DRAFT_SHOW, value_of(draft.id), style="primary")
    return Message(told, [section(text, accessory=look)])


def _became(draft: IncidentDraft) -> str:
    """What became of a draft, before its name in what phones and screen readers give."""
    done = {
        DraftStatus.PUBLISHED: "Published",
        DraftStatus.SENT_BACK: "Sent back",
        DraftStatus.DISCARDED: "Thrown away",
    }.get(DraftStatus(draft.status))
    return f"{done} by {actor_name(draft.decided_by)}" if done else "Open again"


def _render_gone(card: SlackMessage) -> Message | None:
    name = str(card.facts.get("name") or "")
    text = f"The draft{f' about “{plain_name(name)}”' if name else ''} is gone: its incident was deleted."
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


def _written(tx: Transaction, draft: IncidentDraft) -> Block:
    return context(f"Written by {author_text(tx, draft)} {when(draft.created_at)}{editor_text(tx, draft)}")
