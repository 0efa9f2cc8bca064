"""Which of Slack's events and clicks were handled: Slack repeats what it thinks was lost."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import CursorResult, Insert, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.models import SeenEvent
from storage.once import insert_once

# Each click that changes something writes one, so the statements are made once.
_CLICKS: Mapping[str, Insert] = {
    "postgresql": postgresql.insert(SeenEvent).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(SeenEvent).on_conflict_do_nothing(),
}


def remember_event(session: Session, event_id: str, at: datetime) -> bool:
    """True when this transaction is the one that handles the event; False when it was handled already.

    Another transaction that handles it at this moment is waited for.
    """
    return insert_once(session, SeenEvent, event_id=event_id, at=at) is not None


def remember_click(session: Session, name: str, at: datetime) -> None:
    """That this transaction does what somebody's click asks for, as another delivery of it may have done before."""
    session.execute(_CLICKS[session.get_bind().dialect.name], {"event_id": name, "at": at})


def is_remembered(session: Session, event_id: str) -> bool:
    """Whether some transaction that handled it was kept."""
    return session.get(SeenEvent, event_id) is not None


def forget_events(session: Session, before: datetime) -> int:
    """Forget events that Slack will not repeat any more; gives how many."""
    result = session.execute(delete(SeenEvent).where(SeenEvent.at < before))
    assert isinstance(result, CursorResult)
    return result.rowcount
