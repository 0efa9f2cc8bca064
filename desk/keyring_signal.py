"""Say that keys changed, so that every replica's key ring reads them again."""

from sqlalchemy import update

from desk.transaction import Transaction
from storage.models import Revision
from storage.signals import Topic, signal


def keys_changed(tx: Transaction) -> None:
    """Call it in every transaction that inserts or changes an API key."""
    tx.session.execute(update(Revision).where(Revision.topic == "keys").values(value=Revision.value + 1))
    signal(tx.session, Topic.KEYS)
