"""The key that acts: what it has at this instant, read from the database each time it is asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, or_, select

from desk.transaction import ActorKind, Transaction
from storage.locks import rely_on, stop_relying
from storage.models import ApiKey, KeyStatus, Scope

INCLUDED: Mapping[str, frozenset[Scope]] = {
    Scope.COMPONENTS_WRITE: frozenset({Scope.COMPONENT_STATUS_WRITE}),
    Scope.SUBSCRIBERS_WRITE: frozenset({Scope.SUBSCRIBERS_READ}),
    Scope.PAGE_ACCESS_WRITE: frozenset({Scope.PAGE_ACCESS_READ}),
    Scope.USERS_WRITE: frozenset({Scope.USERS_READ}),
    Scope.KEYS_WRITE: frozenset({Scope.KEYS_READ}),
}
"""What a scope allows besides its own: a key that has it need not have these too."""


def with_included(scopes: Collection[str]) -> frozenset[str]:
    """All that `scopes` allow, by name."""
    return frozenset(scopes).union(*(INCLUDED.get(scope, ()) for scope in scopes))


def working_key_condition(now: datetime) -> ColumnElement[bool]:
    """A key that works: neither suspended nor revoked, expired or past its grace period. `state_of` as SQL."""
    kept = or_(ApiKey.retires_at.is_(None), ApiKey.retires_at > now)
    return and_(ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > now, kept)


@dataclass(frozen=True, slots=True)
class ActingKey:
    """What a key that acts may at this instant."""

    scopes: frozenset[str] = frozenset()
    pages: frozenset[str] | None = frozenset()
    """None: all pages."""
    components: frozenset[str] | None = None
    """Those that it may change; None: all on these pages."""
    holder_id: str | None = None

    def reaches(self, pages: Collection[str] | None) -> bool:
        """Whether it is for each of these pages (None: all, those to come included)."""
        return self.pages is None or (pages is not None and self.pages.issuperset(pages))

    def is_for(self, component_ids: Collection[str] | None) -> bool:
        """Whether it may change each of these components (None: any there are, or are to be)."""
        return self.components is None or (component_ids is not None and self.components.issuperset(component_ids))


def acting_key(tx: Transaction) -> ActingKey:
    """What the acting key may now; nothing unless a key acts, and works at this instant."""
    if tx.actor.kind != ActorKind.KEY:
        return ActingKey()
    return rely_on(tx.session, ("key", tx.actor.id), partial(_read_key, tx))


def change_acting_key(tx: Transaction) -> None:
    """The acting key, which is locked, is changed by its own doing: nobody else took anything from it."""
    stop_relying(tx.session, ("key", tx.actor.id))


def _read_key(tx: Transaction) -> ActingKey:
    works = (ApiKey.id == tx.actor.id, working_key_condition(tx.now))
    of_key = select(ApiKey.scopes, ApiKey.pages, ApiKey.components, ApiKey.holder_id)
    found = tx.session.execute(of_key.where(*works)).one_or_none()
    if found is None:
        return ActingKey()
    pages, components = (None if one is None else frozenset(one) for one in (found.pages, found.components))
    return ActingKey(frozenset(found.scopes), pages, components, found.holder_id)
