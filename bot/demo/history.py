"""A past for the demo's workspace, so that the digest has something to say on the first day.

The keys' secrets are thrown away as they are made: nobody can use these keys.
"""

from dataclasses import dataclass
from datetime import timedelta

from desk.audit.trail import Action, record
from desk.identifiers import new_id
from desk.secret import Secret
from desk.transaction import Transaction, keys_changed
from storage.models import ApiKey, KeyUse, KeyUseDay

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
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


PAST: tuple[_Past, ...] = (
    _Past(
        name="metrics push",
        purpose="Sends response times every five minutes",
        scopes=("metrics:write",),
        holder_id="U0MAX00001",
        made=80,
        expires_in=120,
        daily_calls=(280, 288, 287, 288, 281, 288, 288, 264, 288, 288, 288, 279, 288, 288),
        address="192.0.2.17",
        user_agent="metrics-relay/2.4",
    ),
    _Past(
        name="old dashboard",
        purpose="Wall screen in the second floor kitchen",
        scopes=("read",),
        holder_id="U0INES0001",
        made=300,
        expires_in=60,
        daily_calls=(40, 44, 41, 12, 3, 1),
        quiet_for=205,
        writes=False,
        address="198.51.100.9",
        user_agent="Mozilla/5.0 (X11; Linux armv7l)",
    ),
    _Past(
        name="deploy hook",
        purpose="Opens a maintenance when a deployment starts",
        scopes=("read", "maintenances:write"),
        holder_id="U0DAN00001",
        made=120,
        expires_in=9,
        daily_calls=(2, 0, 1, 3, 0, 2, 1, 1, 0, 4, 2),
        quiet_for=1,
        address="203.0.113.40",
        user_agent="curl/8.9.1",
    ),
    _Past(
        name="incident bot trial",
        purpose="Trying out an incident bot",
        scopes=("read", "incidents:write", "components:write"),
        holder_id="U0MAX00001",
        made=25,
        expires_in=65,
        daily_calls=(3, 9, 6, 2, 1, 1, 2),
        quiet_for=2,
        writes=False,
        address="192.0.2.88",
        user_agent="python-requests/2.32",
    ),
    _Past(
        name="nightly export",
        purpose="Was meant for the data warehouse",
        scopes=("read",),
        holder_id="U0MIA00001",
        made=40,
        expires_in=50,
    ),
)


def write_history(tx: Transaction) -> int:
    """Write the keys of `PAST` with their uses; gives their number."""
    for past in PAST:
        key = _key(tx, past)
        tx.session.add(key)
        tx.session.flush()
        record(tx, Action.KEY_MINTED, "key", key.id, name=key.name, demo=True)
        if past.daily_calls:
            _write_use(tx, key, past)
    keys_changed(tx)
    return len(PAST)


def _key(tx: Transaction, past: _Past) -> ApiKey:
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


def _write_use(tx: Transaction, key: ApiKey, past: _Past) -> None:
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
