"""What time does to API keys: grace periods end, expiry comes near, expiry comes."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select, update

from desk.audit.trail import Action, record
from desk.keys.changes import find_recent_use
from desk.messages.outbox import owners_conversations, refresh, send_note
from desk.messages.subjects import Thing
from desk.permissions import Duty, is_full_member, require_duty
from desk.transaction import Transaction, keys_changed
from storage.models import ApiKey, KeyStatus, Member
from storage.transitions import transition

EXPIRY_NOTE = "key.expiry"
"""Says that a key expires in the days that its facts give; 0: that it has expired."""
RETIRED_NOTE = "key.retired"
"""Says that a rotated key has stopped working."""
EXPIRY_SAID = (timedelta(days=3), timedelta(days=14))
"""How long before its expiry a key's holder is told, the nearest first."""
_BATCH = 100


def sweep_keys(tx: Transaction) -> int:
    """Retire keys whose grace period is over, and say which keys expire soon and which have; gives their number.

    Expiry is said 14 and 3 days before, and when it comes: to who answers for the key, and to owners when that is
    nobody or when a key expires that was in use. Nothing is said of a key that a rotation has replaced.
    """
    require_duty(tx, Duty.TIME)
    retired, expired = _retire(tx), _expire(tx)
    said = _say_expiry_comes(tx)
    for key in retired:
        record(tx, Action.KEY_RETIRED, "key", key.id, name=key.name)
    for key in expired:
        record(tx, Action.KEY_EXPIRED, "key", key.id, name=key.name, expired_at=key.expires_at.isoformat())
    return len(retired) + len(expired) + said


def _retire(tx: Transaction) -> Sequence[ApiKey]:
    due = _lock(tx, ApiKey.retires_at <= tx.now)
    for key in due:
        transition(
            tx.session,
            key,
            allowed=[KeyStatus.ACTIVE, KeyStatus.SUSPENDED],
            status=KeyStatus.REVOKED,
            revoked_at=tx.now,
            revoked_by=str(tx.actor),
            revoke_reason="Its grace period after the rotation is over.",
        )
        send_note(tx, RETIRED_NOTE, key.id, _reachable_holder(tx, key))
        refresh(tx, Thing.KEY, key.id)
    if due:
        keys_changed(tx, *[key.id for key in due])
    return due


def _expire(tx: Transaction) -> Sequence[ApiKey]:
    unsaid = or_(ApiKey.expiry_said_days.is_(None), ApiKey.expiry_said_days > 0)
    due = _lock(tx, ApiKey.expires_at <= tx.now, ApiKey.retires_at.is_(None), unsaid)
    for key in due:
        _say(tx, key, 0)
        refresh(tx, Thing.KEY, key.id)
    return due


def _say_expiry_comes(tx: Transaction) -> int:
    count = 0
    for ahead in EXPIRY_SAID:
        due = _lock(
            tx,
            ApiKey.status == KeyStatus.ACTIVE,
            ApiKey.retires_at.is_(None),
            ApiKey.expires_at > tx.now,
            ApiKey.expires_at <= tx.now + ahead,
            or_(ApiKey.expiry_said_days.is_(None), ApiKey.expiry_said_days > ahead.days),
        )
        for key in due:
            # A key made or extended for a short time needs no warning that is nearly as long.
            long_enough = key.expires_at - (key.extended_at or key.created_at) >= 2 * ahead
            _say(tx, key, ahead.days, aloud=long_enough)
        count += len(due)
    return count


def _say(tx: Transaction, key: ApiKey, days: int, *, aloud: bool = True) -> None:
    # The version stays: what is said of a key does not change it, and buttons shown before still fit.
    tx.session.execute(update(ApiKey).where(ApiKey.id == key.id).values(expiry_said_days=days))
    if not aloud:
        return
    told = _reachable_holder(tx, key)
    if not told or (days == 0 and find_recent_use(tx, key) is not None):
        told = [*told, *owners_conversations(tx)]
    send_note(tx, EXPIRY_NOTE, key.id, told, days=days, expires_at=key.expires_at.isoformat())


def _reachable_holder(tx: Transaction, key: ApiKey) -> list[str]:
    if key.holder_id is None or not is_full_member(tx.session.get(Member, key.holder_id)):
        return []
    return [key.holder_id]


def _lock(tx: Transaction, *conditions: ColumnElement[bool]) -> Sequence[ApiKey]:
    # All rows are locked before the first of them is recorded, so that nobody who holds one waits for us.
    return tx.session.scalars(
        select(ApiKey)
        .where(ApiKey.status != KeyStatus.REVOKED, *conditions)
        .order_by(ApiKey.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
