"""A suspended key that is used: something still depends on it, so owners are told at once."""

from datetime import timedelta

from desk.audit.trail import Action, record
from desk.keys.uses import SuspendedUse
from desk.messages.outbox import owners_conversations, send_card, set_aside
from desk.messages.subjects import Thing
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction
from storage.models import ApiKey, KeyStatus
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
    set_aside(tx, SUSPENDED_USE_CARD, key.id)
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
