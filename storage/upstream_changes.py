"""What Statuspages elsewhere were told."""

from datetime import datetime

from sqlalchemy import CursorResult, delete, exists, select
from sqlalchemy.orm import Session

from storage.models import Delivery, UpstreamChange


def forget_changes(session: Session, *, before: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` changes that were made before an instant and whose deliveries are forgotten; how many.

    What was given up is kept until somebody says what is to become of it.
    """
    owed = exists().where(Delivery.subject == UpstreamChange.id)
    old = select(UpstreamChange.id).where(UpstreamChange.created_at < before, ~owed).limit(limit)
    result = session.execute(
        delete(UpstreamChange).where(UpstreamChange.id.in_(old)).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
