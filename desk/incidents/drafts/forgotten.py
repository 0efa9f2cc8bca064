"""Drafts that were closed rather than published: authors are told, and what nobody comes back to is thrown away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update

from desk.audit import trail as audit
from desk.errors import NotAllowedError
from desk.incidents.drafts.drafts import already_decided, get_draft, move_draft
from desk.incidents.drafts.review import MINE_CARD, places_of_author, show_draft
from desk.messages.outbox import send_card
from desk.permissions import Duty, require_duty, require_person
from desk.transaction import Transaction
from storage.models import DraftStatus, IncidentDraft

IN_HAND = (DraftStatus.OPEN, DraftStatus.SENT_BACK)
"""States in which nobody but its author waits for a draft."""
_KEPT_TIMES = 4
"""For how many times as long as a draft that is left as it is one is kept that its author wants to come back to."""
_BATCH = 50


def thrown_away_at(tx: Transaction, draft: IncidentDraft) -> datetime:
    """When a draft that its author has in hand is thrown away if it is left as it is."""
    by_itself = draft.updated_at + tx.policy.draft_expires_after
    return max(by_itself, draft.kept_until) if draft.kept_until else by_itself


def keep_draft(tx: Transaction, draft_id: str) -> IncidentDraft:
    """Its author wants to come back to it: it is thrown away that much later. Again and again, if they say so.

    Raises NotAllowedError for others, ConflictError when they do not have it in hand, NotFoundError.
    """
    draft = get_draft(tx, draft_id)
    if draft.author_id != tx.actor.author_id:
        raise NotAllowedError("Only its author can keep this draft.")
    require_person(tx)
    until = tx.now + _KEPT_TIMES * tx.policy.draft_expires_after
    # What is shown of it elsewhere stays true: the version is that of its words.
    won = tx.session.execute(
        update(IncidentDraft)
        .where(IncidentDraft.id == draft_id, IncidentDraft.status.in_(list(IN_HAND)))
        .values(kept_until=until)
        .returning(IncidentDraft.id)
    ).first()
    tx.session.refresh(draft)
    if won is None:
        raise already_decided(draft, IN_HAND)
    send_card(tx, MINE_CARD, draft.id, places_of_author(draft))
    audit.record(tx, audit.Action.DRAFT_KEPT, "draft", draft.id, page_id=draft.page_id, until=until.isoformat())
    return draft


def leave_draft(tx: Transaction, draft_id: str) -> None:
    """Its author closed the preview of a draft: where it is still open, tell them that it is kept, until when and how
    to get back to it. Raises NotAllowedError for others, NotFoundError."""
    draft = get_draft(tx, draft_id, lock=True)
    if draft.author_id != tx.actor.author_id:
        raise NotAllowedError("Only its author can leave this draft for later.")
    require_person(tx)
    if draft.status == DraftStatus.OPEN:
        send_card(tx, MINE_CARD, draft.id, places_of_author(draft))


def discard_all(tx: Transaction) -> int:
    """Throw away every draft that the actor has in hand; those that wait for a second person stay. Gives how many."""
    require_person(tx)
    own = select(IncidentDraft).where(
        IncidentDraft.author_id == tx.actor.author_id, IncidentDraft.status.in_(list(IN_HAND))
    )
    drafts = tx.session.scalars(own.order_by(IncidentDraft.id)).all()
    return _throw_away(tx, drafts, audit.Action.DRAFT_DISCARDED)


def sweep_forgotten(tx: Transaction) -> int:
    """Throw away drafts that their authors have left as they are for too long. Gives how many."""
    require_duty(tx, Duty.TIME)
    forgotten = (
        select(IncidentDraft)
        .where(
            IncidentDraft.status.in_(list(IN_HAND)),
            IncidentDraft.updated_at <= tx.now - tx.policy.draft_expires_after,
            or_(IncidentDraft.kept_until.is_(None), IncidentDraft.kept_until <= tx.now),
        )
        .order_by(IncidentDraft.id)
        .limit(_BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return _throw_away(tx, tx.session.scalars(forgotten).all(), audit.Action.DRAFT_EXPIRED)


def _throw_away(tx: Transaction, drafts: Sequence[IncidentDraft], action: audit.Action) -> int:
    by: dict[str, Any] = {"decided_by": str(tx.actor), "decided_at": tx.now}
    gone = [draft for draft in drafts if move_draft(tx, draft, IN_HAND, status=DraftStatus.DISCARDED, **by)]
    for draft in gone:
        show_draft(tx, draft)
    for draft in gone:
        audit.record(tx, action, "draft", draft.id, page_id=draft.page_id)
    return len(gone)
