"""Messages that show a key: brought up to date whenever it changes."""

from sqlalchemy import String, cast, select

from desk.digest.cards import refresh_digests_with_key
from desk.directory.cards import MEMBER_LEFT
from desk.keys.suspended_use import KNOCK_CARD
from desk.messages.outbox import refresh_card
from desk.transaction import Transaction
from storage.models import Departure

ASK_CARD = "key.ask"
"""To a key's holder: is it still needed?"""
EXTENSION_CARD = "key.extension"
"""To owners: its holder asks for more time."""
CARDS_OF_A_KEY: tuple[str, ...] = (ASK_CARD, EXTENSION_CARD, KNOCK_CARD)
"""Kinds of cards whose subject is a key."""


def refresh_key_cards(tx: Transaction, key_id: str) -> None:
    """Bring every message that shows the key up to date, wherever it was sent."""
    for kind in CARDS_OF_A_KEY:
        refresh_card(tx, kind, key_id)
    listed = cast(Departure.key_ids, String).contains(f'"{key_id}"', autoescape=True)
    for departure_id in tx.session.scalars(select(Departure.id).where(listed).order_by(Departure.id)).all():
        refresh_card(tx, MEMBER_LEFT, departure_id)
    refresh_digests_with_key(tx, key_id)
