"""What was made for which POST: the same one again, after a lost answer, is answered with that."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from storage.models import ApiPost
from storage.once import insert_once

SAME_WITHIN = timedelta(minutes=5)
"""Clients try again within seconds. Who sends the same later means another one."""


def claim_post(session: Session, key_id: str, fingerprint: str, *, content: str, now: datetime) -> ApiPost:
    """The row of this POST of the key's, ours until the commit; nothing was made for it if its `subject_id` is empty.

    Another transaction that carries the same out at this moment is waited for.
    """
    while True:
        values = {"subject_id": "", "mark": "", "content": content, "made_at": now}
        row = insert_once(session, ApiPost, key_id=key_id, fingerprint=fingerprint, **values)
        if row is not None:
            return row
        same = select(ApiPost).where(ApiPost.key_id == key_id, ApiPost.fingerprint == fingerprint)
        row = session.scalars(same.with_for_update().execution_options(populate_existing=True)).first()
        # None: it was forgotten between the two.
        if row is not None:
            if abs(now - row.made_at) >= SAME_WITHIN:
                row.subject_id, row.content = "", content
            return row


def forget_posts(session: Session, before: datetime) -> int:
    """Forget POSTs that count as the same no more; gives how many."""
    result = session.execute(delete(ApiPost).where(ApiPost.made_at < before))
    assert isinstance(result, CursorResult)
    return result.rowcount
