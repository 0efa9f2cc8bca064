"""What a transaction tells the rest of the program, once it is committed."""

from enum import StrEnum

from sqlalchemy.orm import Session

_KEY = "keydesk_signals"


class Topic(StrEnum):
    """Things that somebody waits for."""

    OUTBOX = "outbox"
    """There are messages to deliver."""
    KEYS = "keys"
    """An API key was minted or changed: the key ring follows."""
    UPSTREAMS = "upstreams"
    """A Statuspage elsewhere changed, or a key that it knows Keydesk by."""
    PAGES = "pages"
    """A page or component changed."""
    ELSEWHERE = "elsewhere"
    """Something changed at a Statuspage elsewhere."""
    PEOPLE = "people"
    """A member, group or grant changed: Home views may be stale."""


def signal(session: Session, topic: Topic) -> None:
    """Tell listeners of `topic` after this transaction's commit; nothing happens when it rolls back."""
    session.info.setdefault(_KEY, set()).add(topic)


def signalled(session: Session) -> frozenset[Topic]:
    """The topics that this transaction has signalled so far."""
    return frozenset(session.info.get(_KEY, ()))
