"""Which of Slack's events and clicks were handled: Slack repeats what it thinks was lost."""

from datetime import datetime

from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session

from storage.models import SeenEvent
from storage.once import insert_once


def remember_event(session: Session, event_id: str, at: datetime) -> bool:
    """True when this transaction is the one that handles the event; False when it was handled already.

    Another transaction that handles it at this moment is waited for.
    """
    return insert_once(session, SeenEvent, event_id=event_id, at=at) is not None


def is_remembered(session: Session, event_id: str) -> bool:
    """Whether some transaction that handled it was kept."""
    return session.get(SeenEvent, event_id) is not None


def forget_events(session: Session, before: datetime) -> int:
    """Forget events that Slack will not repeat any more; gives how many."""
    result = session.execute(delete(SeenEvent).where(SeenEvent.at < before))
    assert isinstance(result, CursorResult)
    return result.rowcount
