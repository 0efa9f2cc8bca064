"""The second person: who is asked to publish somebody's draft, and what both of them see of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from desk.commands import slash
from desk.errors import ConflictError
from desk.incidents.drafts.decision import is_of_key
from desk.messages.outbox import (
    find_card,
    list_cards,
    refresh_card,
    send_card,
    send_note,
    send_reply,
    tell_decision,
)
from desk.messages.subjects import THE_READER, Thing
from desk.people import is_reachable
from desk.permissions import list_owner_ids
from desk.roles.lists import list_holders
from desk.transaction import Transaction
from storage.models import DraftStatus, IncidentDraft, Page, Role, SecondPerson

REVIEW_CARD = "draft.review"
"""The kind of the card that others who may publish get; its subject is the draft."""
MINE_CARD = "draft.mine"
"""The kind of the card by which its author follows a draft."""
AGAIN_NOTE = "draft.again"
"""Says that a draft which was sent back waits again; its subject begins with the draft."""
DECIDED_NOTE = "draft.decided"
"""Said to its author when somebody else decided on a draft; its facts hold `status` and `reason` or, when its
incident was deleted, its `name`."""
OUTDATED_CARD = "draft.outdated"
"""Said to its author when their incident changed while a draft waits; its subject is that of `reminder_subject`."""
REMINDER_CARD = "draft.reminder"
"""Reminds those who may publish a draft that it waits; its subject is that of `reminder_subject`."""
LATE_CARD = "draft.late"
"""Tells owners that nobody has decided on a draft; its subject is that of `reminder_subject`."""


def list_reviewers(tx: Transaction, draft: IncidentDraft, role: Role) -> Sequence[str]:
    """Slack user ids of those who may publish the draft besides its author: role holders or, without any, owners."""
    holders = [holder.user_id for holder in list_holders(tx, role, draft.page_id)]
    rule = select(Page.second_person).where(Page.id == draft.page_id)
    # Who answers for a key is no second person; where any person will do, they are one.
    own = {draft.author_id}
    if tx.session.scalar(rule) != SecondPerson.NEVER:
        own |= {one for one in (draft.on_behalf_of, draft.edited_by) if one is not None}
    others = [user_id for user_id in holders if user_id not in own]
    return others or [user_id for user_id in list_owner_ids(tx) if user_id not in own]


def ask_reviewers(tx: Transaction, draft: IncidentDraft, role: Role) -> None:
    """Put a draft that waits before the others. Raises ConflictError where there is nobody else."""
    reviewers = list_reviewers(tx, draft, role)
    if not reviewers:
        page = tx.session.get_one(Page, draft.page_id)
        raise ConflictError(
            f"Somebody else must publish this on {page.name}, and nobody else may.",
            f"Appoint somebody: {slash(f'roles grant @somebody {role} on {page.subdomain or page.name}')}",
        )
    again = [one for one in reviewers if find_card(tx, REVIEW_CARD, draft.id, one) is not None]
    show_to_reviewers(tx, draft, reviewers)
    # Slack notifies nobody of a message that is edited.
    send_note(tx, AGAIN_NOTE, draft.id, again, shows=[THE_READER])
    send_card(tx, MINE_CARD, draft.id, places_of_author(draft))


def show_to_reviewers(tx: Transaction, draft: IncidentDraft, reviewers: Sequence[str]) -> None:
    """Put the card of a draft before those who may publish it. It follows what becomes of the key that spoke."""
    spoke = [(Thing.KEY, draft.author_id.partition(":")[2])] if is_of_key(draft) else []
    send_card(tx, REVIEW_CARD, draft.id, reviewers, shows=spoke)


def places_of_author(draft: IncidentDraft) -> Sequence[str]:
    """Where a draft's author reads in Slack: a person's direct messages. Who wrote elsewhere looks there."""
    return [] if ":" in draft.author_id else [draft.author_id]


def places_of_waiting(tx: Transaction, draft: IncidentDraft) -> Sequence[str]:
    """Where somebody waits for a draft: its author or, of a key's, who answered for it or else the owners."""
    if not is_of_key(draft):
        return places_of_author(draft)
    holder = draft.on_behalf_of
    return [holder] if holder and is_reachable(tx, holder) else list_owner_ids(tx)


def reminder_subject(draft: IncidentDraft, *, before: int = 0) -> str:
    """What reminders of a draft are about: the draft in its state now, or `before` so many changes of it."""
    return f"{draft.id}:{draft.version - before}"


def show_draft(tx: Transaction, draft: IncidentDraft) -> None:
    """Bring every copy of a draft's cards up to date."""
    refresh_card(tx, REVIEW_CARD, draft.id)
    refresh_card(tx, MINE_CARD, draft.id)
    # If it was reminded of, then in the state that it has just left.
    for kind in (REMINDER_CARD, LATE_CARD):
        refresh_card(tx, kind, reminder_subject(draft, before=1))


def tell_author(tx: Transaction, draft: IncidentDraft) -> None:
    """Tell a draft's author, who may wait for it, what somebody else decided."""
    below = list_cards(tx, MINE_CARD, draft.id)
    facts: dict[str, Any] = {"status": str(draft.status), "reason": draft.decision_reason}
    tell_decision(tx, DECIDED_NOTE, draft.id, places_of_waiting(tx, draft), below=below, **facts)


def show_waiting(tx: Transaction, incident_id: str) -> None:
    """Let the drafts that wait say that their incident has changed."""
    of_incident = (IncidentDraft.incident_id == incident_id, IncidentDraft.status == DraftStatus.WAITING)
    for draft in tx.session.scalars(select(IncidentDraft).where(*of_incident).order_by(IncidentDraft.id)).all():
        show_draft(tx, draft)
        _tell_outdated(tx, draft)


def _tell_outdated(tx: Transaction, draft: IncidentDraft) -> None:
    mine = find_card(tx, MINE_CARD, draft.id, draft.author_id)
    subject = reminder_subject(draft)
    if mine is None or draft.author_id == tx.actor.author_id:
        return
    told = find_card(tx, OUTDATED_CARD, subject, draft.author_id)
    if told is None or told.ts is None:
        send_reply(tx, OUTDATED_CARD, subject, mine)


def lock_drafts(tx: Transaction, incident_id: str) -> Sequence[str]:
    """Ids of the drafts about an incident; nobody else changes these before the commit."""
    about = select(IncidentDraft.id).where(IncidentDraft.incident_id == incident_id)
    return tx.session.scalars(about.order_by(IncidentDraft.id).with_for_update()).all()


def drop_drafts(tx: Transaction, draft_ids: Sequence[str], *, name: str) -> None:
    """Remove drafts whose incident, of this name, is deleted; their cards say so, and who waits for them is told."""
    waiting = IncidentDraft.id.in_(draft_ids), IncidentDraft.status == DraftStatus.WAITING
    for draft in tx.session.scalars(select(IncidentDraft).where(*waiting).order_by(IncidentDraft.id)).all():
        below = list_cards(tx, MINE_CARD, draft.id)
        tell_decision(tx, DECIDED_NOTE, draft.id, places_of_waiting(tx, draft), below=below, name=name)
    tx.session.execute(delete(IncidentDraft).where(IncidentDraft.id.in_(draft_ids)))
    for draft_id in draft_ids:
        for kind in (REVIEW_CARD, MINE_CARD):
            for card in list_cards(tx, kind, draft_id):
                card.facts = {**card.facts, "name": name}
            refresh_card(tx, kind, draft_id)
