"""Say that a page or component changed, so that every replica renders its documents again."""

from sqlalchemy import update

from desk.transaction import Transaction
from storage.models import Revision
from storage.signals import Topic, signal


def pages_changed(tx: Transaction) -> None:
    """Call it in every transaction that inserts or changes an organization, page or component."""
    tx.session.execute(update(Revision).where(Revision.topic == Topic.PAGES).values(value=Revision.value + 1))
    signal(tx.session, Topic.PAGES)
