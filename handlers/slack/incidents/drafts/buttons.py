"""The buttons of a draft: in its preview by what the viewer may do, and on the cards of both sides."""

from collections.abc import Collection

from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.forgotten import IN_HAND
from desk.incidents.drafts.steps import Step, decide_steps, find_audience_of, find_changes, list_steps
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import Block, actions, button, confirm
from handlers.slack.incidents.drafts.text import warning_blocks
from storage.models import DraftStatus, IncidentDraft


def preview_buttons(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    """What the viewer may do with the draft as it stands; nothing where that is nothing."""
    steps, value = list_steps(tx, draft), value_of(draft.id, draft.version)
    own = draft.author_id == tx.actor.author_id
    buttons = publish_buttons(tx, draft, ask_twice=not own) if Step.PUBLISH in steps else []
    if Step.EDIT in steps:
        style = None if buttons else "primary"
        buttons.append(button("Edit", ActionId.DRAFT_EDIT, value, style=style))
    buttons += _other_buttons(draft, steps)
    return [actions(*buttons, block_id=f"draft.{draft.id}")] if buttons else []


def choose_button(tx: Transaction, draft: IncidentDraft) -> Block | None:
    """*Choose components*: the form, for whoever may change the draft."""
    if Step.EDIT not in list_steps(tx, draft):
        return None
    return button("Choose components", ActionId.DRAFT_EDIT, value_of(draft.id, draft.version))


def review_buttons(tx: Transaction, draft: IncidentDraft) -> Block:
    """On the card of a draft that waits: what those may do whom it asks."""
    outdated = find_changes(tx, draft) is not None
    steps = decide_steps(DraftStatus.WAITING, Outcome.PUBLISH, is_author=False, is_outdated=outdated)
    buttons = publish_buttons(tx, draft, ask_twice=True) if Step.PUBLISH in steps else []
    return actions(*buttons, *_other_buttons(draft, steps), _open(draft), block_id=f"draft:{draft.id}")


def mine_buttons(draft: IncidentDraft) -> Block:
    """On the author's card: *Open* where there is more to do in the preview, and what can be done at once.

    *Keep* while time would throw it away.
    """
    steps = decide_steps(DraftStatus(draft.status), Outcome.REFUSE_AUTHOR, is_author=True)
    if draft.status == DraftStatus.SENT_BACK:
        value = value_of(draft.id, draft.version)
        first = button("Edit", ActionId.DRAFT_EDIT, value, style="primary")
    else:
        first = _open(draft)
    keep = [button("Keep", ActionId.DRAFT_KEEP, value_of(draft.id))] if draft.status in IN_HAND else []
    return actions(first, *keep, *_other_buttons(draft, steps), block_id=f"draft:{draft.id}")


def publish_buttons(tx: Transaction, draft: IncidentDraft, *, ask_twice: bool) -> list[Block]:
    """*Publish* and, where somebody can be notified, *Publish quietly*; the one that its author chose first.

    `ask_twice`: ask whoever would notify people against the author's wish.
    """
    value, ask = value_of(draft.id, draft.version), _ask_once_more(draft)
    if find_audience_of(tx, draft) is None:
        how = ActionId.DRAFT_PUBLISH_QUIETLY if draft.quietly else ActionId.DRAFT_PUBLISH
        return [button("Publish", how, value, style="primary", ask=ask)]
    against = _ask_against_wish() if draft.quietly and ask_twice else None
    loud, quiet = (None, "primary") if draft.quietly else ("primary", None)
    return [
        button("Publish", ActionId.DRAFT_PUBLISH, value, style=loud, ask=ask or against),
        button("Publish quietly", ActionId.DRAFT_PUBLISH_QUIETLY, value, style=quiet, ask=ask),
    ]


def _other_buttons(draft: IncidentDraft, steps: Collection[Step]) -> list[Block]:
    value = value_of(draft.id, draft.version)
    buttons = []
    if Step.SEND_BACK in steps:
        buttons.append(button("Send back", ActionId.DRAFT_SEND_BACK, value, style="danger"))
    if Step.TAKE_BACK in steps:
        buttons.append(button("Take back", ActionId.DRAFT_TAKE_BACK, value))
    if Step.DISCARD in steps:
        buttons.append(button("Discard", ActionId.DRAFT_DISCARD, value))
    return buttons


def _open(draft: IncidentDraft) -> Block:
    return button("Open", ActionId.DRAFT_SHOW, value_of(draft.id))


def _ask_once_more(draft: IncidentDraft) -> Block | None:
    if not warning_blocks(draft):
        return None
    return confirm("Publish it all the same?", "Everybody can read what is warned about.", "Publish", danger=True)


def _ask_against_wish() -> Block:
    return confirm("Notify people all the same?", "The author wishes to notify nobody.", "Publish")
