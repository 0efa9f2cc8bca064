"""The state that an API key is in: its stored status, and what its times make of that."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from storage.models import ApiKey, KeyStatus


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


def state_of(key: HasState, now: datetime) -> KeyState:
    """What `key` is at `now`. A key past its grace period counts as revoked, whether or not that was noted yet."""
    if key.status == KeyStatus.REVOKED or (key.retires_at is not None and key.retires_at <= now):
        return KeyState.REVOKED
    if key.expires_at <= now:
        return KeyState.EXPIRED
    return KeyState.SUSPENDED if key.status == KeyStatus.SUSPENDED else KeyState.ACTIVE


def is_retiring(key: ApiKey, now: datetime) -> bool:
    """True while a rotated key is in its grace period, in which its successor works too."""
    return key.retires_at is not None and state_of(key, now) in {KeyState.ACTIVE, KeyState.SUSPENDED}
