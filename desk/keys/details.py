"""Everything that is known of a key, as far as the actor may see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from sqlalchemy import select

from desk.errors import NotAllowedError
from desk.key_powers import require_power
from desk.keys.lookup import KeyFilter, ListedKey, count_keys, daily_counts, find_use, get_key, list_keys
from desk.keys.refusals import refusal_error
from desk.keys.restrictions import list_restrictions
from desk.keys.rotation import find_successor, find_waiting_rotation
from desk.keys.rules import (
    Change,
    KeyState,
    Person,
    decide_change,
    is_retiring,
    list_changes,
    person_of,
    standing_of,
    state_of,
)
from desk.pages.pages import page_names
from desk.permissions import ask_an_owner, list_full_members
from desk.transaction import Transaction
from storage.models import ApiKey, Approval, AuditEvent, KeyRequest, KeyUse, Scope, Ticket

MOST_COUNTED = 1000
"""So many keys are counted for a list that somebody reads."""
_HISTORY = 10


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as somebody may see it, and what they may do to it now."""

    key: ApiKey
    use: KeyUse | None
    state: KeyState
    retiring: bool
    pages: str
    """Their names, or “all pages”."""
    restrictions: Sequence[tuple[str, str]]
    """What else narrows it: a label and words for each."""
    holder_has_left: bool
    """Somebody is named who is no full member any more: in truth nobody answers for it."""
    allowed: frozenset[Change]


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A part of a list of keys. `only_own` says that the actor sees no others."""

    keys: Sequence[ShownKey]
    total: int
    offset: int
    only_own: bool
    is_more: bool = False
    """There are more than `total`: further than `MOST_COUNTED` they are not counted for people."""


@dataclass(frozen=True, slots=True)
class KeyDetails:
    """Everything about one key."""

    shown: ShownKey
    daily: Sequence[int]
    """Successful calls a day over the last 30 days, the newest last."""
    request: KeyRequest | None
    approvers: Sequence[str]
    """Slack user ids, the first to approve first."""
    predecessor: ApiKey | None
    successor: ApiKey | None
    waiting: Ticket | None
    """A rotation that nobody has collected yet."""
    history: Sequence[AuditEvent]
    """What happened to it, the newest first, at most ten."""


def show_keys(
    tx: Transaction, wanted: KeyFilter, *, offset: int, limit: int, most: int | None = MOST_COUNTED
) -> KeyPage:
    """A part of the keys that the actor may see. `offset` is held within what there is, which is counted no further
    than to `most`.

    Owners see every key, keys those on their pages, others their own. Raises NotAllowedError when somebody asks for
    those of another.
    """
    person = person_of(tx)
    if person.means is not None:
        require_power(tx, Scope.KEYS_READ)
    only_own = person.means is None and not person.is_owner
    if only_own:
        if wanted.holder_id not in {None, person.user_id}:
            raise NotAllowedError("Only owners see the keys of others.", ask_an_owner(tx))
        if not person.is_member:
            raise NotAllowedError("Keys are for full members of this workspace.", ask_an_owner(tx))
        wanted = replace(wanted, holder_id=person.user_id)
    total = count_keys(tx, wanted, most=None if most is None else most + 1)
    is_more = most is not None and total > most
    last = (total - 1) // limit * limit
    offset = max(0, offset if is_more else min(offset, last))
    listed = list_keys(tx, wanted, offset=offset, limit=limit)
    if is_more and not listed:
        offset, listed = last, list_keys(tx, wanted, offset=last, limit=limit)
    holders = list_full_members(tx.session, {one.key.holder_id for one in listed if one.key.holder_id is not None})
    # Most of them are in the same standing.
    allowed = cache(partial(list_changes, person=person))
    shown = [_shown(tx, one, allowed(standing_of(tx, one.key)), holders) for one in listed]
    return KeyPage(shown, total - 1 if is_more else total, offset, only_own, is_more)


def show_key(tx: Transaction, key_id: str) -> ShownKey:
    """One key. Raises NotFoundError, NotAllowedError."""
    key, person = get_key(tx, key_id), person_of(tx)
    refusal = decide_change(Change.SEE, standing_of(tx, key), person)
    if refusal is not None:
        raise refusal_error(tx, key, refusal)
    return _show_one(tx, key, person)


def show_changed(tx: Transaction, key: ApiKey) -> ShownKey:
    """A key, for who has just changed it: a key that ended itself may not even look any more."""
    return _show_one(tx, key, person_of(tx))


def get_key_details(tx: Transaction, key_id: str) -> KeyDetails:
    """Everything about one key. Raises NotFoundError, NotAllowedError."""
    shown = show_key(tx, key_id)
    key = shown.key
    request = tx.session.get(KeyRequest, key.request_id) if key.request_id else None
    return KeyDetails(
        shown=shown,
        daily=daily_counts(tx.session, [key_id], today=tx.now.date())[key_id],
        request=request,
        approvers=_list_approvers(tx, request),
        predecessor=tx.session.get(ApiKey, key.predecessor_id) if key.predecessor_id else None,
        successor=find_successor(tx, key_id),
        waiting=find_waiting_rotation(tx, key_id),
        history=list_history(tx, key_id, limit=_HISTORY),
    )


def list_history(tx: Transaction, key_id: str, *, limit: int) -> Sequence[AuditEvent]:
    """What was recorded of a key, the newest first."""
    return tx.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.subject_kind == "key", AuditEvent.subject_id == key_id)
        .order_by(AuditEvent.seq.desc())
        .limit(limit)
    ).all()


def _list_approvers(tx: Transaction, request: KeyRequest | None) -> Sequence[str]:
    if request is None:
        return ()
    approvals = select(Approval.approver_id).where(Approval.request_id == request.id)
    return tx.session.scalars(approvals.order_by(Approval.created_at, Approval.approver_id)).all()


def _show_one(tx: Transaction, key: ApiKey, person: Person) -> ShownKey:
    holders = list_full_members(tx.session, {key.holder_id} if key.holder_id is not None else ())
    allowed = list_changes(standing_of(tx, key), person)
    return _shown(tx, ListedKey(key, find_use(tx, key.id)), allowed, holders)


def _shown(tx: Transaction, listed: ListedKey, allowed: frozenset[Change], holders: Collection[str]) -> ShownKey:
    key = listed.key
    has_left = key.holder_id is not None and key.holder_id not in holders
    return ShownKey(
        key=key,
        use=listed.use,
        state=state_of(key, tx.now),
        retiring=is_retiring(key, tx.now),
        pages=page_names(tx.session, key.pages),
        restrictions=list_restrictions(tx.session, key.components, key.networks),
        holder_has_left=has_left,
        allowed=allowed - {Change.ASK_HOLDER} if has_left else allowed,
    )
