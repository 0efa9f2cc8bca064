"""Digest messages that must be brought up to date when something that they list changes."""

from sqlalchemy import ColumnElement, select

from desk.messages.outbox import refresh_card
from desk.transaction import Transaction
from storage.models import Digest, DigestItem

CARD = "digest.card"


def refresh_digests_with_key(tx: Transaction, key_id: str) -> None:
    """Bring the newest digest that lists the key up to date, wherever it was sent."""
    _refresh(tx, DigestItem.key_id == key_id)


def refresh_digests_with_ticket(tx: Transaction, ticket_id: str) -> None:
    """Bring the newest digest that lists the ticket up to date, wherever it was sent."""
    _refresh(tx, DigestItem.ticket_id == ticket_id)


def _refresh(tx: Transaction, lists_it: ColumnElement[bool]) -> None:
    period = tx.session.scalar(
        select(DigestItem.period)
        .join(Digest, Digest.period == DigestItem.period)
        .where(lists_it)
        .order_by(Digest.scheduled_for.desc())
        .limit(1)
    )
    if period is not None:
        refresh_card(tx, CARD, period)
