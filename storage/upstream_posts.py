"""What was sent to an upstream and must not be sent twice: written down before, changed by compare and set."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from storage.models import UpstreamPost
from storage.once import insert_once


@dataclass(frozen=True, slots=True)
class SentPost:
    """A POST as it was written down."""

    key_id: str
    fingerprint: str
    content: str
    mark: str
    attempt: int
    begun_at: datetime
    ended_at: datetime | None = None
    subject_id: str | None = None
    made_as: str | None = None


def claim_upstream_post(
    session: Session, key_id: str, fingerprint: str, *, content: str, mark: str, now: datetime
) -> tuple[SentPost, bool]:
    """Write down that a POST is about to be sent, or find it; whether it is the caller's to send."""
    while True:
        values = {"content": content, "mark": mark, "attempt": 1, "begun_at": now}
        row = insert_once(session, UpstreamPost, key_id=key_id, fingerprint=fingerprint, **values)
        if row is not None:
            return _as_sent(row), True
        same = select(UpstreamPost).where(UpstreamPost.key_id == key_id, UpstreamPost.fingerprint == fingerprint)
        row = session.scalars(same.execution_options(populate_existing=True)).first()
        # None: it was forgotten between the two.
        if row is not None:
            return _as_sent(row), False


def take_over_post(session: Session, post: SentPost, *, content: str, mark: str, now: datetime) -> SentPost | None:
    """It is sent once more; None where somebody else does so, or knows by now what became of it."""
    again = SentPost(post.key_id, post.fingerprint, content, mark, post.attempt + 1, now)
    changed = _change(
        session,
        post,
        {
            "content": content,
            "mark": mark,
            "attempt": again.attempt,
            "begun_at": now,
            "ended_at": None,
            "subject_id": None,
            "made_as": None,
        },
    )
    return again if changed else None


def end_post(
    session: Session, post: SentPost, now: datetime, *, subject_id: str | None = None, made_as: str | None = None
) -> bool:
    """Nobody sends it any more; without a `subject_id` nobody knows what became of it."""
    return _change(session, post, {"ended_at": now, "subject_id": subject_id, "made_as": made_as})


def list_taken(session: Session, post: SentPost, subject_ids: Collection[str]) -> Collection[str]:
    """Those of some ids that are of what other POSTs made."""
    known = select(UpstreamPost.subject_id).where(
        UpstreamPost.subject_id.in_(list(subject_ids)),
        or_(UpstreamPost.key_id != post.key_id, UpstreamPost.fingerprint != post.fingerprint),
    )
    return {found for found in session.scalars(known) if found is not None}


def forget_post(session: Session, post: SentPost) -> None:
    """Nothing became of it, so that it may be sent as if it never had been."""
    session.execute(
        delete(UpstreamPost).where(
            UpstreamPost.key_id == post.key_id,
            UpstreamPost.fingerprint == post.fingerprint,
            UpstreamPost.attempt == post.attempt,
        ),
        execution_options={"synchronize_session": False},
    )


def forget_upstream_posts(session: Session, before: datetime) -> int:
    """Forget those that count as the same no more; gives how many."""
    result = session.execute(delete(UpstreamPost).where(UpstreamPost.begun_at < before))
    assert isinstance(result, CursorResult)
    return result.rowcount


def _change(session: Session, post: SentPost, values: dict[str, object]) -> bool:
    # What became of it is said by whoever sent it last, and once.
    result = session.execute(
        update(UpstreamPost)
        .where(
            UpstreamPost.key_id == post.key_id,
            UpstreamPost.fingerprint == post.fingerprint,
            UpstreamPost.attempt == post.attempt,
            UpstreamPost.subject_id.is_(None) if post.subject_id is None else UpstreamPost.subject_id.is_not(None),
        )
        .values(values),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _as_sent(row: UpstreamPost) -> SentPost:
    return SentPost(
        row.key_id,
        row.fingerprint,
        row.content,
        row.mark,
        row.attempt,
        row.begun_at,
        row.ended_at,
        row.subject_id,
        row.made_as,
    )
