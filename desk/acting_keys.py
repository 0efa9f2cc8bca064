"""The key that acts: what it has at this instant, read from the database each time it is asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, or_, select

from desk.transaction import ActorKind, Transaction
from storage.locks import rely_on, stop_relying
from storage.models import ApiKey, KeyStatus


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
    holder_id: str | None = None

    def reaches(self, pages: Collection[str] | None) -> bool:
        """Whether it is for each of these pages (None: all, those to come included)."""
        return self.pages is None or (pages is not None and self.pages.issuperset(pages))


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
    found = tx.session.execute(select(ApiKey.scopes, ApiKey.pages, ApiKey.holder_id).where(*works)).one_or_none()
    if found is None:
        return ActingKey()
    return ActingKey(
        frozenset(found.scopes), None if found.pages is None else frozenset(found.pages), found.holder_id
    )
