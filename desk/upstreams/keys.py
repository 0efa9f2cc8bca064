"""The keys that an upstream knows Keydesk by: kept sealed, replaced while calls go on, shown to nobody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.audit import trail as audit
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.identifiers import new_id
from desk.permissions import Duty, require_duty, require_owner
from desk.reasons import check_name
from desk.transaction import Transaction, upstreams_changed
from desk.upstreams.cards import tell_refused
from desk.upstreams.connecting import lock_upstream
from storage.models import UpstreamKey, UpstreamKeyStatus

CALLS_A_MINUTE = 60
"""What Statuspage takes from one key, by its documentation."""
_KEPT = (UpstreamKeyStatus.ACTIVE, UpstreamKeyStatus.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpstreamKey:
    """A key to be kept. `sealed` is its value under an encryption key: the desk never sees it open."""

    name: str
    sealed: str
    expires_at: datetime | None = None
    calls_a_minute: int | None = CALLS_A_MINUTE


def list_upstream_keys(session: Session) -> Sequence[UpstreamKey]:
    """Those that were not dropped, the oldest first."""
    kept = select(UpstreamKey).where(UpstreamKey.status.in_(_KEPT))
    return session.scalars(kept.order_by(UpstreamKey.created_at, UpstreamKey.id)).all()


def add_upstream_key(tx: Transaction, new: NewUpstreamKey) -> UpstreamKey:
    """Keep one more key of the organization's upstream. It was tried before.

    Raises NotAllowedError, NotFoundError where there is no upstream, ConflictError where a key is called so, and
    InvalidInputError, whose `field` names what is wrong.
    """
    require_owner(tx)
    upstream = lock_upstream(tx.session)
    name = check_name(new.name, of="A key of Statuspage", limit=80, hint="Say what it is called there.")
    if new.expires_at is not None and new.expires_at <= tx.now:
        raise InvalidInputError("That day is over.", "Until when does Statuspage take it?", field="expires_at")
    if new.calls_a_minute is not None and not 1 <= new.calls_a_minute <= 100_000:
        raise InvalidInputError("A key is good for at least one call a minute.", field="calls_a_minute")
    if any(key.name == name for key in list_upstream_keys(tx.session)):
        raise ConflictError(f"A key is called “{name}” already.", "Give it another name, or replace that one.")
    key = UpstreamKey(
        id=new_id(),
        upstream_id=upstream.id,
        name=name,
        sealed=new.sealed,
        calls_a_minute=new.calls_a_minute,
        status=UpstreamKeyStatus.ACTIVE,
        expires_at=new.expires_at,
        created_at=tx.now,
        created_by=str(tx.actor),
    )
    tx.session.add(key)
    tx.session.flush()
    audit.record(
        tx, audit.Action.UPSTREAM_KEY_ADDED, "upstream_key", key.id, name=name, expires_at=_text(new.expires_at)
    )
    upstreams_changed(tx)
    return key


def drop_upstream_key(tx: Transaction, upstream_key_id: str) -> UpstreamKey:
    """Call with the key no more, and forget its value. Raises NotAllowedError, NotFoundError."""
    require_owner(tx)
    key = get_upstream_key(tx, upstream_key_id)
    key.status, key.sealed = UpstreamKeyStatus.DROPPED, None
    audit.record(tx, audit.Action.UPSTREAM_KEY_DROPPED, "upstream_key", key.id, name=key.name)
    upstreams_changed(tx)
    return key


def replace_upstream_key(tx: Transaction, upstream_key_id: str, new: NewUpstreamKey) -> UpstreamKey:
    """`new`, which was tried, takes the place of a key. Calls that are under way end as they began.

    Raises as `add_upstream_key` and `drop_upstream_key` do.
    """
    require_owner(tx)
    lock_upstream(tx.session)
    drop_upstream_key(tx, upstream_key_id)
    return add_upstream_key(tx, new)


def get_upstream_key(tx: Transaction, upstream_key_id: str) -> UpstreamKey:
    """A key that was not dropped. Raises NotAllowedError, NotFoundError."""
    require_owner(tx)
    found = (
        select(UpstreamKey).where(UpstreamKey.id == upstream_key_id, UpstreamKey.status.in_(_KEPT)).with_for_update()
    )
    key = tx.session.scalars(found).one_or_none()
    if key is None:
        raise NotFoundError("There is no such key of Statuspage.", "See those that there are: keydesk upstream show")
    return key


def reseal_upstream_keys(tx: Transaction, renew: Callable[[str], str]) -> int:
    """Keep each key's value as `renew` gives it; how many. Raises NotAllowedError, and what `renew` does."""
    require_owner(tx)
    # Who drops one meanwhile must not find its value again.
    kept = select(UpstreamKey).where(UpstreamKey.status.in_(_KEPT)).order_by(UpstreamKey.id).with_for_update()
    keys = [key for key in tx.session.scalars(kept) if key.sealed is not None]
    for key in keys:
        key.sealed = renew(key.sealed or "")
    upstreams_changed(tx)
    return len(keys)


def note_refused(tx: Transaction, upstream_key_id: str) -> bool:
    """The upstream would not have the key: call with it no more until somebody has looked. Whether this was news."""
    require_duty(tx, Duty.COPIES)
    found = select(UpstreamKey).where(
        UpstreamKey.id == upstream_key_id, UpstreamKey.status == UpstreamKeyStatus.ACTIVE
    )
    key = tx.session.scalars(found.with_for_update()).one_or_none()
    if key is None:
        return False
    key.status, key.refused_at = UpstreamKeyStatus.REFUSED, tx.now
    others = [one for one in list_upstream_keys(tx.session) if one.status == UpstreamKeyStatus.ACTIVE]
    tell_refused(tx, key, left=len(others))
    audit.record(tx, audit.Action.UPSTREAM_KEY_REFUSED, "upstream_key", key.id, name=key.name)
    upstreams_changed(tx)
    return True


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
