"""What is over and old is forgotten, some rows at a time, so that nobody waits long to write.

What is to go is found by reading, and looked at again when it goes: whatever has come to life meanwhile stays.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from storage.models import (
    ApiKey,
    Delivery,
    Digest,
    DigestItem,
    DirectorySync,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentUpdate,
    KeyRequest,
    KeyStatus,
    KeyUseDay,
    MessageSubject,
    RequestStatus,
    SlackMessage,
    SyncStatus,
    Ticket,
    TicketStatus,
)

FOUND_AT_ONCE = 20_000
PIECE = 500
"""Rows of one transaction."""

_ID_LENGTH = 12
_OF_THINGS = ("request.", "ticket.", "key.", "draft.", "incident.", "digest.", "sync.", "delivery.", "member.")
"""Cards whose subjects come to an end. Others, as one that a channel takes no messages, are one row a thing, and
while they are there they say that people were told."""
_ENDED = (IncidentStatus.RESOLVED, IncidentStatus.COMPLETED)
_READER = "reader"


def find_old_days(session: Session, before: date) -> Sequence[tuple[str, date]]:
    """Counts of uses of before a day: keys and days."""
    old = select(KeyUseDay.key_id, KeyUseDay.day).where(KeyUseDay.day < before).limit(FOUND_AT_ONCE)
    return [(key_id, day) for key_id, day in session.execute(old)]


def forget_days(session: Session, found: Sequence[tuple[str, date]]) -> int:
    """Delete what `find_old_days` found; how many."""
    return _delete(session, KeyUseDay, tuple_(KeyUseDay.key_id, KeyUseDay.day).in_(found))


def find_old_messages(session: Session, before: datetime) -> Sequence[str]:
    """Messages that were written before an instant, wait for nothing, and of which nothing will be said any more."""
    return session.scalars(select(SlackMessage.id).where(*_is_over(before)).limit(FOUND_AT_ONCE)).all()


def forget_messages(session: Session, found: Sequence[str], before: datetime) -> int:
    """Delete what `find_old_messages` found and is still so; how many. What it was in Slack stays there as it is."""
    still = select(SlackMessage.id).where(SlackMessage.id.in_(found), *_is_over(before)).with_for_update()
    gone = session.scalars(still).all()
    _delete(session, MessageSubject, MessageSubject.message_id.in_(gone))
    return _delete(session, SlackMessage, SlackMessage.id.in_(gone))


def find_old_drafts(session: Session, before: datetime) -> Sequence[str]:
    """Drafts that were decided before an instant, of which no card is left and whose incident is over."""
    return session.scalars(select(IncidentDraft.id).where(*_is_decided(before)).limit(FOUND_AT_ONCE)).all()


def forget_drafts(session: Session, found: Sequence[str], before: datetime) -> int:
    """Delete what `find_old_drafts` found and is still so; how many."""
    return _delete(session, IncidentDraft, and_(IncidentDraft.id.in_(found), *_is_decided(before)))


def find_old_digests(session: Session, before: datetime) -> Sequence[str]:
    """Periods of digests that were composed before an instant and of which no card is left."""
    return session.scalars(select(Digest.period).where(*_is_unseen(before)).limit(FOUND_AT_ONCE)).all()


def forget_digests(session: Session, found: Sequence[str], before: datetime) -> int:
    """Delete what `find_old_digests` found and is still so, with what each listed; how many."""
    still = select(Digest.period).where(Digest.period.in_(found), *_is_unseen(before)).with_for_update()
    gone = session.scalars(still).all()
    _delete(session, DigestItem, DigestItem.period.in_(gone))
    return _delete(session, Digest, Digest.period.in_(gone))


def _is_over(before: datetime) -> tuple[ColumnElement[bool], ...]:
    below, shown = aliased(SlackMessage), MessageSubject
    lives = or_(*_lives(shown.subject_id, before))
    return (
        SlackMessage.created_at < before,
        or_(SlackMessage.subject_id.contains(":"), *(SlackMessage.kind.startswith(kind) for kind in _OF_THINGS)),
        # A delivery is kept for a while after it was made: what was brought up to date lately is looked at.
        ~exists().where(Delivery.subject == SlackMessage.id),
        ~exists().where(below.thread_of == SlackMessage.id),
        ~or_(*_lives(func.substr(SlackMessage.subject_id, 1, _ID_LENGTH), before)),
        ~exists().where(shown.message_id == SlackMessage.id, shown.kind != _READER, lives),
    )


def _lives(subject_id: ColumnElement[str] | InstrumentedAttribute[str], before: datetime) -> Sequence[Any]:
    """Whether an id is of something that may change yet, or was of late."""
    waits = Ticket.status == TicketStatus.WAITING
    said = IncidentUpdate.incident_id == Incident.id
    undecided = (SyncStatus.REQUESTED, SyncStatus.STOPPED, SyncStatus.CONFIRMED)
    return (
        exists().where(KeyRequest.id == subject_id, KeyRequest.status == RequestStatus.PENDING),
        exists().where(Ticket.id == subject_id, waits),
        exists().where(Ticket.request_id == subject_id, waits),
        exists().where(ApiKey.id == subject_id, ApiKey.status != KeyStatus.REVOKED, ApiKey.expires_at > before),
        exists().where(Incident.id == subject_id, _goes_on(before)),
        exists().where(IncidentUpdate.id == subject_id, said, _goes_on(before)),
        exists().where(
            IncidentDraft.id == subject_id, IncidentDraft.status.in_((DraftStatus.OPEN, DraftStatus.WAITING))
        ),
        exists().where(DirectorySync.id == subject_id, DirectorySync.status.in_(undecided)),
        exists().where(Delivery.subject == subject_id),
    )


def _goes_on(before: datetime) -> ColumnElement[bool]:
    return or_(Incident.status.not_in(_ENDED), Incident.updated_at >= before)


def _is_decided(before: datetime) -> tuple[ColumnElement[bool], ...]:
    # The id comes first, in whatever a message of a draft is about.
    shown = select(func.substr(SlackMessage.subject_id, 1, _ID_LENGTH)).where(SlackMessage.kind.startswith("draft."))
    return (
        IncidentDraft.status.not_in((DraftStatus.OPEN, DraftStatus.WAITING)),
        IncidentDraft.updated_at < before,
        IncidentDraft.id.not_in(shown),
        ~exists().where(Incident.id == IncidentDraft.incident_id, _goes_on(before)),
    )


def _is_unseen(before: datetime) -> tuple[ColumnElement[bool], ...]:
    shown = select(SlackMessage.subject_id).where(SlackMessage.kind.startswith("digest."))
    return Digest.composed_at < before, Digest.period.not_in(shown)


def _delete(session: Session, model: Any, condition: ColumnElement[bool]) -> int:
    result = session.execute(delete(model).where(condition).execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount
