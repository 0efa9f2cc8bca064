"""Drafts that wait for a second person: whoever may publish them since is asked, and nobody forgets them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from desk.audit import trail as audit
from desk.incidents.drafts.content import role_of_draft
from desk.incidents.drafts.effects import expected_impact
from desk.incidents.drafts.review import (
    LATE_CARD,
    MINE_CARD,
    REMINDER_CARD,
    REVIEW_CARD,
    list_reviewers,
    reminder_subject,
    show_to_reviewers,
)
from desk.messages.outbox import owners_conversations, refresh_card, send_card
from desk.messages.readers import is_for_member
from desk.pages.status import Impact
from desk.permissions import Duty, effective_roles, require_duty, require_insider
from desk.transaction import Transaction
from storage.models import DraftKind, DraftStatus, IncidentDraft, SlackMessage

_CRITICAL = timedelta(minutes=5)
_PRESENT = timedelta(minutes=10)
_UNHURRIED = timedelta(minutes=30)
_OWNERS_AFTER = 3
"""Owners are told when a draft has waited so many times as long as until the reminder."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Who is to be told what about a draft."""

    newcomers: Sequence[str]
    """Those who may publish it and have not been asked."""
    reminded: Sequence[str]
    owners: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.newcomers or self.reminded or self.owners)


def wait_before_reminder(kind: DraftKind, impact: Impact) -> timedelta:
    """How long a draft waits before its reviewers are reminded. Pure.

    What is planned or over is in less of a hurry than what goes on, and critical impact in more.
    """
    if kind in {DraftKind.MAINTENANCE, DraftKind.BACKFILL, DraftKind.POSTMORTEM}:
        return _UNHURRIED
    return _CRITICAL if impact is Impact.CRITICAL else _PRESENT


def sweep_waiting(tx: Transaction) -> int:
    """Ask those who may publish a draft since it began to wait, remind each of it once, and then tell owners once.

    Gives about how many drafts somebody was told something.
    """
    require_duty(tx, Duty.TIME)
    waiting = select(IncidentDraft).where(IncidentDraft.status == DraftStatus.WAITING)
    due = [draft.id for draft in tx.session.scalars(waiting.order_by(IncidentDraft.id)).all() if _due(tx, draft)]
    told = []
    for draft_id in due:
        # Another sweep, or whoever decides on it, may have been first: what is due is read again under the lock.
        draft = tx.session.scalars(
            waiting.where(IncidentDraft.id == draft_id)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        ).first()
        if draft is not None and (found := _due(tx, draft)):
            _tell(tx, draft, found)
            told.append((draft_id, found))
    for draft_id, found in told:
        for whom, people in (("reviewers", found.reminded), ("owners", found.owners)):
            if people:
                audit.record(tx, audit.Action.DRAFT_REMINDED, "draft", draft_id, told=whom)
    return len(told)


def _due(tx: Transaction, draft: IncidentDraft) -> _Due:
    reviewers = list_reviewers(tx, draft, role_of_draft(tx, draft))
    asked, subject = _told(tx, REVIEW_CARD, draft.id), reminder_subject(draft)
    reminded = _told(tx, REMINDER_CARD, subject)
    wait = wait_before_reminder(DraftKind(draft.kind), expected_impact(tx, draft))
    # Who was asked later than the others has as long as they.
    late = [each for each, at in asked.items() if tx.now - max(at, draft.updated_at) >= wait]
    tell = tx.now - draft.updated_at >= wait * _OWNERS_AFTER and not _told(tx, LATE_CARD, subject)
    return _Due(
        newcomers=[user_id for user_id in reviewers if user_id not in asked],
        reminded=[user_id for user_id in reviewers if user_id in late and user_id not in reminded],
        owners=[place for place in owners_conversations(tx) if place != draft.author_id] if tell else [],
    )


def _told(tx: Transaction, kind: str, subject_id: str) -> Mapping[str, datetime]:
    """The conversations that have a card, and since when."""
    of_card = (SlackMessage.kind == kind, SlackMessage.subject_id == subject_id)
    cards = tx.session.scalars(select(SlackMessage).where(*of_card)).all()
    return {card.conversation: card.created_at for card in cards}


def _tell(tx: Transaction, draft: IncidentDraft, due: _Due) -> None:
    if due.newcomers:
        show_to_reviewers(tx, draft, due.newcomers)
        refresh_card(tx, MINE_CARD, draft.id)
    send_card(tx, REMINDER_CARD, reminder_subject(draft), due.reminded)
    send_card(tx, LATE_CARD, reminder_subject(draft), due.owners)


def is_for_reviewer(tx: Transaction, message: SlackMessage) -> bool:
    """The rule of a draft: it is for who may publish it. Of one that is gone nothing is left to see."""
    require_insider(tx)
    draft = tx.session.get(IncidentDraft, message.subject_id.partition(":")[0])
    if draft is None:
        return is_for_member(tx, message)
    roles = effective_roles(tx.session, message.conversation, now=tx.now, policy=tx.policy)
    return roles.has(role_of_draft(tx, draft), draft.page_id)
