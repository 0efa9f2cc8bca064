"""A suspended key that is used: something still depends on it, so owners are told at once."""

from datetime import timedelta

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.keys.uses import SuspendedUse
from desk.messages.outbox import owners_conversations, refresh_card, send_card
from desk.messages.subjects import Thing, set_shown
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction
from storage.models import ApiKey, KeyStatus, SlackMessage
from storage.uses import claim_suspended_use

SUSPENDED_USE_CARD = "key.knock"
"""The card's kind; its subject is the key."""

QUIET = timedelta(hours=1)
"""Owners hear of the same key once within this time."""


def tell_of_suspended_use(tx: Transaction, use: SuspendedUse) -> bool:
    """Tell owners that a suspended key was used, unless they heard so within the last hour.

    A key that was restored and suspended again is a new matter. False when nothing was to be told.
    """
    require_duty(tx, Duty.USES)
    key = tx.session.get(ApiKey, use.key_id)
    if key is None or key.status != KeyStatus.SUSPENDED:
        return False
    quiet_since = tx.now - QUIET
    if key.suspended_at is not None:
        quiet_since = max(quiet_since, key.suspended_at - timedelta(microseconds=1))
    if not claim_suspended_use(tx.session, key.id, at=tx.now, quiet_since=quiet_since):
        return False
    _set_aside(tx, key.id)
    send_card(
        tx,
        SUSPENDED_USE_CARD,
        key.id,
        owners_conversations(tx),
        shows=[(Thing.KEY, key.id)],
        at=use.at.isoformat(),
        address=use.address,
        user_agent=use.user_agent,
    )
    record(
        tx,
        Action.KEY_KNOCKED,
        "key",
        key.id,
        at=use.at.isoformat(),
        address=use.address,
        user_agent=use.user_agent,
    )
    return True


def _set_aside(tx: Transaction, key_id: str) -> None:
    # An edited card rings for nobody, so each telling is posted anew, and the one before loses its buttons.
    earlier = tx.session.scalars(
        select(SlackMessage).where(SlackMessage.kind == SUSPENDED_USE_CARD, SlackMessage.subject_id == key_id)
    ).all()
    for message in earlier:
        message.subject_id = f"{key_id}:{message.id}"
        set_shown(tx, message, ())
        tx.session.flush()
        refresh_card(tx, SUSPENDED_USE_CARD, message.subject_id)


def is_set_aside(message: SlackMessage) -> bool:
    """Whether a later message tells of another use of the same key."""
    return ":" in message.subject_id
