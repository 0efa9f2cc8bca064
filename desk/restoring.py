"""A backup put in the place of a database: what of it would come back to life, and how that ends again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from desk.audit import trail as audit
from desk.audit.chain import Head
from desk.errors import ConflictError
from desk.keys.changes import revoke_key, suspend_key
from desk.keys.rules import KeyState, state_of
from desk.permissions import require_owner
from desk.roles.roles import revoke_grant
from desk.transaction import Transaction
from storage.models import ApiKey, AuditHead, Grant
from storage.outbox import hold_back

_WORKING = frozenset({KeyState.ACTIVE, KeyState.SUSPENDED})
_REASON = "It had ended before a backup was restored that did not know of it yet."
_HELD_BACK = "A backup was restored, and nobody knows whether this had gone out before."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What works in a database, and its audit trail's head."""

    keys: Mapping[str, KeyState]
    """All that there are, by id."""
    names: Mapping[str, str]
    """Of keys that work, by id."""
    grants: Mapping[str, str]
    """What is granted to whom, in words, by id."""
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived:
    """What a backup would change back, beside the database whose place it takes."""

    keys: tuple[str, ...]
    """Ids of keys that work in the backup and have ended since."""
    suspended: tuple[str, ...]
    """Of those that are suspended since."""
    grants: Mapping[str, str]
    """Roles that were taken away since, or have ended by time: in words, by id."""
    unknown: tuple[str, ...]
    """Names of keys that work now and that the backup does not know: they stop working."""


def read_standing(tx: Transaction) -> Standing:
    """What works in this database. Raises NotAllowedError."""
    require_owner(tx)
    rows = tx.session.execute(
        select(ApiKey.id, ApiKey.name, ApiKey.status, ApiKey.retires_at, ApiKey.expires_at)
    ).all()
    states = {key.id: state_of(key, tx.now) for key in rows}
    still = or_(Grant.expires_at.is_(None), Grant.expires_at > tx.now)
    grants = tx.session.scalars(select(Grant).where(Grant.ended_at.is_(None), still)).all()
    head = tx.session.scalars(select(AuditHead)).one()
    return Standing(
        keys=states,
        names={key.id: key.name for key in rows if states[key.id] in _WORKING},
        grants={
            grant.id: f"{grant.role} of {grant.subject_id} on {grant.page_id or 'all pages'}" for grant in grants
        },
        head=Head(head.seq, head.hash),
    )


def compare_standings(backup: Standing, replaced: Standing) -> Revived:
    """What would come back to life. Pure."""
    both = {
        key_id: (state, replaced.keys[key_id]) for key_id, state in backup.keys.items() if key_id in replaced.keys
    }
    return Revived(
        keys=tuple(sorted(one for one, (then, now) in both.items() if then in _WORKING and now not in _WORKING)),
        suspended=tuple(sorted(one for one, pair in both.items() if pair == (KeyState.ACTIVE, KeyState.SUSPENDED))),
        grants={one: words for one, words in backup.grants.items() if one not in replaced.grants},
        unknown=tuple(sorted(name for key_id, name in replaced.names.items() if key_id not in backup.keys)),
    )


def end_again(tx: Transaction, revived: Revived) -> Sequence[str]:
    """End what had ended; gives what could not be, in sentences. Raises NotAllowedError."""
    require_owner(tx)
    for key_id in revived.keys:
        revoke_key(tx, key_id, reason=_REASON)
    for key_id in revived.suspended:
        suspend_key(tx, key_id, reason=_REASON)
    left: list[str] = []
    for grant_id in revived.grants:
        try:
            revoke_grant(tx, grant_id)
        except ConflictError as error:
            left.append(error.sentence)
    return left


def begin_restored(tx: Transaction, backup: Head, replaced: Head | None) -> int:
    """Note in a backup that it goes on from here, and hold back what waited to be sent; how many that were.

    Where the trail went on after the backup was made, its end in the database that is replaced stays on record.
    Raises NotAllowedError.
    """
    require_owner(tx)
    held = hold_back(tx.session, error=_HELD_BACK)
    audit.record(
        tx,
        audit.Action.ORGANIZATION_RESTORED,
        "organization",
        tx.organization,
        backup_head=_text(backup),
        replaced_head=None if replaced is None else _text(replaced),
        held_back=held,
    )
    return held


def _text(head: Head) -> str:
    return f"{head.seq}:{head.hash}"
