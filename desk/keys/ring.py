"""Every API key, held in memory under the digest of its secret: what a call is checked against."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from storage.models import ApiKey, KeyStatus


@dataclass(frozen=True, slots=True)
class RingKey:
    """What the check of a call needs to know of a key."""

    id: str
    version: int
    status: KeyStatus
    scopes: frozenset[str]
    pages: frozenset[str] | None
    """Page ids; None: all pages."""
    expires_at: datetime
    retires_at: datetime | None
    """End of the grace period after rotation."""


KeyRing = Mapping[bytes, RingKey]
"""SHA-256 of a secret → its key. Suspended, revoked and expired keys are in it too: their use is counted."""


# Thousands of keys share a handful of scope and page lists, so each list is read from its JSON once.
@lru_cache(maxsize=4096)
def _set_of(stored: str | None) -> frozenset[str] | None:
    names = None if stored is None else json.loads(stored)
    return None if names is None else frozenset(names)


def read_key_ring(session: Session) -> KeyRing:
    """All keys as the database has them now."""
    rows = session.execute(
        select(
            ApiKey.sha256,
            ApiKey.id,
            ApiKey.version,
            ApiKey.status,
            cast(ApiKey.scopes, Text),
            cast(ApiKey.pages, Text),
            ApiKey.expires_at,
            ApiKey.retires_at,
        )
    )
    statuses = {status.value: status for status in KeyStatus}
    return {
        bytes.fromhex(sha256): RingKey(
            key_id,
            version,
            statuses[status],
            _set_of(scopes) or frozenset(),
            _set_of(pages),
            expires_at,
            retires_at,
        )
        for sha256, key_id, version, status, scopes, pages, expires_at, retires_at in rows
    }
