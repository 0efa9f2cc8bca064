"""What owners should notice before they approve a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from sqlalchemy import select

from desk.acting_keys import working_key_condition
from desk.keys.holders import may_answer
from desk.keys.restrictions import are_components_narrower, are_networks_narrower
from desk.keys.scopes import are_narrower, is_write
from desk.policy import Policy
from desk.requests.lookup import extent_of
from desk.requests.terms import Extent, limit_lifetime
from desk.transaction import Transaction
from storage.folding import fold
from storage.models import ApiKey, KeyRequest, KeyUse, RequestStatus, Scope

_ALIKE = 0.8
_YEAR = 365


class Risk(StrEnum):
    """Kinds of things to notice, in the order in which they are shown."""

    MAY_NOT_HOLD = "may_not_hold"
    """Whoever asks has lost the role that it needs: it cannot be approved."""
    HOLDER_MAY_NOT = "holder_may_not"
    """Whoever was to answer for it has lost it: whoever collects it does."""
    ALL_PAGES = "all_pages"
    WRITES = "writes"
    MANAGES_USERS = "manages_users"
    CONFIGURES = "configures"
    TOUCHES_SUBSCRIBERS = "touches_subscribers"
    LETS_PEOPLE_IN = "lets_people_in"
    READS_PEOPLE = "reads_people"
    MANAGES_KEYS = "manages_keys"
    READS_THE_TRAIL = "reads_the_trail"
    A_YEAR = "a_year"
    LONGER_THAN_DEFAULT = "longer_than_default"
    LONGER_THAN_ALLOWED = "longer_than_allowed"
    """Keys may not live so long any more: what is approved is shorter."""
    OTHER_HOLDER = "other_holder"
    SAME_NAME_ASKED = "same_name_asked"
    SAME_NAME_KEY = "same_name_key"
    SIMILAR_UNUSED = "similar_unused"
    SIMILAR_IN_USE = "similar_in_use"


SHARP: Mapping[Scope, Risk] = {
    Scope.USERS_WRITE: Risk.MANAGES_USERS,
    Scope.PAGE_CONFIGURATION_WRITE: Risk.CONFIGURES,
    Scope.SUBSCRIBERS_WRITE: Risk.TOUCHES_SUBSCRIBERS,
    Scope.PAGE_ACCESS_WRITE: Risk.LETS_PEOPLE_IN,
    Scope.SUBSCRIBERS_READ: Risk.READS_PEOPLE,
    Scope.PAGE_ACCESS_READ: Risk.READS_PEOPLE,
    Scope.USERS_READ: Risk.READS_PEOPLE,
    Scope.KEYS_WRITE: Risk.MANAGES_KEYS,
    Scope.AUDIT_READ: Risk.READS_THE_TRAIL,
}
"""Scopes that reach people, keys, or the page as a whole: each is pointed out by itself."""


@dataclass(frozen=True, slots=True)
class RiskNote:
    """One thing to notice. `key` and `unused_for` belong to the notes on similar keys."""

    risk: Risk
    key: "KeyOnFile | None" = None
    unused_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOnFile:
    """A key that works at this instant, as far as the notes need it."""

    id: str
    name: str
    purpose: str
    holder_id: str | None
    scopes: tuple[str, ...]
    pages: tuple[str, ...] | None
    components: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    created_at: datetime
    last_used_at: datetime | None


def risk_notes(
    *,
    name: str,
    purpose: str,
    extent: Extent,
    requester_id: str,
    holder_id: str,
    keys: Sequence[KeyOnFile],
    asked_names: Iterable[str] = (),
    now: datetime,
    policy: Policy,
) -> tuple[RiskNote, ...]:
    """What owners should notice about a request, given the keys that exist and the names in which others are asked
    for. At most one key of the same name and one similar key are named."""
    notes: list[RiskNote] = []
    granted = limit_lifetime(extent, policy).lifetime_days
    if extent.pages is None:
        notes.append(RiskNote(Risk.ALL_PAGES))
    if any(is_write(scope) for scope in extent.scopes):
        notes.append(RiskNote(Risk.WRITES))
    notes += [RiskNote(risk) for risk in dict.fromkeys(SHARP[scope] for scope in SHARP if scope in extent.scopes)]
    if granted < extent.lifetime_days:
        notes.append(RiskNote(Risk.LONGER_THAN_ALLOWED))
    if granted >= _YEAR:
        notes.append(RiskNote(Risk.A_YEAR))
    elif granted > policy.default_lifetime.days:
        notes.append(RiskNote(Risk.LONGER_THAN_DEFAULT))
    if holder_id != requester_id:
        notes.append(RiskNote(Risk.OTHER_HOLDER))
    similar = _note_on_similar([key for key in keys if is_similar(key, purpose, extent)], now, policy)
    if any(fold(asked) == fold(name) for asked in asked_names):
        notes.append(RiskNote(Risk.SAME_NAME_ASKED))
    named = next((key for key in keys if fold(key.name) == fold(name)), None)
    if named is not None:
        notes.append(RiskNote(Risk.SAME_NAME_KEY, named))
    return (*notes, similar) if similar else tuple(notes)


def is_similar(key: KeyOnFile, purpose: str, extent: Extent) -> bool:
    """Whether a key does what is asked, whoever answers for it: on the same pages, with the same or wider scopes, and
    for the same purpose."""
    same_pages = (
        key.pages == extent.pages
        if key.pages is None or extent.pages is None
        else set(key.pages) == set(extent.pages)
    )
    does_it = (
        are_narrower(extent.scopes, key.scopes)
        and are_components_narrower(extent.components, key.components)
        and are_networks_narrower(extent.networks, key.networks)
    )
    return same_pages and does_it and _alike(key.purpose, purpose)


def _alike(one: str, other: str) -> bool:
    one, other = (" ".join(fold(text).split()) for text in (one, other))
    if not one or not other:
        return False
    compared = SequenceMatcher(None, one, other)
    return one == other or (compared.quick_ratio() >= _ALIKE and compared.ratio() >= _ALIKE)


def _note_on_similar(keys: Sequence[KeyOnFile], now: datetime, policy: Policy) -> RiskNote | None:
    if not keys:
        return None
    # The one that was idle longest is the one that might be given up or used instead.
    key = min(keys, key=lambda key: (key.last_used_at or key.created_at, key.id))
    idle = now - (key.last_used_at or key.created_at)
    if idle >= policy.unused_after:
        return RiskNote(Risk.SIMILAR_UNUSED, key, idle)
    return RiskNote(Risk.SIMILAR_IN_USE, key)


def list_risk_notes(tx: Transaction, request: KeyRequest) -> tuple[RiskNote, ...]:
    """The notes on a request as things are now."""
    extent, others = extent_of(request), {request.holder_id} - {request.requester_id}
    lost = [] if may_answer(tx, request.requester_id, extent.pages) else [RiskNote(Risk.MAY_NOT_HOLD)]
    lost += [RiskNote(Risk.HOLDER_MAY_NOT) for one in others if not may_answer(tx, one, extent.pages)]
    notes = risk_notes(
        name=request.name,
        purpose=request.purpose,
        extent=extent,
        requester_id=request.requester_id,
        holder_id=request.holder_id,
        keys=_keys_on_file(tx, besides=request.replaces_id),
        asked_names=_asked_names(tx, request),
        now=tx.now,
        policy=tx.policy,
    )
    return (*lost, *notes)


def _asked_names(tx: Transaction, request: KeyRequest) -> list[str]:
    """The names of the keys that other requests ask for, and that nobody decided."""
    pending = select(KeyRequest.name).where(
        KeyRequest.id != request.id, KeyRequest.status == RequestStatus.PENDING, KeyRequest.expires_at > tx.now
    )
    return list(tx.session.scalars(pending))


def _keys_on_file(tx: Transaction, *, besides: str | None) -> list[KeyOnFile]:
    """Those that work, but for the one that is taken over, which the request names."""
    rows = tx.session.execute(
        select(ApiKey, KeyUse.last_used_at)
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(working_key_condition(tx.now), *([ApiKey.id != besides] if besides else []))
    )
    return [
        KeyOnFile(
            id=key.id,
            name=key.name,
            purpose=key.purpose,
            holder_id=key.holder_id,
            scopes=tuple(key.scopes),
            pages=None if key.pages is None else tuple(key.pages),
            components=None if key.components is None else tuple(key.components),
            networks=None if key.networks is None else tuple(key.networks),
            created_at=key.created_at,
            last_used_at=last_used_at,
        )
        for key, last_used_at in rows
    ]
