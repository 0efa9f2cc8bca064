"""Keys of the past, with their uses, for a database to try Keydesk with.

Their secrets are thrown away as they are made: nobody can use these keys.
"""

from dataclasses import dataclass
from datetime import timedelta

from desk.audit.trail import Action, record
from desk.identifiers import new_id
from desk.permissions import require_owner
from desk.secret import Secret
from desk.transaction import Transaction, keys_changed
from storage.models import ApiKey, KeyUse, KeyUseDay

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastKey:
    """One key of the past: days are counted back from now (made, last use) or ahead (expiry)."""

    name: str
    purpose: str
    scopes: tuple[str, ...]
    holder_id: str | None
    made: int
    expires_in: int
    daily_calls: tuple[int, ...] = ()
    """Calls on each day, the last one `quiet_for` days ago."""
    quiet_for: int = 0
    writes: bool = True
    address: str = ""
    user_agent: str = ""


def plant_past_key(tx: Transaction, past: PastKey) -> ApiKey:
    """Write a key of the past with its uses. For owners. Raises NotAllowedError."""
    require_owner(tx)
    key = _key(tx, past)
    tx.session.add(key)
    tx.session.flush()
    if past.daily_calls:
        _write_use(tx, key, past)
    keys_changed(tx, key.id)
    record(tx, Action.KEY_MINTED, "key", key.id, name=key.name, demo=True)
    return key


def _key(tx: Transaction, past: PastKey) -> ApiKey:
    secret = Secret.generate()
    made_at = tx.now - past.made * _DAY
    return ApiKey(
        id=new_id(),
        name=past.name,
        purpose=past.purpose,
        sha256=secret.sha256,
        start=secret.start,
        scopes=list(past.scopes),
        pages=None,
        holder_id=past.holder_id,
        created_at=made_at,
        created_by=str(tx.actor),
        revealed_at=made_at,
        expires_at=tx.now + past.expires_in * _DAY,
    )


def _write_use(tx: Transaction, key: ApiKey, past: PastKey) -> None:
    last_at = tx.now - past.quiet_for * _DAY - timedelta(minutes=7)
    calls = sum(past.daily_calls)
    tx.session.add(
        KeyUse(
            key_id=key.id,
            first_used_at=last_at - len(past.daily_calls) * _DAY,
            last_used_at=last_at,
            last_read_at=None if past.writes else last_at,
            last_write_at=last_at if past.writes else None,
            last_address=past.address,
            last_user_agent=past.user_agent,
            reads=0 if past.writes else calls,
            writes=calls if past.writes else 0,
        )
    )
    for back, count in enumerate(reversed(past.daily_calls)):
        if count:
            day = (last_at - back * _DAY).date()
            row = KeyUseDay(key_id=key.id, day=day, reads=0, writes=0)
            if past.writes:
                row.writes = count
            else:
                row.reads = count
            tx.session.add(row)
