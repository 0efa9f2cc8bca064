"""Messages that show a key: brought up to date whenever it changes."""

from sqlalchemy import select

from desk.digest_cards import refresh_digests_with_key
from desk.outbox import refresh_card
from desk.transaction import Transaction
from storage.models import SlackMessage

ASK_CARD = "key.ask"
"""To a key's holder: is it still needed?"""
EXTENSION_CARD = "key.extension"
"""To owners: its holder asks for more time."""
KNOCK_CARD = "key.knock"
"""To owners: a suspended key was used."""

CARDS_OF_A_KEY: frozenset[str] = frozenset({ASK_CARD, EXTENSION_CARD, KNOCK_CARD})
"""Kinds of cards whose subject is a key."""
CARDS_NAMING_KEYS: frozenset[str] = frozenset({"member.left"})
"""Kinds of cards with other subjects, whose facts list the ids of the keys they show under `keys`."""


def refresh_key_cards(tx: Transaction, key_id: str) -> None:
    """Bring every message that shows the key up to date, wherever it was sent."""
    for kind in sorted(CARDS_OF_A_KEY):
        refresh_card(tx, kind, key_id)
    naming = tx.session.scalars(select(SlackMessage).where(SlackMessage.kind.in_(CARDS_NAMING_KEYS))).all()
    shows_it = {(card.kind, card.subject_id) for card in naming if key_id in card.facts.get("keys", ())}
    for kind, subject_id in sorted(shows_it):
        refresh_card(tx, kind, subject_id)
    refresh_digests_with_key(tx, key_id)
