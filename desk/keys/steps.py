"""The steps that every change of a key goes through: judge, change by compare-and-set, tell, record."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from desk.audit.trail import Action, record
from desk.errors import InvalidInputError
from desk.keyring_signal import keys_changed
from desk.keys.cards import refresh_key_cards
from desk.keys.lookup import get_key
from desk.keys.refusals import changed_meanwhile, refusal_error
from desk.keys.rules import Change, decide_change, person_of, standing_of
from desk.keys.tickets import withdraw_tickets_for
from desk.messages.outbox import owners_conversations, send_note
from desk.permissions import is_full_member, roles_of_actor
from desk.secret import refuse_secrets
from desk.texts import clean_text
from desk.transaction import Transaction
from storage.models import ApiKey, KeyStatus, Member
from storage.transitions import transition

CHANGED_NOTE = "key.changed"
"""Told once to whom a change concerns; its facts hold `change`, `by` and what else the change knows."""
MAXIMUM_REASON = 1000


def begin_change(tx: Transaction, key_id: str, change: Change, version: int | None = None) -> ApiKey:
    """The key, locked, once it is certain that the actor may make `change` now.

    Raises NotFoundError, NotAllowedError, ConflictError (its state forbids it, or it is not of `version` any more).
    """
    key = get_key(tx, key_id, lock=True)
    refusal = decide_change(change, standing_of(tx, key), person_of(tx))
    if refusal is not None:
        raise refusal_error(tx, key, refusal)
    if version is not None and version != key.version:
        raise changed_meanwhile(tx, key)
    return key


def apply_change(tx: Transaction, key: ApiKey, allowed: Collection[KeyStatus], **values: Any) -> None:
    """Set the values, unless somebody was first: then ConflictError."""
    if not transition(tx.session, key, allowed=[str(status) for status in allowed], version=key.version, **values):
        raise changed_meanwhile(tx, key)


def finish_change(
    tx: Transaction, key: ApiKey, action: Action, *, rotation_ends: str | None = None, **data: Any
) -> None:
    """Bring what shows the key up to date, tell the key ring, and record it: the last step of a change.

    With `rotation_ends`, a reason, a rotation that nobody has collected yet is withdrawn.
    """
    refresh_key_cards(tx, key.id)
    keys_changed(tx)
    if rotation_ends is not None:
        withdraw_tickets_for(tx, key.id, rotation_ends)
    record(tx, action, "key", key.id, name=key.name, **data)


def tell_change(
    tx: Transaction, key: ApiKey, change: Change, *, also: Iterable[str | None] = (), **facts: Any
) -> None:
    """Tell whoever answers for the key, and `also`, what somebody else did to it."""
    concerned = [user_id for user_id in (key.holder_id, *also) if user_id and user_id != tx.actor.user_id]
    reachable = [user_id for user_id in concerned if is_full_member(tx.session.get(Member, user_id))]
    send_note(tx, CHANGED_NOTE, key.id, reachable, change=str(change), by=str(tx.actor), **facts)


def tell_owners(tx: Transaction, key: ApiKey, change: Change, **facts: Any) -> None:
    """Tell the owners what a person who is none of them did to a key."""
    if tx.actor.user_id is None or roles_of_actor(tx).is_owner:
        return
    send_note(tx, CHANGED_NOTE, key.id, owners_conversations(tx), change=str(change), by=str(tx.actor), **facts)


def require_reason(reason: str) -> str:
    """The reason, fit to be kept. Raises InvalidInputError (field `reason`) without one or with a secret in it."""
    text = clean_text(reason)
    refuse_secrets(text, field="reason")
    if not text:
        raise InvalidInputError("Say why, in a few words: others will wonder.", field="reason")
    if len(text) > MAXIMUM_REASON:
        raise InvalidInputError(f"A reason has at most {MAXIMUM_REASON} characters.", field="reason")
    return text


def require_later_expiry(tx: Transaction, key: ApiKey, until: datetime) -> None:
    """Raises InvalidInputError (field `until`) unless the key can be extended to that instant."""
    latest = tx.now + tx.policy.maximum_lifetime
    if until > latest + timedelta(days=1):
        days = tx.policy.maximum_lifetime.days
        raise InvalidInputError(
            f"A key lives at most {days} days from today.", f"Choose {latest:%Y-%m-%d} or earlier.", field="until"
        )
    if until <= tx.now:
        raise InvalidInputError("That is in the past.", field="until")
    if until <= key.expires_at:
        raise InvalidInputError(
            f"It lives until {key.expires_at:%Y-%m-%d} already.",
            "Choose a later day; to end it sooner, revoke it.",
            field="until",
        )
