"""Where messages are in Slack."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.models import SlackMessage


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is in Slack."""

    channel_id: str
    ts: str


def place_of(message: SlackMessage) -> Place | None:
    """Where a message is, where that is known."""
    return Place(message.channel_id, message.ts) if message.channel_id and message.ts else None


def keep_place(session: Session, message_id: str, place: Place, *, won: bool) -> None:
    """The message is at `place`. Told by a worker whose claim was lost (not `won`), that counts only where no place
    is known."""
    known = [SlackMessage.id == message_id]
    if not won:
        known.append(SlackMessage.ts.is_(None))
    session.execute(update(SlackMessage).where(*known).values(channel_id=place.channel_id, ts=place.ts))
