"""Is a key still needed, and for how long? Asked, answered, and kept."""

from datetime import datetime

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.errors import ConflictError, InvalidInputError
from desk.keys.cards import ASK_CARD, EXTENSION_CARD, find_wish, put_question
from desk.keys.changes import (
    apply_change,
    begin_change,
    finish_change,
    require_later_expiry,
    tell_change,
)
from desk.keys.refusals import last_change, refusal_error
from desk.keys.rules import Change, Refusal
from desk.messages.outbox import owners_conversations, refresh
from desk.messages.subjects import Thing
from desk.permissions import is_full_member, require_insider
from desk.reasons import check_reason
from desk.transaction import Transaction
from storage.models import ApiKey, AuditEvent, KeyStatus, Member


def keep_key(tx: Transaction, key_id: str, until: datetime, reason: str, *, version: int | None = None) -> ApiKey:
    """Leave a key out of digests and of the policy on unused keys until `until`.

    Raises NotAllowedError, ConflictError, InvalidInputError (fields `until`, `reason`).
    """
    key = begin_change(tx, key_id, Change.KEEP, version)
    why = check_reason(reason)
    if not tx.now < until <= tx.now + tx.policy.maximum_lifetime:
        days = tx.policy.maximum_lifetime.days
        raise InvalidInputError(f"Choose a day between tomorrow and {days} days from now.", field="until")
    values = {"kept_until": until, "kept_by": str(tx.actor), "keep_reason": why}
    apply_change(tx, key, (KeyStatus.ACTIVE, KeyStatus.SUSPENDED), **values)
    tell_change(tx, key, Change.KEEP, until=until.isoformat(), reason=why)
    finish_change(tx, key, Action.KEY_KEPT, until=until.isoformat(), reason=why)
    return key


def was_kept_since(tx: Transaction, key_id: str, since: datetime) -> bool:
    """Whether somebody said at `since` or later to keep the key."""
    require_insider(tx)
    said = select(AuditEvent.seq).where(
        AuditEvent.subject_kind == "key",
        AuditEvent.subject_id == key_id,
        AuditEvent.action == str(Action.KEY_KEPT),
        AuditEvent.at >= since,
    )
    return tx.session.scalars(said.limit(1)).first() is not None


def ask_holder(tx: Transaction, key_id: str) -> ApiKey:
    """Ask whoever answers for a key whether it is still needed. Owners only.

    Raises NotAllowedError, ConflictError (nobody answers for it, or they have left).
    """
    key = begin_change(tx, key_id, Change.ASK_HOLDER)
    holder_id = key.holder_id
    if holder_id is None or not is_full_member(tx.session.get(Member, holder_id)):
        raise refusal_error(tx, key, Refusal.NOBODY_ANSWERS)
    put_question(tx, ASK_CARD, key, [holder_id])
    record(tx, Action.KEY_ASKED, "key", key.id, holder_id=holder_id)
    return key


def ask_for_extension(tx: Transaction, key_id: str, until: datetime, *, reason: str) -> ApiKey:
    """The holder asks the owners to let their key live longer; owners get a card. Nothing changes yet.

    Raises NotAllowedError, ConflictError, InvalidInputError (fields `until`, `reason`).
    """
    key = begin_change(tx, key_id, Change.ASK_EXTENSION)
    require_later_expiry(tx, key, until)
    why = check_reason(reason)
    put_question(tx, EXTENSION_CARD, key, owners_conversations(tx), until=until.isoformat(), reason=why)
    record(tx, Action.KEY_EXTENSION_ASKED, "key", key.id, until=until.isoformat(), reason=why)
    return key


def decline_extension(tx: Transaction, key_id: str, *, reason: str) -> ApiKey:
    """An owner says no to the wish for more time that stands: whoever asked hears it, and the key keeps its expiry.

    Raises NotAllowedError, ConflictError (nobody asks, or it was answered), InvalidInputError (field `reason`).
    """
    key = begin_change(tx, key_id, Change.DECLINE_EXTENSION)
    why = check_reason(reason)
    wish = find_wish(tx, key)
    if not wish:
        raise ConflictError(f"Nobody waits for more time for “{key.name}”.", last_change(tx, key))
    for card in wish:
        card.facts = {**card.facts, "declined": {"by": str(tx.actor), "at": tx.now.isoformat(), "reason": why}}
    tell_change(tx, key, Change.DECLINE_EXTENSION, reason=why)
    refresh(tx, Thing.KEY, key.id)
    record(tx, Action.KEY_EXTENSION_DECLINED, "key", key.id, name=key.name, reason=why)
    return key
