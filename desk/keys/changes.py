"""What people do to API keys, each in one transaction with its audit event and the messages it causes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from desk.acting_keys import change_acting_key
from desk.audit.trail import Action, record
from desk.errors import InvalidInputError
from desk.keys.cards import settle_questions, show_ticket
from desk.keys.holders import may_answer
from desk.keys.lookup import find_use, get_key
from desk.keys.refusals import RecentlyUsedError, RecentUse, changed_meanwhile, refusal_error
from desk.keys.rules import (
    Change,
    KeyState,
    decide_change,
    decide_which,
    is_retiring,
    person_of,
    standing_of,
    state_of,
)
from desk.keys.tickets import prolong_tickets_for, withdraw_tickets_for
from desk.masking import refuse_secrets
from desk.messages.outbox import owners_conversations, refresh, send_note
from desk.messages.subjects import Thing
from desk.people import is_reachable
from desk.permissions import is_full_member, roles_of_actor
from desk.reasons import check_key_name, check_reason
from desk.transaction import Actor, ActorKind, Transaction, keys_changed
from storage.locks import lock_people
from storage.models import ApiKey, KeyStatus, Member, Ticket
from storage.transitions import transition

CHANGED_NOTE = "key.changed"
"""Told once to whom a change concerns; its facts hold `change`, `by`, `waited` (who had asked a question that it
answers) and what else the change knows."""


def begin_change(tx: Transaction, key_id: str, change: Change, version: int | None = None) -> ApiKey:
    """The key, locked, once it is certain that the actor may make `change` now.

    Raises NotFoundError, NotAllowedError, ConflictError (its state forbids it, or it is not of `version` any more).
    """
    key = get_key(tx, key_id, lock=True)
    check_change(tx, key, change)
    if version is not None and version != key.version:
        raise changed_meanwhile(tx, key)
    return key


def check_change(tx: Transaction, key: ApiKey, change: Change) -> None:
    """Raises NotAllowedError or ConflictError unless the actor may make `change` now."""
    refusal = decide_change(change, standing_of(tx, key), person_of(tx))
    if refusal is not None:
        raise refusal_error(tx, key, refusal)


def choose_change(tx: Transaction, key: ApiKey, changes: Sequence[Change]) -> Change:
    """Of changes to one end, the actor's: see `decide_which`."""
    return decide_which(changes, standing_of(tx, key), person_of(tx))


def apply_change(tx: Transaction, key: ApiKey, allowed: Collection[KeyStatus], **values: Any) -> None:
    """Set the values, unless somebody was first: then ConflictError."""
    if not transition(tx.session, key, allowed=[str(status) for status in allowed], version=key.version, **values):
        raise changed_meanwhile(tx, key)
    if tx.actor == Actor.key(key.id):
        change_acting_key(tx)


def finish_change(
    tx: Transaction,
    key: ApiKey,
    action: Action,
    *,
    rotation_ends: str | None = None,
    lives_until: datetime | None = None,
    told: Collection[str] = (),
    along: Collection[str] = (),
    **data: Any,
) -> None:
    """Bring what shows the key up to date, tell the key ring, and record it: the last step of a change.

    With `rotation_ends`, a reason, a rotation that nobody has collected yet is withdrawn; its collector hears of
    that, unless they were `told` of the change. With `lives_until` one may wait that long. `along`: ids of other keys
    that were changed with it.
    """
    refresh(tx, Thing.KEY, key.id)
    if key.revealed_at is None and key.ticket_id is not None:
        # Its window is open still. Of one that is revoked by then nobody says any more whether it arrived.
        show_ticket(tx, tx.session.get_one(Ticket, key.ticket_id))
    keys_changed(tx, key.id, *along)
    if rotation_ends is not None:
        withdraw_tickets_for(tx, key.id, rotation_ends, told=told)
    if lives_until is not None:
        prolong_tickets_for(tx, key.id, lives_until)
    record(tx, action, "key", key.id, name=key.name, **data)


def tell_change(
    tx: Transaction,
    key: ApiKey,
    change: Change,
    *,
    also: Iterable[str | None] = (),
    owners: bool = False,
    **facts: Any,
) -> Sequence[str]:
    """Tell what somebody did to a key: whoever answers for it, whoever waits for an answer about it, and `also`.

    With `owners`, those too, unless the actor is one of them. Nobody is told twice, nor of what they did themselves.
    Gives the conversations in which it is said.
    """
    waited = settle_questions(tx, key, change)
    concerned = [user_id for user_id in (key.holder_id, *also) if user_id and user_id != tx.actor.user_id]
    places = [user_id for user_id in concerned if is_full_member(tx.session.get(Member, user_id))]
    places += [user_id for user_id in waited if user_id != tx.actor.user_id and is_reachable(tx, user_id)]
    is_anybody = tx.actor.kind in {ActorKind.MEMBER, ActorKind.KEY}
    if owners and is_anybody and not roles_of_actor(tx).is_owner:
        places += owners_conversations(tx)
    if waited:
        facts["waited"] = waited
    send_note(tx, CHANGED_NOTE, key.id, places, change=str(change), by=str(tx.actor), **facts)
    return places


def tell_all_owners(
    tx: Transaction, key: ApiKey, change: Change, *, besides: Collection[str | None] = (), **facts: Any
) -> None:
    """Tell all other owners at once what one of them did, but for whom it was told already."""
    others = [place for place in owners_conversations(tx) if place not in {tx.actor.user_id, *besides}]
    send_note(tx, CHANGED_NOTE, key.id, others, change=str(change), by=str(tx.actor), **facts)


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


_LIVE = (KeyStatus.ACTIVE, KeyStatus.SUSPENDED)


def suspend_key(tx: Transaction, key_id: str, *, reason: str, version: int | None = None) -> ApiKey:
    """Stop a key from working until it is restored.

    Raises NotAllowedError, ConflictError (not active, or not of `version` any more), InvalidInputError (reason).
    """
    key = begin_change(tx, key_id, Change.SUSPEND, version)
    why = check_reason(reason)
    values = {"suspended_at": tx.now, "suspended_by": str(tx.actor), "suspend_reason": why}
    apply_change(tx, key, (KeyStatus.ACTIVE,), status=KeyStatus.SUSPENDED, **values)
    tell_change(tx, key, Change.SUSPEND, owners=True, reason=why)
    finish_change(tx, key, Action.KEY_SUSPENDED, reason=why)
    return key


def restore_key(tx: Transaction, key_id: str, *, version: int | None = None) -> ApiKey:
    """Let a suspended key work again: owners any, a holder only one that they suspended themselves.

    Raises NotAllowedError, ConflictError.
    """
    key = begin_change(tx, key_id, Change.RESTORE, version)
    values = {"suspended_at": None, "suspended_by": None, "suspend_reason": None}
    apply_change(tx, key, (KeyStatus.SUSPENDED,), status=KeyStatus.ACTIVE, **values)
    tell_change(tx, key, Change.RESTORE, owners=True)
    finish_change(tx, key, Action.KEY_RESTORED)
    return key


def revoke_key(
    tx: Transaction, key_id: str, *, reason: str, version: int | None = None, warn: bool = False
) -> ApiKey:
    """End a key for good; a rotation of it that nobody has collected yet is withdrawn.

    Raises NotAllowedError, ConflictError, InvalidInputError (reason) and, with `warn`, RecentlyUsedError when
    something used the key lately.
    """
    key = begin_change(tx, key_id, Change.REVOKE, version)
    # A warning carries the reason on, so it is looked at first.
    refuse_secrets(reason, field="reason")
    use = find_recent_use(tx, key)
    if warn and use is not None:
        raise RecentlyUsedError(key, use)
    why = check_reason(reason)
    values = {"revoked_at": tx.now, "revoked_by": str(tx.actor), "revoke_reason": why}
    apply_change(tx, key, _LIVE, status=KeyStatus.REVOKED, **values)
    told = tell_change(tx, key, Change.REVOKE, owners=True, reason=why)
    ends = f"The key that it was to follow was revoked: {why}"
    used_lately = use is not None
    finish_change(tx, key, Action.KEY_REVOKED, rotation_ends=ends, told=told, reason=why, used_lately=used_lately)
    return key


def find_recent_use(tx: Transaction, key: ApiKey) -> RecentUse | None:
    """The last call with a key that somebody would miss, when it was within the policy's `recently_used`.

    That is a use or, with a suspended key, a refused one.
    """
    use = find_use(tx, key.id)
    if use is None:
        return None
    refused_at = use.last_refused_at if state_of(key, tx.now) is KeyState.SUSPENDED else None
    seen = [instant for instant in (use.last_used_at, refused_at) if instant is not None]
    if not seen or max(seen) < tx.now - tx.policy.recently_used:
        return None
    return RecentUse(max(seen), use.last_address, use.last_user_agent, refused=max(seen) == refused_at)


def extend_key(tx: Transaction, key_id: str, until: datetime, *, version: int | None = None) -> ApiKey:
    """Let a key live until `until`, also when it has expired already. Owners only.

    Raises NotAllowedError, ConflictError, InvalidInputError (field `until`).
    """
    key = begin_change(tx, key_id, Change.EXTEND, version)
    require_later_expiry(tx, key, until)
    before = key.expires_at
    apply_change(tx, key, _LIVE, expires_at=until, extended_at=tx.now, expiry_said_days=None)
    tell_change(tx, key, Change.EXTEND, until=until.isoformat())
    finish_change(tx, key, Action.KEY_EXTENDED, lives_until=until, before=before.isoformat(), until=until.isoformat())
    return key


def rename_key(tx: Transaction, key_id: str, name: str, *, version: int | None = None) -> ApiKey:
    """Call a key something else.

    Raises NotAllowedError, ConflictError, InvalidInputError (field `name`).
    """
    key = begin_change(tx, key_id, Change.RENAME, version)
    new_name = check_key_name(name)
    before = key.name
    if new_name == before:
        return key
    apply_change(tx, key, _LIVE, name=new_name)
    tell_change(tx, key, Change.RENAME, before=before)
    finish_change(tx, key, Action.KEY_RENAMED, before=before)
    return key


def transfer_key(tx: Transaction, key_id: str, to_user_id: str, *, version: int | None = None) -> ApiKey:
    """Make somebody else answer for a key; both are told, and all owners when it is whoever does it, or an operator's
    or a key's doing. A rotation that waits for the old holder is withdrawn. It hands over no secret: see `takeovers`.

    Owners only. Raises NotAllowedError, ConflictError, InvalidInputError (field `holder`).
    """
    # Who leaves in this instant leaves with this key, or does not get it.
    lock_people(tx.session)
    key = begin_change(tx, key_id, Change.TRANSFER, version)
    if not may_answer(tx, to_user_id, key.pages):
        raise InvalidInputError(
            "That person may not hold keys for all of its pages.",
            "Choose a full member of this workspace with the role `integrator` there.",
            field="holder",
        )
    before = key.holder_id
    if before == to_user_id:
        return key
    apply_change(tx, key, _LIVE, holder_id=to_user_id)
    replaced = _transfer_replaced(tx, key, to_user_id)
    told = tell_change(tx, key, Change.TRANSFER, also=(before,), before=before, to=to_user_id)
    if to_user_id == tx.actor.user_id or tx.actor.kind is not ActorKind.MEMBER:
        tell_all_owners(tx, key, Change.TRANSFER, besides=told, before=before, to=to_user_id)
    ends = "Somebody else answers for the key now."
    moved: dict[str, Any] = {"before": before, "holder_id": to_user_id}
    along = [other.id for other, _ in replaced]
    finish_change(tx, key, Action.KEY_TRANSFERRED, rotation_ends=ends, told=told, along=along, **moved)
    for other, former in replaced:
        record(tx, Action.KEY_TRANSFERRED, "key", other.id, name=other.name, before=former, holder_id=to_user_id)
    return key


def _transfer_replaced(tx: Transaction, key: ApiKey, to_user_id: str) -> Sequence[tuple[ApiKey, str | None]]:
    """What the key has replaced, in its grace period, or replaces while the window with its secret is open: one key
    has one holder. Gives those, and who held each."""
    replaced, before = [], key
    while before.predecessor_id is not None:
        after, before = before, get_key(tx, before.predecessor_id, lock=True)
        if not is_retiring(before, tx.now) and not _is_replacing(tx, after, before):
            break
        replaced.append((before, before.holder_id))
        apply_change(tx, before, _LIVE, holder_id=to_user_id)
        refresh(tx, Thing.KEY, before.id)
    return replaced


def _is_replacing(tx: Transaction, key: ApiKey, before: ApiKey) -> bool:
    """Whether a rotation gave the key just now, and nobody knows yet whether its secret arrived."""
    if key.ticket_id is None or key.revealed_at is not None or before.status == KeyStatus.REVOKED:
        return False
    return tx.session.get_one(Ticket, key.ticket_id).predecessor_id is not None
