"""Who may change what about an API key, and when. Pure.

A key that has `keys:read` sees the keys on its pages, and one that has `keys:write` changes them as whoever answers
for it could. It never touches a key that reaches further than itself. Keys that can change keys or roles get nothing
from keys: to have them live longer, kept, restored or transferred is for people, as is the answer to somebody's wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from desk.acting_keys import ActingKey, acting_key
from desk.key_powers import has_power, roles_behind
from desk.keys.restrictions import has_to_do_with_components
from desk.permissions import (
    Duty,
    has_duty,
    is_full_member,
    is_person,
)
from desk.transaction import ActorKind, Transaction
from storage.models import ApiKey, KeyStatus, Member, Role, Scope


class HasState(Protocol):
    """What a key's state follows from: a row of the database, or its copy in the key ring."""

    @property
    def status(self) -> KeyStatus: ...

    @property
    def expires_at(self) -> datetime: ...

    @property
    def retires_at(self) -> datetime | None: ...


class KeyState(StrEnum):
    """What a key is at an instant."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


# Asked at every call of the API: to look a member of an enumeration up takes as long as all the rest.
_IS_REVOKED, _IS_SUSPENDED = KeyStatus.REVOKED, KeyStatus.SUSPENDED
_ACTIVE, _SUSPENDED, _EXPIRED, _REVOKED = KeyState.ACTIVE, KeyState.SUSPENDED, KeyState.EXPIRED, KeyState.REVOKED


def state_of(key: HasState, now: datetime) -> KeyState:
    """What `key` is at `now`. A key past its grace period counts as revoked, whether or not that was noted yet."""
    status = key.status
    if status == _IS_REVOKED or (key.retires_at is not None and key.retires_at <= now):
        return _REVOKED
    if key.expires_at <= now:
        return _EXPIRED
    return _SUSPENDED if status == _IS_SUSPENDED else _ACTIVE


def is_retiring(key: ApiKey, now: datetime) -> bool:
    """True while a rotated key is in its grace period, in which its successor works too."""
    return key.retires_at is not None and state_of(key, now) in {KeyState.ACTIVE, KeyState.SUSPENDED}


class Change(StrEnum):
    """What people do to keys."""

    SEE = "see"
    RENAME = "rename"
    EXTEND = "extend"
    ASK_EXTENSION = "ask_extension"
    DECLINE_EXTENSION = "decline_extension"
    ROTATE = "rotate"
    SUSPEND = "suspend"
    RESTORE = "restore"
    REVOKE = "revoke"
    TRANSFER = "transfer"
    KEEP = "keep"
    ASK_HOLDER = "ask_holder"


class Refusal(StrEnum):
    """Why a change is refused."""

    NOT_YOURS = "not_yours"
    OWNERS_ONLY = "owners_only"
    NO_KEYS_FOR_YOU = "no_keys_for_you"
    """Rotation hands over a new secret: it needs the role that may hold keys."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    SUSPENDED_BY_ANOTHER = "suspended_by_another"
    NOT_SUSPENDED = "not_suspended"
    RETIRING = "retiring"
    NOBODY_ANSWERS = "nobody_answers"
    SCOPE_MISSING = "scope_missing"
    """A key acts, and not one for this."""
    REACHES_FURTHER = "reaches_further"
    """The key is for pages or components that the acting one is not for."""
    FOR_PEOPLE = "for_people"
    """No key may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The key by which somebody acts: what it lets them do with other keys."""

    reads: bool
    writes: bool
    reach: ActingKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wants to change a key. `actor` is the form that records keep; of a key that acts, everything but that and
    its `means` is said of whoever answers for it."""

    actor: str
    user_id: str | None
    is_owner: bool
    is_member: bool
    """A full member still: guests, people who left and what is no person are not."""
    may_hold_keys: bool
    ends_unused_keys: bool = False
    """The job that carries out what was announced of keys that nobody uses."""
    means: Means | None = None
    """None: they act by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a decision needs to know of a key."""

    state: KeyState
    retiring: bool = False
    holder_id: str | None = None
    suspended_by: str | None = None
    pages: tuple[str, ...] | None = None
    """None: all pages."""
    components: tuple[str, ...] | None = ()
    """Those that it may change or say something of; None: any on its pages."""
    manages: bool = False
    """Whether it can change keys or roles itself."""


_HOLDERS = frozenset(
    {
        Change.SEE,
        Change.RENAME,
        Change.ASK_EXTENSION,
        Change.ROTATE,
        Change.SUSPEND,
        Change.RESTORE,
        Change.REVOKE,
        Change.KEEP,
    }
)
_OF_UNUSED = frozenset({Change.SUSPEND, Change.REVOKE})
_ANY = frozenset(KeyState)
_LIVE = _ANY - {KeyState.REVOKED}
_UNEXPIRED = frozenset({KeyState.ACTIVE, KeyState.SUSPENDED})
_STATES: dict[Change, frozenset[KeyState]] = {
    Change.SEE: _ANY,
    Change.RENAME: _LIVE,
    Change.EXTEND: _LIVE,
    Change.ASK_EXTENSION: _LIVE,
    Change.DECLINE_EXTENSION: _LIVE,
    Change.ROTATE: frozenset({KeyState.ACTIVE}),
    Change.SUSPEND: frozenset({KeyState.ACTIVE}),
    Change.RESTORE: frozenset({KeyState.SUSPENDED}),
    Change.REVOKE: _LIVE,
    Change.TRANSFER: _LIVE,
    Change.KEEP: _UNEXPIRED,
    Change.ASK_HOLDER: _UNEXPIRED,
}
_NOT_WHILE_RETIRING = frozenset(
    {Change.EXTEND, Change.ASK_EXTENSION, Change.ROTATE, Change.TRANSFER, Change.KEEP, Change.ASK_HOLDER}
)
"""What would bear on a successor: it is done to that one."""
_FOR_PEOPLE = frozenset({Change.DECLINE_EXTENSION})
_FOR_PEOPLE_WHERE_IT_MANAGES = frozenset(
    {Change.EXTEND, Change.ASK_EXTENSION, Change.KEEP, Change.RESTORE, Change.TRANSFER}
)
MANAGING = frozenset({Scope.KEYS_WRITE, Scope.USERS_WRITE})
"""The scopes of keys that can change keys or roles."""
_IN_THE_WAY = {
    KeyState.REVOKED: Refusal.REVOKED,
    KeyState.EXPIRED: Refusal.EXPIRED,
    KeyState.SUSPENDED: Refusal.SUSPENDED,
    KeyState.ACTIVE: Refusal.NOT_SUSPENDED,
}


def decide_change(change: Change, standing: Standing, person: Person) -> Refusal | None:
    """None when `person` may make the change now, else why not. Permission is judged before state."""
    refusal = _decide_permission(change, standing, person)
    if refusal is not None:
        return refusal
    if standing.state not in _STATES[change]:
        return _IN_THE_WAY[standing.state]
    if standing.retiring and change in _NOT_WHILE_RETIRING:
        return Refusal.RETIRING
    if change is Change.RESTORE and not person.is_owner and standing.suspended_by != person.actor:
        return Refusal.SUSPENDED_BY_ANOTHER
    if change is Change.ASK_HOLDER and standing.holder_id is None:
        return Refusal.NOBODY_ANSWERS
    return None


def _decide_means(change: Change, standing: Standing, means: Means) -> Refusal | None:
    if not (means.reads if change is Change.SEE else means.writes):
        return Refusal.SCOPE_MISSING
    if not means.reach.reaches(standing.pages):
        return Refusal.REACHES_FURTHER
    if change is not Change.SEE and not means.reach.is_for(standing.components):
        return Refusal.REACHES_FURTHER
    if change in _FOR_PEOPLE or (standing.manages and change in _FOR_PEOPLE_WHERE_IT_MANAGES):
        return Refusal.FOR_PEOPLE
    return None


def _decide_permission(change: Change, standing: Standing, person: Person) -> Refusal | None:
    if person.means is not None:
        refusal = _decide_means(change, standing, person.means)
        if refusal is not None or change is Change.SEE:
            return refusal
    if person.is_owner or (person.ends_unused_keys and change in _OF_UNUSED):
        return None
    if not person.is_member or person.user_id is None or standing.holder_id != person.user_id:
        return Refusal.NOT_YOURS
    if change not in _HOLDERS:
        return Refusal.OWNERS_ONLY
    if change is Change.ROTATE and not person.may_hold_keys:
        return Refusal.NO_KEYS_FOR_YOU
    return None


def decide_which(changes: Sequence[Change], standing: Standing, person: Person) -> Change:
    """Of changes to one end, the first that is for such a person: owners extend a key, its holder asks them to."""
    return next(
        (change for change in changes if _decide_permission(change, standing, person) is not Refusal.OWNERS_ONLY),
        changes[-1],
    )


def list_changes(standing: Standing, person: Person) -> frozenset[Change]:
    """Everything that `person` may do to the key now. Who may extend has no need to ask for it; a wish is declined
    where it stands."""
    allowed = {change for change in Change if decide_change(change, standing, person) is None}
    allowed.discard(Change.DECLINE_EXTENSION)
    if Change.EXTEND in allowed:
        allowed.discard(Change.ASK_EXTENSION)
    if standing.holder_id == person.user_id:
        allowed.discard(Change.ASK_HOLDER)
    return frozenset(allowed)


def standing_of(tx: Transaction, key: ApiKey) -> Standing:
    """What decisions need to know of a key now."""
    return Standing(
        state=state_of(key, tx.now),
        retiring=is_retiring(key, tx.now),
        holder_id=key.holder_id,
        suspended_by=key.suspended_by,
        pages=_tuple(key.pages),
        components=_tuple(key.components) if has_to_do_with_components(key.scopes) else (),
        manages=not MANAGING.isdisjoint(key.scopes),
    )


def _tuple(stored: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)


def person_of(tx: Transaction) -> Person:
    """The actor or, where a key acts, whoever answers for it; with the roles that they have at this instant."""
    roles, acts_by_key = roles_behind(tx), tx.actor.kind is ActorKind.KEY
    user_id = acting_key(tx).holder_id if acts_by_key else tx.actor.user_id
    is_member = is_full_member(tx.session.get(Member, user_id)) if acts_by_key and user_id else is_person(tx)
    return Person(
        actor=str(tx.actor),
        user_id=user_id,
        is_owner=roles.is_owner,
        is_member=user_id is not None and is_member,
        may_hold_keys=roles.has_anywhere(Role.INTEGRATOR),
        ends_unused_keys=has_duty(tx, Duty.UNUSED_KEYS),
        means=_means_of(tx) if acts_by_key else None,
    )


def _means_of(tx: Transaction) -> Means:
    reads, writes = has_power(tx, Scope.KEYS_READ), has_power(tx, Scope.KEYS_WRITE)
    return Means(reads=reads, writes=writes, reach=acting_key(tx))
